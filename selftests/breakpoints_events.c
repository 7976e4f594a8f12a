// SPDX-License-Identifier: GPL-2.0
/*
 * Each event at each instruction of a read.
 *
 * What a read may return. It begins before the event and ends after it, so a system
 * call in its place could have run before or after the event: the reader's answer
 * before the event is right, and so is the one after it, and no other. A call that
 * begins after the event (in the handler, after it, or when the read has returned) may
 * return only the second. A clock's reading lies between the results of the system
 * call before the read and after it.
 *
 * A child that is forked in the middle of a read completes the read, too: the parent's
 * answer is right there, as if the system call had returned just before the fork.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "breakpoints.h"

#define ATTEMPTS	1000	/* a read may fall back after an interrupt */
#define ALL_PAIRS_MAX	64	/* of longer paths not all pairs are tried, but each */
#define PAIR_STEP	16	/* instruction with the next and each 16th after that */
#define CLOCK_FILE	"/sys/kernel/debug/vdso_task/clock"
#define TICK_MS		5
#define RUID		11
#define EUID		12
#define RGID		21
#define EGID		22

/* State of the current read. */
static struct {
	const struct bp_entry *entry;
	bool is_child, child_wrong;
	bool swapped;
	int clock_file;
} now;

static void do_nothing(void)
{
}

static void switch_and_return(void)
{
	bp_peer(BP_PEER_READ);
}

/* The peer reads on the CPU that the reader has left. */
static void move(void)
{
	vt_pin(bp_other_cpu);
	bp_peer(BP_PEER_READ);
}

static void move_back(void)
{
	vt_pin(bp_home_cpu);
}

static void move_and_return(void)
{
	move();
	move_back();
}

/* On the reader's old CPU, a process exits and a new one reads. */
static void replace(void)
{
	vt_pin(bp_other_cpu);
	bp_peer(BP_PEER_REPLACE);
}

/* Swaps real and effective ids, which an unprivileged process may do repeatedly. */
static void change_ids(void)
{
	bool to = now.swapped = !now.swapped;

	vt_raw3(__NR_setresgid, to ? EGID : RGID, to ? RGID : EGID, -1);
	vt_raw3(__NR_setresuid, to ? EUID : RUID, to ? RUID : EUID, -1);
}

/* The peer does not run meanwhile, so bp_home_cpu's slot still has the old data. */
static void change_ids_moved(void)
{
	vt_pin(bp_other_cpu);
	change_ids();
	move_back();
}

/* The child returns from the handler, too, and completes the read. */
static void fork_and_wait(void)
{
	pid_t pid = vt_syscall6(__NR_clone, SIGCHLD, 0, 0, 0, 0, 0);
	int status = -1;

	if (!pid) {
		now.is_child = true;
		return;
	}
	vt_syscall6(__NR_wait4, pid, (long)&status, 0, 0, 0, 0);
	now.child_wrong |= status;
}

/* Long enough for a timer interrupt on this CPU. */
static void spin_for_a_tick(void)
{
	uint64_t end = vt_now() + TICK_MS * 1000000ull;

	while (vt_now() < end)
		;
}

static void change_clock(void)
{
	now.child_wrong |= write(now.clock_file, "change", 6) != 6;
}

static void make_timer(void)
{
	bp_peer(BP_PEER_TIMER);
}

/* @back runs at a later instruction of the same read. */
static const struct event {
	const char *name;
	bp_event run, back;
	bool clocks_only;
} events[] = {
	{ "signal", do_nothing, NULL, false },
	{ "switch", switch_and_return, NULL, false },
	{ "move", move, NULL, false },
	{ "return", move_and_return, NULL, false },
	{ "replace", replace, NULL, false },
	{ "setresuid", change_ids, NULL, false },
	{ "setresuid-moved", change_ids_moved, NULL, false },
	{ "fork", fork_and_wait, NULL, false },
	{ "tick", spin_for_a_tick, NULL, true },
	{ "clock-change", change_clock, NULL, true },
	{ "timer", make_timer, NULL, true },
	{ "away-and-back", move, move_back, false },
};

struct answers {
	int64_t before, got, next, after;
};

static bool is_right(const struct bp_entry *e, const struct answers *a)
{
	switch (e->kind) {
	case BP_ID:
		return (a->got == a->before || a->got == a->after) &&
		       a->next == a->after;
	case BP_CPU:
		return (a->got == bp_home_cpu || a->got == bp_other_cpu) &&
		       a->next == a->after;
	default:
		return a->before >= 0 && a->before <= a->got &&
		       a->got <= a->next && a->next <= a->after;
	}
}

/*
 * The child's own clocks start at 0. A reading of the parent's clock is right, too: at
 * most the parent's process time, as the parent waits.
 */
static void exit_child(int64_t before, int64_t got)
{
	const struct bp_entry *e = now.entry;
	int64_t next = bp_vdso(e), after = bp_raw(e), parents;
	bool right;

	if (bp_is_time(e)) {
		parents = bp_process_time(vt_raw0(__NR_getppid));
		right = (got >= 0 && got <= next) ||
			(before <= got && got <= parents);
		right &= next >= 0 && next <= after;
	} else {
		right = (got == before || got == after) && next == after;
	}
	vt_syscall6(__NR_exit_group, !right, 0, 0, 0, 0, 0);
}

