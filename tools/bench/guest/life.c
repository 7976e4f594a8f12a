// SPDX-License-Identifier: GPL-2.0
/* Creation and exit of processes and threads. */
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

/* What a forked child does before it exits. */
enum action { ACTION_NONE, ACTION_EXEC, ACTION_CALL };

static void reap(pid_t child)
{
	int status;

	if (child < 0 || waitpid(child, &status, 0) != child || status)
		exit(1);
}

static long fork_child(long action, long entry)
{
	pid_t child = fork();

	if (child) {
		reap(child);
		return 0;
	}
	if (action == ACTION_CALL)
		((bench_op)entry)(__NR_getpid, 0);
	if (action == ACTION_EXEC)
		execl(EXIT_PROGRAM, EXIT_PROGRAM, (char *)NULL);
	_exit(action == ACTION_EXEC);
}

static void *empty_thread(void *arg)
{
	return arg;
}

static long create_and_join(long a, long b)
{
	pthread_t other;

	(void)a;
	(void)b;
	if (pthread_create(&other, NULL, empty_thread, NULL))
		exit(1);
	pthread_join(other, NULL);
	return 0;
}

static void count_life(const char *what, enum mode mode, bench_op op, long a, long b)
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

	set_fifo();
	if (mode == MODE_PROMOTED && !get_promoted())
		exit(1);
	count_life("fork_exit", mode, fork_child, ACTION_NONE, 0);
	count_life("fork_exec_exit", mode, fork_child, ACTION_EXEC, 0);
	count_life("fork_call_exit", mode, fork_child, ACTION_CALL, (long)one_call);
	count_life("thread", mode, create_and_join, 0, 0);
}

void topic_life(enum mode mode)
{
	if (mode == MODE_ONE || (mode == MODE_PROMOTED && !vdso_find("getpid")))
		return;
	run_in_child(life_child, &mode);
}
