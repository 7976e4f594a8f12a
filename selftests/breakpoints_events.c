// SPDX-License-Identifier: GPL-2.0
/*
 * Each event at each instruction of a read.
 *
 * What a read may return. It begins before the event and ends after it, so the system
 * call in its place could have been made before or after: an answer that was the
 * reader's own before the event is right, and so is the one that it has after it, and
 * no other. A call that begins after the event (in the handler, after it, or when the
 * read has returned) may return only the second. A clock's reading lies between what
 * the system call says before the read and after it.
 *
 * A child that is forked in the middle of a read ends it, too: what the parent had read
 * is right there, as it would be if the system call had returned just before the fork.
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

#define ATTEMPTS	1000	/* an interrupt may make a read a system call */
#define MANY		64	/* instructions: then not all pairs of them, but */
#define SOME		16	/* the next and each of so many behind it */
#define CLOCK_FILE	"/sys/kernel/debug/vdso_task/clock"
#define TICK_MS		5
#define RUID		11
#define EUID		12
#define RGID		21
#define EGID		22

/* The read that is under way. */
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

/* The peer takes the CPU that the reader has left. */
static void move(void)
{
	vt_pin(bp_away);
	bp_peer(BP_PEER_READ);
}

static void go_home(void)
{
	vt_pin(bp_home);
}

static void move_and_return(void)
{
	move();
	go_home();
}

/* A process exits where the reader was, and another one begins there. */
static void replace(void)
{
	vt_pin(bp_away);
	bp_peer(BP_PEER_REPLACE);
}

/* Real and effective ids change places; the saved ones permit it again and again. */
static void change_own(void)
{
	bool to = now.swapped = !now.swapped;

	vt_raw3(__NR_setresgid, to ? EGID : RGID, to ? RGID : EGID, -1);
	vt_raw3(__NR_setresuid, to ? EUID : RUID, to ? RUID : EUID, -1);
}

/* Nobody else runs at home meanwhile: what the reader left there is old. */
static void change_own_elsewhere(void)
{
	vt_pin(bp_away);
	change_own();
	go_home();
}

/* The child returns from the handler, too, and ends the read. */
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

/* Long enough for an interrupt of the timer to come to this CPU. */
static void spend_a_tick(void)
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

/* To the CPU that it has left, whose slot has been the peer's meanwhile. */
static const struct event {
	const char *name;
	bp_event run, back;
	bool times;		/* of clocks only */
} events[] = {
	{ "signal", do_nothing, NULL, false },
	{ "switch", switch_and_return, NULL, false },
	{ "move", move, NULL, false },
	{ "return", move_and_return, NULL, false },
	{ "replace", replace, NULL, false },
	{ "setresuid", change_own, NULL, false },
	{ "setresuid-moved", change_own_elsewhere, NULL, false },
	{ "fork", fork_and_wait, NULL, false },
	{ "tick", spend_a_tick, NULL, true },
	{ "clock-change", change_clock, NULL, true },
	{ "timer", make_timer, NULL, true },
	{ "away-and-back", move, go_home, false },
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
		return (a->got == bp_home || a->got == bp_away) &&
		       a->next == a->after;
	default:
		return a->before >= 0 && a->before <= a->got &&
		       a->got <= a->next && a->next <= a->after;
	}
}

/* A clock of the child's own starts at 0; the parent, which waits, has its own. */
static void end_child(int64_t before, int64_t got)
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

/* One read with the event at @i and, if it has a way back, that at @k. */
static int read_once(const struct bp_path *path, const struct event *ev,
		     unsigned int i, unsigned int k)
{
	const struct bp_entry *e = path->entry;
	struct answers a;

	go_home();
	bp_raw(e);
	bp_vdso(e);
	if ((ev->back && !bp_set(1, path->step[k], ev->back)) ||
	    !bp_set(0, path->step[i], ev->run))
		return VT_FAIL;
	a.before = bp_get_ready(e);
	a.got = bp_vdso(e);
	if (now.is_child)
		end_child(a.before, a.got);
	bp_clear();
	/* First by the vDSO: the system call would repair what is wrong. */
	a.next = bp_vdso(e);
	a.after = bp_raw(e);
	VT_CHECK(is_right(e, &a),
		 "%s, %s at instruction %u, %u: before %lld, read %lld, then %lld, %lld",
		 e->name, ev->name, i, k, (long long)a.before, (long long)a.got,
		 (long long)a.next, (long long)a.after);
	VT_CHECK(!now.child_wrong, "%s, %s at instruction %u: the event or its child",
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

/* @reached: of the two instructions of each read, both were. */
static int at_pairs(const struct bp_path *path, const struct event *ev,
		    unsigned int i, unsigned int *reached)
{
	int tries, result;
	unsigned int k;

	for (k = i + 1; k < path->n; k += path->n > MANY && k > i + 1 ? SOME : 1) {
		/* The way there may lead away from the later ones, not the next. */
		tries = k == i + 1 ? ATTEMPTS : 1;
		do {
			result = read_once(path, ev, i, k);
		} while (!result && !(bp_was_hit(0) && bp_was_hit(1)) && retry(&tries));
		if (result)
			return result;
		*reached += tries > 0;
		VT_IN_TIME(tries || k > i + 1,
			   "%s, %s: instructions %u and %u are not reached",
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
	VT_IN_TIME(tries, "%s, %s: instruction %u is not reached",
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
 * With no clock to answer, an interrupt leaves the reader's and the peer's data alone,
 * and nothing but a switch may tell one from the other. What looks at an argument is
 * never always allowed.
 */
static int withhold_clocks(void)
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

static int take_ids(void)
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
	result = (path->entry->kind == BP_ID && withhold_clocks()) || bp_start_peer() ||
		 take_ids();
	bp_peer(BP_PEER_READ);
	for (i = 0; i < VT_ARRAY_SIZE(events) && !result; i++) {
		const struct event *ev = &events[i];

		if (ev->times && !bp_is_time(path->entry))
			continue;
		if (ev->run == change_clock && now.clock_file < 0)
			vt_note("%s: needs CONFIG_VDSO_TASK_DEBUG", ev->name);
		else
			result = run_event(path, ev);
	}
	go_home();
	bp_peer(BP_PEER_END);
	return result;
}
