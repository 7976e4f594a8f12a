// SPDX-License-Identifier: GPL-2.0
/*
 * The peer: a process that shares the reader's memory, and so its vDSO data, and none
 * of its answers: another pid, tid, parent, user and group, and little CPU time. The
 * reader's process keeps one thread, so that its own clock can be answered. None of
 * this may use what a C library keeps for each thread.
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>

#include "breakpoints.h"

#define STACK_SIZE	65536
#define PEER_UID	5001
#define PEER_GID	6001
#define THREAD_SHARES	(CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD)

static char stacks[3][STACK_SIZE] __attribute__((aligned(16)));
static volatile int given, obeyed, has_read[2], released;
static enum bp_order what;
static pid_t young[2], reader;
static bool is_alive;

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

/* Twice: the first call may have to refresh. */
static void read_all(void)
{
	unsigned int i, n;

	for (n = 0; n < 2; n++)
		for (i = 0; i < bp_nr_entries; i++)
			bp_vdso(&bp_entries[i]);
}

/* The first exits when it has read, the second when it is told to. */
static int live(void *arg)
{
	long number = (long)arg;

	read_all();
	set_and_wake(&has_read[number], 1);
	if (number)
		await(&released, 1);
	vt_syscall6(__NR_exit_group, 0, 0, 0, 0, 0, 0);
	return 0;
}

static void bear(long number)
{
	vt_store(&has_read[number], 0);
	young[number] = clone(live, stacks[1 + number] + STACK_SIZE, THREAD_SHARES,
			      (void *)number);
	if (young[number] > 0)
		await(&has_read[number], 1);
}

static void bury(long number)
{
	if (young[number] > 0)
		vt_syscall6(__NR_wait4, young[number], 0, 0, 0, 0, 0);
	young[number] = 0;
}

/* The last one's place is empty when the next is born. */
static void replace(void)
{
	set_and_wake(&released, 1);
	bury(1);
	vt_store(&released, 0);
	bear(0);
	bury(0);
	bear(1);
}

/* While there is one, the clock of the reader's process is another. */
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

static void obey(enum bp_order order)
{
	switch (order) {
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
		set_and_wake(&released, 1);
		bury(1);
		break;
	}
}

static int peer(void *arg)
{
	enum bp_order order;
	int last = 0;

	(void)arg;
	vt_pin(bp_home);
	vt_raw3(__NR_setresgid, PEER_GID, PEER_GID + 1, PEER_GID);
	vt_raw3(__NR_setresuid, PEER_UID, PEER_UID + 1, PEER_UID);
	for (;;) {
		while (vt_load(&given) == last)
			sleep_on(&given, last);
		last = vt_load(&given);
		/* Its own: as soon as it has obeyed, the reader may give the next. */
		order = what;
		obey(order);
		set_and_wake(&obeyed, last);
		if (order == BP_PEER_END)
			vt_syscall6(__NR_exit_group, 0, 0, 0, 0, 0, 0);
	}
	return 0;
}

int bp_start_peer(void)
{
	reader = vt_raw0(__NR_getpid);
	VT_NEED(clone(peer, stacks[0] + STACK_SIZE, THREAD_SHARES, NULL) > 0);
	is_alive = true;
	return VT_PASS;
}

/* The reader sleeps until it has been done: the peer may need its CPU. */
void bp_peer(enum bp_order order)
{
	int number = given + 1;

	if (!is_alive)
		return;
	is_alive = order != BP_PEER_END;
	what = order;
	set_and_wake(&given, number);
	await(&obeyed, number);
}
