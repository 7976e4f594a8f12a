// SPDX-License-Identifier: GPL-2.0
/*
 * Events in the first read of a thread, which has no record yet. Each attempt is in a new
 * process or thread.
 *
 *   reuse        The reader moves away, and the peer, which has a record, reads on the
 *                reader's old CPU. The peer exits, the reader gets the peer's record and
 *                moves back.
 *   promotion    The reader has loaded from the zero page and moves away. On its old CPU
 *                the peer makes so many calls that the mm gets an area. The reader moves
 *                back and forks; the child, which has no area, completes the read.
 *   stale-clock  Another CPU wakes a thread on the reader's CPU and is delayed when it has
 *                updated the runqueue's clock. The reader reads the counter meanwhile: later
 *                than the time from which the switch computes that thread's base. It then
 *                completes the read on another CPU, with that thread's base.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include "breakpoints.h"
#include "delays.h"

#define PEER_READS	8	/* requests after which the peer has a record */
#define READS		50	/* calls after which a thread exposes its CPU time */
#define LONG_MS		20000
#define WAKEUP_DELAY_US	800	/* less than a tick, which would update the clock */
#define READ_NS		300000	/* from the start of the wakeup to the read */
#define ATTEMPTS	2
#define WAKEE_NS	300000000ull	/* more CPU time than a reader's at its first read */

/* Shared by the reader and its parent; @at and @back are indices of instructions. */
struct first {
	const struct bp_path *path;
	unsigned int at, back;
	volatile int reached;
};

static struct first *first;
static bool is_child;
static int child_status;

static void promote_peer(void)
{
	int i;

	for (i = 0; i < PEER_READS; i++)
		bp_peer(BP_PEER_READ);
}

static void move_and_let_peer_read(void)
{
	vt_pin(bp_other_cpu);
	bp_peer(BP_PEER_READ);
}

static void reuse_and_return(void)
{
	bp_peer(BP_PEER_END);
	vt_syscall6(__NR_wait4, -1, 0, 0, 0, 0, 0);
	bp_raw(first->path->entry);
	vt_pin(bp_home_cpu);
}

static void move_and_promote(void)
{
	vt_pin(bp_other_cpu);
	promote_peer();
}

static void return_and_fork(void)
{
	pid_t pid;

	vt_pin(bp_home_cpu);
	pid = vt_syscall6(__NR_clone, SIGCHLD, 0, 0, 0, 0, 0);
	if (pid)
		vt_syscall6(__NR_wait4, pid, (long)&child_status, 0, 0, 0, 0);
	else
		is_child = true;
}

static const struct pair {
	const char *name;
	bp_event leave, back;
	bool promoted;		/* before the read */
} pairs[] = {
	{ "reuse", move_and_let_peer_read, reuse_and_return, true },
	{ "promotion", move_and_promote, return_and_fork, false },
};

/* The child's read may also return the parent's answer before the fork. */
static void exit_child(int64_t got, int64_t parents)
{
	int64_t own = bp_raw(first->path->entry);

	vt_syscall6(__NR_exit_group, got != own && got != parents, 0, 0, 0, 0, 0);
}

static int read_at_pair(void *arg)
{
	const struct pair *pair = arg;
	const struct bp_path *path = first->path;
	int64_t before, got, after;

	if (bp_open() || bp_start_peer())
		return VT_FAIL;
	if (pair->promoted)
		promote_peer();
	before = bp_raw(path->entry);
	VT_NEED(!vt_pin(bp_home_cpu));
	if (!bp_set(0, path->step[first->at], pair->leave) ||
	    !bp_set(1, path->step[first->back], pair->back))
		return VT_FAIL;
	got = bp_vdso(path->entry);
	if (is_child)
		exit_child(got, before);
	bp_clear();
	first->reached = bp_was_hit(0) && bp_was_hit(1) && bp_was_first(0);
	bp_peer(BP_PEER_END);
	after = bp_raw(path->entry);
	VT_CHECK(got == after && !child_status,
		 "%s, %s, instructions %u and %u: read %lld, then %lld, child's status %x",
		 path->entry->name, pair->name, first->at, first->back, (long long)got,
		 (long long)after, child_status);
	return VT_PASS;
}

/* Skips pairs beyond the instruction at which a call without a record falls back. */
static int run_pair(const struct bp_path *path, const struct pair *pair)
{
	unsigned int i, k, reached = 0;
	int result = VT_PASS;

	for (i = 0; i + 1 < path->n && !result; i++)
		for (k = i + 1; k < path->n && !result; k++) {
			*first = (struct first){ .path = path, .at = i, .back = k };
			result = vt_run_child(read_at_pair, (void *)pair, "reader");
			if (!first->reached)
				break;
			reached++;
		}
	vt_note("%s: %s: %u pairs of instructions", path->entry->name, pair->name,
		reached);
	VT_CHECK(result || reached, "%s, %s: no read executes any pair of instructions",
		 path->entry->name, pair->name);
	return result;
}

