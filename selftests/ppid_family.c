// SPDX-License-Identifier: GPL-2.0
/* A parent that exits, and a child that reads; see ppid.h. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "delays.h"
#include "ppid.h"

/* Calls after the last change was observed: enough for some context switches. */
#define READS_AFTER	20000

int (*ppid_fn)(void);

static long ppid_nr;

int ppid_setup(void)
{
	int i;

	if (vt_ids_init())
		return VT_FAIL;
	i = vt_id_index("getppid");
	if (i < 0)
		return VT_FAIL;
	ppid_fn = vt_ids[i].fn;
	ppid_nr = vt_ids[i].nr;
	return vt_result(vt_promote());
}

int ppid_setup_reaper(void)
{
	if (ppid_setup())
		return VT_FAIL;
	VT_NEED(!prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	return VT_PASS;
}

int ppid_rounds(int n, const struct family *start, int (*round)(struct family *f))
{
	struct family *f = vt_shared(sizeof(*f));
	int i;

	VT_CHECK(f, "no shared memory");
	for (i = 0; i < n; i++) {
		*f = *start;
		f->round = i;
		if (round(f))
			return VT_FAIL;
		while (waitpid(-1, NULL, 0) > 0)
			;
	}
	return VT_PASS;
}

static int stage_of(const struct family *f, int answer)
{
	int i;

	for (i = f->last; i >= 0; i--)
		if (f->parents[i] == answer)
			return i;
	return -1;
}

static void report_wrong(struct family *f, int got, int observed)
{
	f->got = got;
	f->got_observed = observed;
	__atomic_fetch_add(&f->wrong, 1, __ATOMIC_SEQ_CST);
}

/*
 * The system call reads the parent and then the parent's ID, without a lock. A parent that
 * exits and is reaped between the two has no ID: the call returns 0, on an unpatched
 * kernel as well. The parent that it read is not an earlier one than @known, and the task
 * has a later one by now.
 */
static bool lost_parent(const struct family *f, int got, int known)
{
	return !got && stage_of(f, 0) < 0 && known < f->last;
}

/* No call may return an earlier answer than @observed or this thread's last call did. */
static void *read_vdso(void *arg)
{
	struct family *f = arg;
	int known = 0, after;

	for (after = 0; after < READS_AFTER;) {
		int observed = vt_load(&f->observed), got = ppid_fn();
		int stage = stage_of(f, got);

		known = observed > known ? observed : known;
		if (lost_parent(f, got, known))
			stage = known + 1;
		if (stage < known) {
			report_wrong(f, got, known);
			break;
		}
		known = stage;
		after += observed == f->last;
	}
	__atomic_fetch_add(&f->finished, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void *start_reader(void *arg)
{
	struct family *f = arg;

	if (!vt_promote())
		return NULL;
	__atomic_fetch_add(&f->promoted, 1, __ATOMIC_SEQ_CST);
	return read_vdso(arg);
}

/*
 * The kernel gives the thread that was created last its new parent last: what this
 * thread's system call returns is correct for all others by then.
 */
static void *poll_syscall(void *arg)
{
	struct family *f = arg;

	__atomic_fetch_add(&f->promoted, 1, __ATOMIC_SEQ_CST);
	while (vt_load(&f->observed) < f->last) {
		int stage = stage_of(f, vt_raw0(ppid_nr));

		if (stage > vt_load(&f->observed))
			vt_store(&f->observed, stage);
	}
	__atomic_fetch_add(&f->finished, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/* Refreshes while the parent, which waits for @die, exits. */
static void race_refresh(struct family *f)
{
	while (vt_load(&f->promoted) < f->readers + f->poller)
		sched_yield();
	/* @die is 0 once the delays are set. */
	while (vt_load(&f->die) < 0)
		sched_yield();
	if (!vt_invalidate_own())
		report_wrong(f, -1, -1);
	vt_store(&f->die, 1);
	ppid_fn();
	ppid_fn();
}

static int read_in_threads(struct family *f)
{
	pthread_t threads[PPID_MAX_READERS + 1];
	int cpus[VT_MAX_CPUS], nr, i;

	/* The child inherits the affinity of its parent, which was pinned. */
	vt_unpin();
	nr = vt_cpus(cpus, VT_MAX_CPUS);
	if (f->pinned)
		vt_pin(cpus[1 % nr]);
	if (!vt_promote())
		return VT_FAIL;
	for (i = 1; i < f->readers + f->poller; i++) {
		if (f->pinned)
			vt_pin(cpus[(i + 1) % nr]);
		VT_NEED(!pthread_create(&threads[i], NULL, i < f->readers ?
					start_reader : poll_syscall, f));
	}
	if (f->pinned)
		vt_pin(cpus[1 % nr]);
	__atomic_fetch_add(&f->promoted, 1, __ATOMIC_SEQ_CST);
	if (f->race_refresh)
		race_refresh(f);
	read_vdso(f);
	for (i = 1; i < f->readers + f->poller; i++)
		pthread_join(threads[i], NULL);
	return VT_PASS;
}

int ppid_await_promoted(struct family *f)
{
	VT_IN_TIME(vt_await(&f->promoted, f->readers + f->poller, 20000),
		   "only %d of the child's threads have records", f->promoted);
	return VT_PASS;
}

int ppid_check_readers(struct family *f)
{
	struct vt_limit limit = vt_limit_ms(30000);
	int all = f->readers + f->poller;

	while (vt_load(&f->finished) < all && !vt_load(&f->wrong) &&
	       !vt_is_over(&limit))
		vt_sleep_ms(1);
	VT_CHECK(!f->wrong,
		 "%d threads wrong: getppid returned %d after %d was observed",
		 f->wrong, f->got,
		 f->got_observed < 0 ? -1 : f->parents[f->got_observed]);
	VT_IN_TIME(f->finished == all, "only %d of %d threads finished",
		   f->finished, all);
	return VT_PASS;
}

void ppid_start_child(struct family *f)
{
	pid_t pid = f->child_flags ? syscall(__NR_clone, f->child_flags | SIGCHLD, 0, 0, 0, 0) :
				     fork();

	if (pid)
		vt_store(&f->child, pid);
	while (!vt_load(&f->child))
		sched_yield();
	if (!pid)
		_exit(vt_final_result(f->child_body ? f->child_body(f) :
						      read_in_threads(f)));
}

static void busy_wait(unsigned int us)
{
	uint64_t end = vt_now() + us * 1000ull;

	while (vt_now() < end)
		;
}

static int parent_body(void *arg)
{
	struct family *f = arg;
	int cpu;

	if (f->pinned && vt_cpus(&cpu, 1) == 1)
		vt_pin(cpu);
	f->parents[0] = getpid();
	ppid_start_child(f);
	while (vt_load(&f->die) <= 0)
		if (!f->pinned)
			sched_yield();
	busy_wait(f->exit_delay_us);
	_exit(VT_PASS);
}

pid_t ppid_start_parent(struct family *f)
{
	return vt_child(f->parent_body ?: parent_body, f);
}

int ppid_orphan(struct family *f)
{
	pid_t parent = ppid_start_parent(f);
	uint64_t begun;
	int result;

	VT_NEED(parent > 0);
	result = ppid_await_promoted(f);
	if (!result && f->point && !vt_delay(f->point, f->delay_us, f->child))
		result = VT_FAIL;
	begun = vt_now();
	/* In a race_refresh the child sets @die to 1, when it refreshes. */
	vt_store(&f->die, result || !f->race_refresh);
	if (vt_reap(parent, "parent") || result)
		return VT_FAIL;
	/* The parent was reaped, so its children have a new one. */
	if (vt_load(&f->observed) < 1)
		vt_store(&f->observed, 1);
	VT_CHECK(!f->point || f->race_refresh || vt_now() - begun >= f->delay_us * 1000ull,
		 "the parent was not delayed at %s", f->point);
	result = ppid_check_readers(f);
	if (f->point)
		vt_delays_off();
	return result;
}

struct probe {
	volatile int go;
	volatile int reaper;
};

static int probe_parent(void *arg)
{
	struct probe *p = arg;
	pid_t me = getpid();

	if (!fork()) {
		vt_store(&p->go, 1);
		while (vt_raw0(__NR_getppid) == me)
			sched_yield();
		vt_store(&p->reaper, vt_raw0(__NR_getppid));
		_exit(0);
	}
	return vt_await_in_time(&p->go, 1, 10000, "the probe's child");
}

int ppid_reaper(void)
{
	struct probe *p = vt_shared(sizeof(*p));
	struct vt_limit limit = vt_limit_ms(10000);

	if (!p || vt_run_child(probe_parent, p, "probe"))
		return -1;
	while (!vt_load(&p->reaper) && !vt_is_over(&limit))
		vt_sleep_ms(1);
	if (!p->reaper)
		vt_late("the orphan has no new parent");
	return p->reaper ? p->reaper : -1;
}
