// SPDX-License-Identifier: GPL-2.0
/*
 * Two tasks on one CPU send a byte back and forth through two pipes: two context
 * switches per round. With SCHED_FIFO a wakeup does not preempt, so each round is the
 * same: write, block in read, switch, and the same on the other side.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ROUNDS	400

struct pingpong {
	const char *name;
	enum mode mode;
	bool fair;
	int ping[2], pong[2];
};

static void pass_byte(int from, int to, bool first)
{
	char c = 0;

	if (first && write(to, &c, 1) != 1)
		exit(1);
	if (read(from, &c, 1) != 1)
		exit(1);
	if (!first && write(to, &c, 1) != 1)
		exit(1);
}

static long ping(long pingpong_, long ignored)
{
	struct pingpong *pingpong = (struct pingpong *)pingpong_;

	(void)ignored;
	pass_byte(pingpong->pong[0], pingpong->ping[1], true);
	return 0;
}

/* Gets records, in MODE_CPUTIME also an exposed CPU time, for the calling task. */
static void get_records(const struct pingpong *pingpong)
{
	if (!(pingpong->mode == MODE_CPUTIME ? expose_cputime() : get_promoted())) {
		fprintf(stderr, "bench: %s: the vDSO does not answer\n", pingpong->name);
		exit(1);
	}
}

/* Makes as many rounds as count_many(): its warm-up, then the samples. */
static void *pong(void *pingpong_)
{
	struct pingpong *pingpong = pingpong_;

	if (pingpong->mode >= MODE_PROMOTED)
		get_records(pingpong);
	for (unsigned int i = 0; i < ROUNDS + ROUNDS / 8 + 2; i++)
		pass_byte(pingpong->ping[0], pingpong->pong[1], false);
	return NULL;
}

static void open_pipes(struct pingpong *pingpong)
{
	if (pipe(pingpong->ping) || pipe(pingpong->pong)) {
		perror("pipe");
		exit(1);
	}
}

static void pong_process(void *pingpong)
{
	pong(pingpong);
}

static void processes(void *pingpong_)
{
	struct pingpong *pingpong = pingpong_;
	pid_t other;

	if (!pingpong->fair)
		set_fifo();
	open_pipes(pingpong);
	other = start_child(pong_process, pingpong);
	if (pingpong->mode >= MODE_ONE)
		get_records(pingpong);
	count_many(pingpong->name, ping, (long)pingpong, 0, ROUNDS);
	wait_child(other);
}

static void threads(void *pingpong_)
{
	struct pingpong *pingpong = pingpong_;
	pthread_t other;

	if (!pingpong->fair)
		set_fifo();
	open_pipes(pingpong);
	if (pingpong->mode >= MODE_ONE)
		get_records(pingpong);
	if (pthread_create(&other, NULL, pong, pingpong))
		exit(1);
	count_many(pingpong->name, ping, (long)pingpong, 0, ROUNDS);
	pthread_join(other, NULL);
}

static void count_switches(const char *kind, void (*run)(void *),
			   enum mode mode, bool fair)
{
	struct pingpong pingpong = { .mode = mode, .fair = fair };
	char name[96];

	snprintf(name, sizeof(name), "switch.%s%s.%s", kind, fair ? "_fair" : "",
		 mode_names[mode]);
	pingpong.name = name;
	run_in_child(run, &pingpong);
}

void topic_switch(enum mode mode)
{
	bool entries = vdso_find("getpid");

	if (mode > MODE_ENABLED && !entries)
		return;
	count_switches("processes", processes, mode, false);
	count_switches("threads", threads, mode, false);
	count_switches("processes", processes, mode, true);
}
