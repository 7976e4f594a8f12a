// SPDX-License-Identifier: GPL-2.0
/*
 * The peer: a process that shares the reader's mm, and so its vDSO data, but none of
 * its answers: pid, tid, parent, user and group differ, and it has used little CPU time.
 * The reader's process stays single-threaded, so that a record can answer its process
 * clock. The peer shares the reader's TLS as well, so it must not use it (no errno).
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>

#include "breakpoints.h"

#define STACK_SIZE	65536
#define PEER_UID	5001
#define PEER_GID	6001
#define PEER_FLAGS	(CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD)

static char stacks[3][STACK_SIZE] __attribute__((aligned(16)));
static volatile int requested, handled, has_read[2], may_exit;
static enum bp_request next_request;
static pid_t children[2], reader;
static bool is_running;

static void sleep_on(volatile int *word, int value)
{
	vt_syscall6(__NR_futex, (long)word, FUTEX_WAIT, value, 0, 0, 0);
}

static void set_and_wake(volatile int *word, int value)
{
	vt_store(word, value);
	vt_syscall6(__NR_futex, (long)word, FUTEX_WAKE, 16, 0, 0, 0);
}

static void await(volatile int *word, int value)
{
	int now;

	while ((now = vt_load(word)) != value)
		sleep_on(word, now);
}

/* Twice, as the first call may only refresh. */
static void read_all(void)
{
	unsigned int i, n;

	for (n = 0; n < 2; n++)
		for (i = 0; i < bp_nr_entries; i++)
			bp_vdso(&bp_entries[i]);
}

/* Child 0 exits after its reads, child 1 waits for may_exit. */
static int child_main(void *arg)
{
	long number = (long)arg;

	read_all();
	set_and_wake(&has_read[number], 1);
	if (number)
		await(&may_exit, 1);
	vt_syscall6(__NR_exit_group, 0, 0, 0, 0, 0, 0);
	return 0;
}

static void start_child(long number)
{
	vt_store(&has_read[number], 0);
	children[number] = clone(child_main, stacks[1 + number] + STACK_SIZE, PEER_FLAGS,
				 (void *)number);
	if (children[number] > 0)
		await(&has_read[number], 1);
}

static void reap_child(long number)
{
	if (children[number] > 0)
		vt_syscall6(__NR_wait4, children[number], 0, 0, 0, 0, 0);
	children[number] = 0;
}

/* Child 1 has exited, and its record is free, before the next child starts. */
static void replace(void)
{
	set_and_wake(&may_exit, 1);
	reap_child(1);
	vt_store(&may_exit, 0);
	start_child(0);
	reap_child(0);
	start_child(1);
}

/* While a CPU timer of the reader's process is enabled, its clock falls back. */
static void make_timer(void)
{
	struct sigevent none = { .sigev_notify = SIGEV_NONE };
	struct itimerspec late = { .it_value = { .tv_sec = 100000 } };
	clockid_t clock = ~(clockid_t)reader << 3 | 2;
	int id;

	if (vt_raw3(__NR_timer_create, clock, &none, &id))
		return;
	vt_syscall6(__NR_timer_settime, id, 0, (long)&late, 0, 0, 0);
	vt_raw2(__NR_timer_delete, id, 0);
}

static void handle(enum bp_request request)
{
	switch (request) {
	case BP_PEER_READ:
		read_all();
		break;
	case BP_PEER_REPLACE:
		replace();
		break;
	case BP_PEER_TIMER:
		make_timer();
		break;
	case BP_PEER_END:
		set_and_wake(&may_exit, 1);
		reap_child(1);
		break;
	}
}

static int peer(void *arg)
{
	enum bp_request request;
	int last = 0;

	(void)arg;
	vt_pin(bp_home_cpu);
	vt_raw3(__NR_setresgid, PEER_GID, PEER_GID + 1, PEER_GID);
	vt_raw3(__NR_setresuid, PEER_UID, PEER_UID + 1, PEER_UID);
	for (;;) {
		while (vt_load(&requested) == last)
			sleep_on(&requested, last);
		last = vt_load(&requested);
		/* Copied, as the reader may store the next request once handled is set. */
		request = next_request;
		handle(request);
		set_and_wake(&handled, last);
		if (request == BP_PEER_END)
			vt_syscall6(__NR_exit_group, 0, 0, 0, 0, 0, 0);
	}
	return 0;
}

int bp_start_peer(void)
{
	reader = vt_raw0(__NR_getpid);
	VT_NEED(clone(peer, stacks[0] + STACK_SIZE, PEER_FLAGS, NULL) > 0);
	is_running = true;
	return VT_PASS;
}

/* The reader sleeps meanwhile: the peer may need its CPU. */
void bp_peer(enum bp_request request)
{
	int number = requested + 1;

	if (!is_running)
		return;
	is_running = request != BP_PEER_END;
	next_request = request;
	set_and_wake(&requested, number);
	await(&handled, number);
}
