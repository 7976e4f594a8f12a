// SPDX-License-Identifier: GPL-2.0
/* Threads that may not read the counter, are filtered, traced or single-stepped. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "cputime.h"
#include "filter.h"
#include "ids.h"
#include "records.h"

#define CALLS		50
#define MAX_STEPS	20000

#ifndef PR_SET_TSC
#define PR_SET_TSC	26
#endif
#define TSC_SIGSEGV	2
#define TSC_ENABLE	1

/* Readings that must neither go back nor raise a signal. */
static int read_on(void *arg)
{
	struct cputime_reader r = { .clock = CLOCK_THREAD_CPUTIME_ID };
	int i;

	(void)arg;
	for (i = 0; i < CALLS && cputime_bracket(&r, 4); i++)
		if (i % 10 == 9)
			vt_sleep_ms(1);
	return cputime_check(&r);
}

static int init_and_promote(void)
{
	int result = cputime_init() ? VT_FAIL : cputime_expected();

	return result ?: cputime_promote(CLOCK_THREAD_CPUTIME_ID);
}

static bool forbid_counter(void)
{
	return !prctl(PR_SET_TSC, TSC_SIGSEGV, 0, 0, 0);
}

static void *forbid_and_read(void *arg)
{
	int *result = arg;

	*result = forbid_counter() ? read_on(NULL) : vt_skip("no PR_SET_TSC on this architecture");
	return NULL;
}

/* One of two threads loses the counter; the other may read it and has done so. */
int check_no_counter_thread(const void *arg)
{
	int result = init_and_promote(), theirs = VT_FAIL;
	pthread_t thread;

	(void)arg;
	if (result)
		return result;
	VT_NEED(!pthread_create(&thread, NULL, forbid_and_read, &theirs));
	result = read_on(NULL);
	pthread_join(thread, NULL);
	return result ?: theirs ?: read_on(NULL);
}

static int promote_and_forbid(void)
{
	int result = init_and_promote();

	if (result)
		return result;
	return forbid_counter() ? VT_PASS : vt_skip("no PR_SET_TSC on this architecture");
}

/* A child inherits PR_SET_TSC by fork, without a call of its own. */
int check_no_counter_child(const void *arg)
{
	int result = promote_and_forbid();

	(void)arg;
	if (result)
		return result;
	return vt_run_child(read_on, NULL, "child");
}

/* A thread that may not read the counter can still read its CPU time. */
int check_no_counter(const void *arg)
{
	int result = promote_and_forbid();

	(void)arg;
	if (result)
		return result;
	result = read_on(NULL);
	VT_CHECK(!cputime_is_promoted(CLOCK_THREAD_CPUTIME_ID),
		 "the record answers a thread that may not read the counter");
	VT_NEED(!prctl(PR_SET_TSC, TSC_ENABLE, 0, 0, 0));
	if (result)
		return result;
#ifdef VT_HAS_SLOTS
	/* x86 reads the counter before the record, so the process never gets it back. */
	for (int i = 0; i < CALLS; i++)
		cputime_vdso(CLOCK_THREAD_CPUTIME_ID);
	VT_CHECK(!cputime_is_promoted(CLOCK_THREAD_CPUTIME_ID),
		 "the record answers again after PR_TSC_ENABLE");
	return VT_PASS;
#else
	return cputime_promote(CLOCK_THREAD_CPUTIME_ID);
#endif
}

/* A filter of another call does not matter; a filter of these calls sees them. */
int check_filtered(const void *arg)
{
	const clockid_t own = CPUTIME_THREAD(vt_raw0(__NR_gettid));
	struct timespec ts;
	int i;

	(void)arg;
	if (cputime_init() || cputime_expected())
		return cputime_expected() ?: VT_FAIL;
	if (cputime_promote(CLOCK_THREAD_CPUTIME_ID))
		return VT_FAIL;
	if (vt_refuse_call(__NR_getitimer, EDOM, 0))
		return vt_skip("this kernel has no CONFIG_SECCOMP_FILTER");
	if (cputime_promote(CLOCK_THREAD_CPUTIME_ID))
		return VT_FAIL;
	VT_NEED(!vt_refuse_call(__NR_clock_getres, EDOM, 0));
	for (i = 0; i < CALLS; i++) {
		VT_CHECK(cputime_getres(CLOCK_THREAD_CPUTIME_ID, &ts) == -EDOM,
			 "clock_getres() was not filtered");
		/* A call that no filter refuses refreshes the record. */
		cputime_vdso(CLOCK_THREAD_CPUTIME_ID);
	}
	VT_NEED(!vt_refuse_call(__NR_clock_gettime, EDOM, 0));
	for (i = 0; i < CALLS; i++) {
		VT_CHECK(cputime_vdso(CLOCK_THREAD_CPUTIME_ID) == -EDOM &&
			 cputime_vdso(CLOCK_PROCESS_CPUTIME_ID) == -EDOM &&
			 cputime_vdso(own) == -EDOM,
			 "clock_gettime() was not filtered");
		vt_raw_answers();
		if (i % 10 == 9)
			vt_sleep_ms(1);
	}
	VT_CHECK(!cputime_is_promoted(CLOCK_THREAD_CPUTIME_ID),
		 "the record answers a filtered call");
	return VT_PASS;
}

