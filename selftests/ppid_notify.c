// SPDX-License-Identifier: GPL-2.0
/* The child learns of its new parent by a signal or by a message. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "ppid.h"

#define ROUNDS	10

static int setup(struct family **f)
{
	if (ppid_setup())
		return VT_FAIL;
	VT_NEED(!prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	*f = ppid_family();
	return *f ? VT_PASS : VT_FAIL;
}

static volatile sig_atomic_t handled, answer;

static void on_signal(int sig)
{
	(void)sig;
	answer = ppid_fn();
	handled = 1;
}

/* The kernel sends PR_SET_PDEATHSIG's signal when it changes the parent. */
static int pdeathsig_child(void *arg)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct family *f = arg;

	VT_NEED(!sigaction(SIGUSR1, &sa, NULL));
	VT_NEED(!prctl(PR_SET_PDEATHSIG, SIGUSR1));
	if (!vt_promote())
		return VT_FAIL;
	vt_store(&f->promoted, 1);
	while (!handled)
		ppid_fn();
	VT_CHECK(answer == f->parents[1] && ppid_fn() == f->parents[1],
		 "getppid: %d in the handler, later %d, not %d", (int)answer,
		 ppid_fn(), f->parents[1]);
	return VT_PASS;
}

static int pdeathsig_parent(void *arg)
{
	struct family *f = arg;

	if (!ppid_fork(f, 0))
		exit(vt_final_result(pdeathsig_child(f)));
	return vt_await_in_time(&f->promoted, 1, 20000, "the child's record");
}

int check_death_signal(const void *arg)
{
	struct family *f;
	int i;

	(void)arg;
	if (setup(&f))
		return VT_FAIL;
	for (i = 0; i < ROUNDS; i++) {
		*f = (struct family){ .parents = { 0, getpid() } };
		if (vt_run_child(pdeathsig_parent, f, "parent") ||
		    vt_reap(f->child, "child"))
			return VT_FAIL;
	}
	return VT_PASS;
}

static int pipe_fds[2];

/* Sleeps until it reads a byte from a pipe, or calls getppid() until a signal comes. */
static int receiver(struct family *f, bool by_signal)
{
	struct sigaction sa = { .sa_handler = on_signal };
	char byte;
	int got;

	VT_NEED(!sigaction(SIGUSR1, &sa, NULL));
	if (!vt_promote())
		return VT_FAIL;
	vt_store(&f->promoted, 1);
	if (by_signal) {
		while (!handled)
			ppid_fn();
		got = answer;
	} else {
		VT_NEED(read(pipe_fds[0], &byte, 1) == 1);
		got = ppid_fn();
	}
	VT_CHECK(got == f->parents[1], "getppid returns %d, not %d", got,
		 f->parents[1]);
	return vt_same_now("later") ? VT_PASS : VT_FAIL;
}

static int message_round(struct family *f, bool by_signal)
{
	pid_t parent;

	fflush(stdout);
	parent = fork();
	if (!parent) {
		if (!ppid_fork(f, 0))
			exit(vt_final_result(receiver(f, by_signal)));
		_exit(vt_await_in_time(&f->promoted, 1, 20000, "the child's record"));
	}
	if (vt_reap(parent, "parent"))
		return VT_FAIL;
	if (by_signal)
		VT_NEED(!kill(f->child, SIGUSR1));
	else
		VT_NEED(write(pipe_fds[1], "x", 1) == 1);
	return vt_reap(f->child, "child");
}

int check_message(const void *arg)
{
	struct family *f;
	int i;

	(void)arg;
	if (setup(&f))
		return VT_FAIL;
	VT_NEED(!pipe(pipe_fds));
	for (i = 0; i < 2 * ROUNDS; i++) {
		*f = (struct family){ .parents = { 0, getpid() } };
		if (message_round(f, i & 1))
			return VT_FAIL;
	}
	return VT_PASS;
}
