// SPDX-License-Identifier: GPL-2.0
/* The child learns of its new parent by a signal or by a message. */
#include <signal.h>
#include <sys/prctl.h>

#include "ppid.h"

#define ROUNDS	10

static volatile sig_atomic_t handled, answer;

static void on_signal(int sig)
{
	(void)sig;
	answer = ppid_fn();
	handled = 1;
}

/* The parent exits once the child handles signals and its record answers. */
static int start_and_exit(void *arg)
{
	struct family *f = arg;

	ppid_start_child(f);
	return vt_await_in_time(&f->promoted, 1, 20000, "the child's record");
}

static int get_ready(struct family *f)
{
	struct sigaction sa = { .sa_handler = on_signal };

	VT_NEED(!sigaction(SIGUSR1, &sa, NULL));
	if (!vt_promote())
		return VT_FAIL;
	vt_store(&f->promoted, 1);
	return VT_PASS;
}

/* Calls getppid() until a signal comes; returns the answer in the handler. */
static int await_signal(void)
{
	while (!handled)
		ppid_fn();
	return answer;
}

/* The kernel sends PR_SET_PDEATHSIG's signal when it changes the parent. */
static int pdeathsig_child(struct family *f)
{
	int got;

	VT_NEED(!prctl(PR_SET_PDEATHSIG, SIGUSR1));
	if (get_ready(f))
		return VT_FAIL;
	got = await_signal();
	VT_CHECK(got == f->parents[1] && ppid_fn() == f->parents[1],
		 "getppid: %d in the handler, later %d, not %d", got, ppid_fn(),
		 f->parents[1]);
	return VT_PASS;
}

static int pipe_fds[2];

/* Sleeps until it reads a byte from a pipe, in odd rounds reads until a signal comes. */
static int receiver(struct family *f)
{
	char byte;
	int got;

	if (get_ready(f))
		return VT_FAIL;
	if (f->round & 1) {
		got = await_signal();
	} else {
		VT_NEED(read(pipe_fds[0], &byte, 1) == 1);
		got = ppid_fn();
	}
	VT_CHECK(got == f->parents[1], "getppid returns %d, not %d", got,
		 f->parents[1]);
	return vt_result(vt_same_now("later"));
}

static int death_round(struct family *f)
{
	return vt_reap(ppid_start_parent(f), "parent") ?: vt_reap(f->child, "child");
}

static int message_round(struct family *f)
{
	if (vt_reap(ppid_start_parent(f), "parent"))
		return VT_FAIL;
	if (f->round & 1)
		VT_NEED(!kill(f->child, SIGUSR1));
	else
		VT_NEED(write(pipe_fds[1], "x", 1) == 1);
	return vt_reap(f->child, "child");
}

int check_death_signal(const void *arg)
{
	const struct family start = { .parents = { 0, getpid() },
				      .parent_body = start_and_exit,
				      .child_body = pdeathsig_child };

	(void)arg;
	return ppid_setup_reaper() ?: ppid_rounds(ROUNDS, &start, death_round);
}

int check_message(const void *arg)
{
	const struct family start = { .parents = { 0, getpid() },
				      .parent_body = start_and_exit,
				      .child_body = receiver };

	(void)arg;
	if (ppid_setup_reaper())
		return VT_FAIL;
	VT_NEED(!pipe(pipe_fds));
	return ppid_rounds(2 * ROUNDS, &start, message_round);
}