/* Promotes the caller, then stops it until its tracer resumes it. */
static int await_tracer(void)
{
	if (cputime_promote(CLOCK_THREAD_CPUTIME_ID))
		return VT_FAIL;
	VT_NEED(!ptrace(PTRACE_TRACEME, 0, NULL, NULL));
	return vt_result(!raise(SIGSTOP));
}

/* A child that has stopped in await_tracer(); 0 after a message. */
static pid_t start_traced(int (*body)(void *))
{
	pid_t pid = vt_child(body, NULL);
	int status;

	if (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status))
		return pid;
	if (vt_decode_status("traced child", status) == VT_PASS)
		vt_fail("the child does not stop for its tracer");
	return 0;
}

static int calls_under_tracer(void *arg)
{
	int i;

	(void)arg;
	if (await_tracer())
		return VT_FAIL;
	for (i = 0; i < CALLS; i++)
		if (cputime_vdso(CLOCK_THREAD_CPUTIME_ID) < 0)
			return VT_FAIL;
	return VT_PASS;
}

/* The tracee stops at the entry and at the exit of each call. */
int check_traced(const void *arg)
{
	int stops = 0, status;
	pid_t pid;

	(void)arg;
	if (cputime_init() || cputime_expected())
		return cputime_expected() ?: VT_FAIL;
	pid = start_traced(calls_under_tracer);
	if (!pid)
		return VT_FAIL;
	VT_NEED(!ptrace(PTRACE_SETOPTIONS, pid, NULL,
			PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
	for (;;) {
		VT_NEED(!ptrace(PTRACE_SYSCALL, pid, NULL, NULL));
		VT_NEED(waitpid(pid, &status, 0) == pid);
		if (WIFEXITED(status))
			break;
		if (WIFSTOPPED(status) && WSTOPSIG(status) == (SIGTRAP | 0x80))
			stops++;
	}
	VT_CHECK(!WEXITSTATUS(status), "the traced child exits with status %d",
		 WEXITSTATUS(status));
	VT_CHECK(stops >= 2 * CALLS, "the tracer saw %d of %d stops", stops,
		 2 * CALLS);
	return VT_PASS;
}

static int calls_under_stepper(void *arg)
{
	struct cputime_reader r = { .clock = CLOCK_THREAD_CPUTIME_ID };

	(void)arg;
	if (await_tracer())
		return VT_FAIL;
	cputime_bracket(&r, 3);
	raise(SIGSTOP);
	return vt_result(!r.wrong);
}

/* A single-stepped reader is interrupted at each instruction, and must still finish. */
int check_stepped(const void *arg)
{
	int steps = 0, status;
	pid_t pid;

	(void)arg;
	if (cputime_init() || cputime_expected())
		return cputime_expected() ?: VT_FAIL;
	pid = start_traced(calls_under_stepper);
	if (!pid)
		return VT_FAIL;
	do {
		VT_NEED(!ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL));
		VT_NEED(waitpid(pid, &status, 0) == pid);
		VT_CHECK(WIFSTOPPED(status), "the reader ends with status %x", status);
	} while (WSTOPSIG(status) == SIGTRAP && ++steps < MAX_STEPS);
	VT_CHECK(WSTOPSIG(status) == SIGSTOP, "the reads do not end in %d steps", steps);
	vt_note("%d steps", steps);
	VT_NEED(!ptrace(PTRACE_CONT, pid, NULL, NULL));
	return vt_reap(pid, "stepped");
}