/* One read with @ev->run at instruction @i and @ev->back, if any, at @k. */
static int read_once(const struct bp_path *path, const struct event *ev,
		     unsigned int i, unsigned int k)
{
	const struct bp_entry *e = path->entry;
	struct answers a;

	move_back();
	bp_raw(e);
	bp_vdso(e);
	if ((ev->back && !bp_set(1, path->step[k], ev->back)) ||
	    !bp_set(0, path->step[i], ev->run))
		return VT_FAIL;
	a.before = bp_refresh(e);
	a.got = bp_vdso(e);
	if (now.is_child)
		exit_child(a.before, a.got);
	bp_clear();
	/* First by the vDSO, as the system call would refresh a wrong record. */
	a.next = bp_vdso(e);
	a.after = bp_raw(e);
	VT_CHECK(is_right(e, &a),
		 "%s, %s at instruction %u, %u: before %lld, read %lld, then %lld, %lld",
		 e->name, ev->name, i, k, (long long)a.before, (long long)a.got,
		 (long long)a.next, (long long)a.after);
	VT_CHECK(!now.child_wrong, "%s, %s at instruction %u: the event or a child failed",
		 e->name, ev->name, i);
	return VT_PASS;
}

static bool retry(int *tries)
{
	if (!--*tries)
		return false;
	bp_pause();
	return true;
}

/* Counts in @reached the pairs of which one read executes both instructions. */
static int at_pairs(const struct bp_path *path, const struct event *ev,
		    unsigned int i, unsigned int *reached)
{
	int tries, result;
	unsigned int k;

	for (k = i + 1; k < path->n;
	     k += path->n > ALL_PAIRS_MAX && k > i + 1 ? PAIR_STEP : 1) {
		/* Only the next instruction must be executed: @run may lead to a fallback. */
		tries = k == i + 1 ? ATTEMPTS : 1;
		do {
			result = read_once(path, ev, i, k);
		} while (!result && !(bp_was_hit(0) && bp_was_hit(1)) && retry(&tries));
		if (result)
			return result;
		*reached += tries > 0;
		VT_IN_TIME(tries || k > i + 1,
			   "%s, %s: no read executes instructions %u and %u",
			   path->entry->name, ev->name, i, k);
	}
	return VT_PASS;
}

static int at_one(const struct bp_path *path, const struct event *ev,
		  unsigned int i, unsigned int *reached)
{
	int tries = ATTEMPTS, result;

	do {
		result = read_once(path, ev, i, 0);
	} while (!result && !bp_was_hit(0) && retry(&tries));
	*reached += tries > 0;
	VT_IN_TIME(tries, "%s, %s: no read executes instruction %u",
		   path->entry->name, ev->name, i);
	return result;
}

static int run_event(const struct bp_path *path, const struct event *ev)
{
	unsigned int i, reached = 0;
	int result = VT_PASS;

	for (i = 0; i < path->n && !result; i++)
		result = ev->back ? at_pairs(path, ev, i, &reached) :
				    at_one(path, ev, i, &reached);
	if (ev->back)
		vt_note("%s: %s: %u pairs of instructions", path->entry->name, ev->name,
			reached);
	else
		vt_note("%s: %s: %u of %u instructions", path->entry->name, ev->name,
			reached, path->n);
	return result;
}

/*
 * Without clock answers, interrupts change neither the reader's nor the peer's data: only
 * what a switch publishes distinguishes the two. A filter that tests an argument does not
 * always allow the call, so no record answers it.
 */
static int filter_clocks(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clock_gettime, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CLOCK_THREAD_CPUTIME_ID, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EDOM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { VT_ARRAY_SIZE(code), code };

	VT_NEED(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
		!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog));
	return VT_PASS;
}

static int set_ids(void)
{
	VT_NEED(!vt_raw3(__NR_setresgid, RGID, EGID, 0) &&
		!vt_raw3(__NR_setresuid, RUID, EUID, 0));
	return VT_PASS;
}

int bp_events(const struct bp_path *path)
{
	unsigned int i;
	int result;

	now.entry = path->entry;
	now.clock_file = open(CLOCK_FILE, O_WRONLY);
	result = (path->entry->kind == BP_ID && filter_clocks()) || bp_start_peer() ||
		 set_ids();
	bp_peer(BP_PEER_READ);
	for (i = 0; i < VT_ARRAY_SIZE(events) && !result; i++) {
		const struct event *ev = &events[i];

		if (ev->clocks_only && !bp_is_time(path->entry))
			continue;
		if (ev->run == change_clock && now.clock_file < 0)
			vt_note("%s: %s: left out, no debugfs file vdso_task/clock",
				path->entry->name, ev->name);
		else
			result = run_event(path, ev);
	}
	move_back();
	bp_peer(BP_PEER_END);
	return result;
}
