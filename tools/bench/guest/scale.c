// SPDX-License-Identifier: GPL-2.0
/* The same costs with more threads and more CPUs. */
#define _GNU_SOURCE
#include "bench.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALLS	64
#define MOST	64

struct crowd {
	unsigned int n;
	bool promoted, spread;
	bench_op call;
	pthread_barrier_t begin, end;
	volatile uint64_t left;
	volatile unsigned int running;
	pthread_mutex_t lock;
	struct samples calls, system, switches;
};

/* From the yield of the one to the next instruction of the other. */
static void yields(struct crowd *crowd, struct samples *mine)
{
	for (int i = 0; i < CALLS; i++) {
		uint64_t left;

		crowd->left = counter();
		sched_yield();
		left = crowd->left;
		samples_add(mine, counter() - left);
	}
}

static void merge(struct samples *all, struct samples *mine)
{
	for (unsigned int i = 0; i < mine->n; i++)
		samples_add(all, mine->values[i]);
	free(mine->values);
}

static void calls(struct crowd *crowd, struct samples *answered, struct samples *system)
{
	for (int i = 0; i < CALLS; i++) {
		if (crowd->call && crowd->promoted)
			samples_add(answered, count_once(crowd->call, 0, 0));
		samples_add(system, count_once(bench_call, __NR_getpid, 0));
	}
}

struct member {
	struct crowd *crowd;
	int cpu;
};

static void *member(void *arg)
{
	struct member *me = arg;
	struct crowd *crowd = me->crowd;
	struct samples mine[3] = { samples_new(CALLS), samples_new(CALLS), samples_new(CALLS) };

	pin(me->cpu);
	if (crowd->promoted && !get_promoted())
		exit(1);
	pthread_barrier_wait(&crowd->begin);
	calls(crowd, &mine[0], &mine[1]);
	pthread_barrier_wait(&crowd->end);
	if (!crowd->spread && crowd->n > 1)
		yields(crowd, &mine[2]);
	pthread_mutex_lock(&crowd->lock);
	merge(&crowd->calls, &mine[0]);
	merge(&crowd->system, &mine[1]);
	merge(&crowd->switches, &mine[2]);
	pthread_mutex_unlock(&crowd->lock);
	return NULL;
}

static void report(struct crowd *crowd, const char *kind)
{
	const char *state = mode_names[crowd->promoted ? MODE_PROMOTED : MODE_ENABLED];
	char name[96];

	snprintf(name, sizeof(name), "scale.%s.%u.answered", kind, crowd->n);
	samples_report(&crowd->calls, name);
	snprintf(name, sizeof(name), "scale.%s.%u.syscall_%s", kind, crowd->n, state);
	samples_report(&crowd->system, name);
	snprintf(name, sizeof(name), "scale.%s.%u.switch_%s", kind, crowd->n, state);
	samples_report(&crowd->switches, name);
}

static void crowd_child(void *arg)
{
	struct crowd *crowd = arg;
	struct member members[MOST];
	pthread_t threads[MOST];

	be_fifo();
	crowd->call = vdso_find("getpid");
	crowd->calls = samples_new(crowd->n * CALLS);
	crowd->system = samples_new(crowd->n * CALLS);
	crowd->switches = samples_new(crowd->n * CALLS);
	pthread_mutex_init(&crowd->lock, NULL);
	pthread_barrier_init(&crowd->begin, NULL, crowd->n);
	pthread_barrier_init(&crowd->end, NULL, crowd->n);
	for (unsigned int i = 0; i < crowd->n; i++) {
		members[i] = (struct member){ crowd, crowd->spread ? (int)i : 0 };
		if (pthread_create(&threads[i], NULL, member, &members[i]))
			exit(1);
	}
	for (unsigned int i = 0; i < crowd->n; i++)
		pthread_join(threads[i], NULL);
	report(crowd, crowd->spread ? "cpus" : "threads");
}

static void crowd(unsigned int n, enum mode mode, bool spread)
{
	struct crowd crowd = { .n = n, .promoted = mode == MODE_PROMOTED, .spread = spread };

	if (crowd.promoted && !vdso_find("getpid"))
		return;
	in_child(crowd_child, &crowd);
}

void topic_threads(enum mode mode)
{
	for (unsigned int n = 1; n <= MOST; n *= 4)
		crowd(n, mode, false);
}

void topic_cpus(enum mode mode)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	if (n < 1 || n > MOST) {
		fprintf(stderr, "%ld CPUs\n", n);
		exit(1);
	}
	crowd(n, mode, true);
}
