// SPDX-License-Identifier: GPL-2.0
/* Signal handlers in the middle of vDSO calls. */
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "context.h"
#include "ids.h"
#include "ids_parts.h"
#include "records.h"

#define FORKS		60
#define MIN_SIGNALS	100
#define HAD_ANSWER	100	/* exit status: right, one answer was the parent's */

static struct vt_answers want, want_before;
static volatile sig_atomic_t handled, wrong_in_handler;

static void count_wrong(int sig)
{
	(void)sig;
	handled++;
	if (vt_wrong(&want) >= 0)
		wrong_in_handler++;
}

static int start_timer(unsigned int us)
{
	struct itimerval it = { { 0, us }, { 0, us } };

	return setitimer(ITIMER_REAL, &it, NULL);
}

int check_call_in_handler(const void *arg)
{
	struct sigaction sa = { .sa_handler = count_wrong };
	int i;

	(void)arg;
	if (vt_ids_init())
		return VT_FAIL;
	want = vt_raw_answers();
	VT_NEED(!sigaction(SIGUSR1, &sa, NULL));
	/* From the first call, through the promotion, until long after it. */
	for (i = 0; i < 200; i++) {
		VT_NEED(!kill(getpid(), SIGUSR1));
		if (!vt_same(&want, "around a handler"))
			return VT_FAIL;
	}
	VT_CHECK(handled == 200 && !wrong_in_handler,
		 "%d handlers, %d got wrong answers", (int)handled,
		 (int)wrong_in_handler);
	return VT_PASS;
}

int check_signal_storm(const void *arg)
{
	struct sigaction sa = { .sa_handler = count_wrong };
	uint64_t end = vt_now() + 3000000000ull;
	unsigned long reads = 0;
	int i;

	(void)arg;
	if (vt_ids_init() || !vt_promote())
		return VT_FAIL;
	want = vt_raw_answers();
	VT_NEED(!sigaction(SIGALRM, &sa, NULL));
	VT_NEED(!start_timer(100));
	while (vt_now() < end || handled <= MIN_SIGNALS)
		for (i = 0; i < 500; i++, reads++)
			if (vt_wrong(&want) >= 0)
				return vt_fail("wrong answer after %lu reads",
					       reads);
	start_timer(0);
	VT_CHECK(!wrong_in_handler, "%d handlers got wrong answers",
		 (int)wrong_in_handler);
	vt_note("%lu reads, %d signals", reads, (int)handled);
	return VT_PASS;
}

static unsigned long text_start, text_end;
static volatile sig_atomic_t forks, failed_forks, in_child;
static pid_t children[FORKS];

/*
 * Forks only if the signal interrupted a vDSO call: then no other function of this
 * program is interrupted.
 */
static void fork_here(int sig, siginfo_t *info, void *context)
{
	unsigned long pc = vt_pc(context);
	pid_t pid;

	(void)sig;
	(void)info;
	if (pc < text_start || pc >= text_end || in_child || forks == FORKS)
		return;
	pid = fork();
	if (pid > 0)
		children[forks++] = pid;
	else if (pid < 0)
		failed_forks++;
	if (pid)
		return;
	in_child = 1;
	want_before = want;
	want = vt_raw_answers();
	if (!vt_promote())
		_exit(vt_final_result(VT_FAIL));
}

/*
 * Calls entry @i; a handler may fork in it. In the child, the interrupted call may
 * return the parent's answer, as a system call before the fork would, but nothing else:
 * above all no mix of the two processes' records.
 */
static int one_call(unsigned int i, int *for_parent)
{
	int was_child = in_child, got = vt_ids[i].fn();

	if (got == want.v[i])
		return VT_PASS;
	VT_CHECK(in_child && !was_child && got == want_before.v[i],
		 "%s: vDSO %d, system call %d", vt_ids[i].name, got, want.v[i]);
	*for_parent = 1;
	return VT_PASS;
}

static int call_each(int *for_parent)
{
	unsigned int i;

	for (i = 0; i < vt_nr_ids; i++)
		if (one_call(i, for_parent))
			return VT_FAIL;
	return VT_PASS;
}

/* Few vt_is_over(): it is a system call, and signals must interrupt vDSO calls. */
static int call_until_forked(int *for_parent)
{
	struct vt_limit limit = vt_limit_ms(20000);
	unsigned int i, after = 0;

	while (forks < FORKS && after < 3) {
		for (i = 0; i < 100; i++)
			if (call_each(for_parent))
				return VT_FAIL;
		after += in_child;
		VT_IN_TIME(in_child || !vt_is_over(&limit),
			   "only %d signals interrupted a vDSO call", (int)forks);
	}
	return VT_PASS;
}

/* Adds to @before the children whose interrupted call returned the parent's answer. */
static int reap_children(int *before)
{
	int i, result = VT_PASS;

	for (i = 0; i < forks; i++) {
		int status = -1;

		waitpid(children[i], &status, 0);
		if (WIFEXITED(status) && WEXITSTATUS(status) == HAD_ANSWER)
			++*before;
		else
			result |= vt_decode_status("child", status);
	}
	return result;
}

int check_fork_in_handler(const void *arg)
{
	struct sigaction sa = { .sa_sigaction = fork_here,
				.sa_flags = SA_SIGINFO };
	int result, for_parent = 0, of_parent = 0;
	struct vt_maps m;

	(void)arg;
	if (vt_ids_init() || !vt_promote() || !vt_read_maps(&m, 0))
		return VT_FAIL;
	text_start = m.vdso;
	text_end = m.vdso_end;
	want = vt_raw_answers();
	VT_NEED(!sigaction(SIGALRM, &sa, NULL));
	VT_NEED(!start_timer(2000));
	result = call_until_forked(&for_parent);
	if (in_child)
		_exit(result ? vt_final_result(result) :
		      for_parent ? HAD_ANSWER : VT_PASS);
	start_timer(0);
	result |= reap_children(&of_parent);
	VT_CHECK(!failed_forks, "%d forks failed", (int)failed_forks);
	vt_note("%d forks, %d interrupted calls returned the parent's answer",
		(int)forks, of_parent);
	return result;
}
