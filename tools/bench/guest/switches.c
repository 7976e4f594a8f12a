// SPDX-License-Identifier: GPL-2.0
/*
 * A byte that goes to and fro through two pipes, on one CPU: two context switches a
 * round. With SCHED_FIFO a wakeup does not preempt, so each round goes the same way:
 * write, block in read, switch, and the same on the other side.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ROUNDS	400

struct game {
	const char *name;
	enum mode mode;
	bool fair;
	int there[2], back[2];
	pthread_barrier_t ready;
};

static void byte(int from, int to, bool first)
{
	char c = 0;

	if (first && write(to, &c, 1) != 1)
		exit(1);
	if (read(from, &c, 1) != 1)
		exit(1);
	if (!first && write(to, &c, 1) != 1)
		exit(1);
}

static long ping(long game_, long ignored)
{
	struct game *game = (struct game *)game_;

	(void)ignored;
	byte(game->back[0], game->there[1], true);
	return 0;
}

/* Get what the mode says that a side has. */
static void join_in(const struct game *game)
{
	if (!(game->mode == MODE_CPUTIME ? expose_cputime() : get_promoted())) {
		fprintf(stderr, "bench: %s: no answers\n", game->name);
		exit(1);
	}
}

/* Rounds of warming up, of samples, and those of count_many() in addition. */
static void *pong(void *game_)
{
	struct game *game = game_;

	if (game->mode >= MODE_PROMOTED)
		join_in(game);
	for (unsigned int i = 0; i < ROUNDS + ROUNDS / 8 + 2; i++)
		byte(game->there[0], game->back[1], false);
	return NULL;
}

static void open_pipes(struct game *game)
{
	if (pipe(game->there) || pipe(game->back)) {
		perror("pipe");
		exit(1);
	}
}

static void pong_process(void *game)
{
	pong(game);
}

static void processes(void *game_)
{
	struct game *game = game_;
	pid_t other;

	if (!game->fair)
		be_fifo();
	open_pipes(game);
	other = start(pong_process, game);
	if (game->mode >= MODE_ONE)
		join_in(game);
	count_many(game->name, ping, (long)game, 0, ROUNDS);
	finish(other);
}

static void threads(void *game_)
{
	struct game *game = game_;
	pthread_t other;

	if (!game->fair)
		be_fifo();
	open_pipes(game);
	if (game->mode >= MODE_ONE)
		join_in(game);
	if (pthread_create(&other, NULL, pong, game))
		exit(1);
	count_many(game->name, ping, (long)game, 0, ROUNDS);
	pthread_join(other, NULL);
}

static void play(const char *kind, void (*run)(void *), enum mode mode, bool fair)
{
	struct game game = { .mode = mode, .fair = fair };
	char name[96];

	snprintf(name, sizeof(name), "switch.%s%s.%s", kind, fair ? "_fair" : "",
		 mode_names[mode]);
	game.name = name;
	in_child(run, &game);
}

void topic_switch(enum mode mode)
{
	bool entries = vdso_find("getpid");

	if (mode > MODE_ENABLED && !entries)
		return;
	play("processes", processes, mode, false);
	play("threads", threads, mode, false);
	play("processes", processes, mode, true);
}