/* stale-clock has two threads: the wakee and the reader. */
static volatile int ready, waking, moved, has_read;
static int wake_up[2], slept[2];
static int64_t got_first, got_after;

static void spin(uint64_t ns)
{
	uint64_t end = vt_now() + ns;

	while (vt_now() < end)
		;
}

/* A record answers it; it occupies bp_home_cpu until the reader has completed its read. */
static void *wakee(void *arg)
{
	struct sched_param param = { .sched_priority = 10 };
	char byte = 0;
	int i;

	vt_pin(bp_home_cpu);
	spin(WAKEE_NS);
	pthread_setschedparam(pthread_self(), SCHED_FIFO, &param);
	do {
		for (i = 0; i < READS; i++)
			bp_vdso(arg);
	} while (write(slept[1], &byte, 1) == 1 && read(wake_up[0], &byte, 1) == 1 &&
		 vt_await(&has_read, 1, LONG_MS));
	return NULL;
}

/* In user mode, so that the wakeup's interrupt comes here. */
static void spin_until_moved(void)
{
	while (!vt_load(&moved))
		;
}

/* No system call before the read may refresh, which would give the thread a record. */
static void *read_first(void *arg)
{
	const struct bp_path *path = arg;

	if (!bp_open() && bp_set(0, path->step[first->at], spin_until_moved)) {
		vt_store(&ready, 1);
		while (!vt_load(&waking))
			;
		spin(READ_NS);
		got_first = bp_vdso(path->entry);
		bp_clear();
		first->reached |= bp_was_hit(0);
	}
	vt_store(&ready, 1);
	vt_store(&has_read, 1);
	got_after = bp_raw(path->entry);
	return NULL;
}

static bool pin_thread(pthread_t thread, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return !pthread_setaffinity_np(thread, sizeof(set), &set);
}

static int wake_during_read(const struct bp_path *path)
{
	pthread_t reader;
	char byte = 0;
	int result;

	VT_NEED(read(slept[0], &byte, 1) == 1);
	ready = waking = moved = has_read = 0;
	errno = pthread_create(&reader, NULL, read_first, (void *)path);
	VT_NEED(!errno && pin_thread(reader, bp_home_cpu));
	result = vt_await_in_time(&ready, 1, LONG_MS, "reader") ?:
		 !vt_delay("wakeup", WAKEUP_DELAY_US, getpid());
	vt_store(&waking, 1);
	result = result ?: write(wake_up[1], &byte, 1) != 1;
	pin_thread(reader, bp_other_cpu);
	vt_store(&moved, 1);
	pthread_join(reader, NULL);
	vt_delays_off();
	VT_CHECK(result || (got_first >= 0 && got_first <= got_after),
		 "%s, stale-clock, instruction %u: read %lld, then %lld",
		 path->entry->name, first->at, (long long)got_first,
		 (long long)got_after);
	return result;
}

static int read_at_stale_clock(void *arg)
{
	const struct bp_path *path = arg;
	unsigned int i, n, reached = 0;
	int result = VT_PASS;
	pthread_t wakee_thread;

	vt_pin(bp_other_cpu);
	VT_NEED(!pipe(wake_up) && !pipe(slept));
	errno = pthread_create(&wakee_thread, NULL, wakee, (void *)path->entry);
	VT_NEED(!errno);
	for (i = 0; i < path->n && !result; i++) {
		*first = (struct first){ .path = path, .at = i };
		for (n = 0; n < ATTEMPTS && !result; n++)
			result = wake_during_read(path);
		reached += first->reached;
	}
	vt_note("%s: stale-clock: %u of %u instructions", path->entry->name, reached,
		path->n);
	VT_CHECK(result || reached, "%s, stale-clock: no read executes any instruction",
		 path->entry->name);
	return result;
}

int bp_events_first(const struct bp_path *path)
{
	unsigned int i;
	int result = VT_PASS;

	first = vt_shared(sizeof(*first));
	VT_NEED(first);
	if (path->entry->kind == BP_THREAD_TIME) {
		result = vt_delays_init();
		if (result == VT_SKIP) {
			vt_note("%s: stale-clock: left out, no debugfs file vdso_task/delays",
				path->entry->name);
			return VT_PASS;
		}
		return result ?: vt_run_child(read_at_stale_clock, (void *)path,
					      "reader");
	}
	if (path->entry->kind != BP_ID)
		return VT_PASS;
	for (i = 0; i < VT_ARRAY_SIZE(pairs) && !result; i++)
		result = run_pair(path, &pairs[i]);
	return result;
}
