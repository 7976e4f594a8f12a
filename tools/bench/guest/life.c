// SPDX-License-Identifier: GPL-2.0
/* Processes and threads that are made and end. */
#define _GNU_SOURCE
#include "bench.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAMPLES	160
#define EXIT_PROGRAM	"/bench/exit"

enum what { WHAT_EXIT, WHAT_EXEC, WHAT_CALL };

static void await(pid_t child)
{
	int status;

	if (child < 0 || waitpid(child, &status, 0) != child || status)
		exit(1);
}

static long family(long what, long entry)
{
	pid_t child = fork();

	if (child) {
		await(child);
		return 0;
	}
	if (what == WHAT_CALL)
		((bench_op)entry)(__NR_getpid, 0);
	if (what == WHAT_EXEC)
		execl(EXIT_PROGRAM, EXIT_PROGRAM, (char *)NULL);
	_exit(what == WHAT_EXEC);
}

static void *nothing(void *arg)
{
	return arg;
}

static long thread(long a, long b)
{
	pthread_t other;

	(void)a;
	(void)b;
	if (pthread_create(&other, NULL, nothing, NULL))
		exit(1);
	pthread_join(other, NULL);
	return 0;
}

static void named(const char *what, enum mode mode, bench_op op, long a, long b)
{
	char name[96];

	snprintf(name, sizeof(name), "life.%s.%s", what, mode_names[mode]);
	count_many(name, op, a, b, SAMPLES);
}

static void life_child(void *mode_)
{
	enum mode mode = *(enum mode *)mode_;
	bench_op getpid_entry = vdso_find("getpid");
	bench_op one_call = getpid_entry ? getpid_entry : bench_call;

	be_fifo();
	if (mode == MODE_PROMOTED && !get_promoted())
		exit(1);
	named("fork_exit", mode, family, WHAT_EXIT, 0);
	named("fork_exec_exit", mode, family, WHAT_EXEC, 0);
	named("fork_call_exit", mode, family, WHAT_CALL, (long)one_call);
	named("thread", mode, thread, 0, 0);
}

void topic_life(enum mode mode)
{
	if (mode == MODE_ONE || (mode == MODE_PROMOTED && !vdso_find("getpid")))
		return;
	in_child(life_child, &mode);
}
