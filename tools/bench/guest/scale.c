// SPDX-License-Identifier: GPL-2.0
/* The costs of calls and switches with more threads and more CPUs. */
#define _GNU_SOURCE
#include "bench.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALLS	64
#define MAX_THREADS	64

struct thread_set {
	unsigned int n;
	bool promoted, spread;
	bench_op call;
	pthread_barrier_t begin, end;
	volatile uint64_t left;
	pthread_mutex_t lock;
	struct samples calls, system, switches;
};

/* Counts from one thread's sched_yield() to the next instruction of another. */
static void yields(struct thread_set *set, struct samples *mine)
{
	for (int i = 0; i < CALLS; i++) {
		uint64_t left;

		set->left = counter();
		sched_yield();
		left = set->left;
		samples_add(mine, counter() - left);
	}
}

static void merge(struct samples *all, struct samples *mine)
{
	for (unsigned int i = 0; i < mine->n; i++)
		samples_add(all, mine->values[i]);
	free(mine->values);
}

static void calls(struct thread_set *set, struct samples *answered, struct samples *system)
{
	for (int i = 0; i < CALLS; i++) {
		if (set->call && set->promoted)
			samples_add(answered, count_once(set->call, 0, 0));
		samples_add(system, count_once(bench_call, __NR_getpid, 0));
	}
}

struct worker {
	struct thread_set *set;
	int cpu;
};

static void *worker(void *arg)
{
	struct worker *me = arg;
	struct thread_set *set = me->set;
	struct samples mine[3] = { samples_new(CALLS), samples_new(CALLS), samples_new(CALLS) };

	pin(me->cpu);
	if (set->promoted && !get_promoted())
		exit(1);
	pthread_barrier_wait(&set->begin);
	calls(set, &mine[0], &mine[1]);
	pthread_barrier_wait(&set->end);
	if (!set->spread && set->n > 1)
		yields(set, &mine[2]);
	pthread_mutex_lock(&set->lock);
	merge(&set->calls, &mine[0]);
	merge(&set->system, &mine[1]);
	merge(&set->switches, &mine[2]);
	pthread_mutex_unlock(&set->lock);
	return NULL;
}

static void report(struct thread_set *set, const char *kind)
{
	const char *state = mode_names[set->promoted ? MODE_PROMOTED : MODE_ENABLED];
	char name[96];

	snprintf(name, sizeof(name), "scale.%s.%u.answered", kind, set->n);
	samples_report(&set->calls, name);
	snprintf(name, sizeof(name), "scale.%s.%u.syscall_%s", kind, set->n, state);
	samples_report(&set->system, name);
	snprintf(name, sizeof(name), "scale.%s.%u.switch_%s", kind, set->n, state);
	samples_report(&set->switches, name);
}

static void thread_set_child(void *arg)
{
	struct thread_set *set = arg;
	struct worker workers[MAX_THREADS];
	pthread_t threads[MAX_THREADS];

	set_fifo();
	set->call = vdso_find("getpid");
	set->calls = samples_new(set->n * CALLS);
	set->system = samples_new(set->n * CALLS);
	set->switches = samples_new(set->n * CALLS);
	pthread_mutex_init(&set->lock, NULL);
	pthread_barrier_init(&set->begin, NULL, set->n);
	pthread_barrier_init(&set->end, NULL, set->n);
	for (unsigned int i = 0; i < set->n; i++) {
		workers[i] = (struct worker){ set, set->spread ? (int)i : 0 };
		if (pthread_create(&threads[i], NULL, worker, &workers[i]))
			exit(1);
	}
	for (unsigned int i = 0; i < set->n; i++)
		pthread_join(threads[i], NULL);
	report(set, set->spread ? "cpus" : "threads");
}

static void count_threads(unsigned int n, enum mode mode, bool spread)
{
	struct thread_set set = { .n = n, .promoted = mode == MODE_PROMOTED, .spread = spread };

	if (set.promoted && !vdso_find("getpid"))
		return;
	run_in_child(thread_set_child, &set);
}

void topic_threads(enum mode mode)
{
	for (unsigned int n = 1; n <= MAX_THREADS; n *= 4)
		count_threads(n, mode, false);
}

void topic_cpus(enum mode mode)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	if (n < 1 || n > MAX_THREADS) {
		fprintf(stderr, "%ld CPUs\n", n);
		exit(1);
	}
	count_threads(n, mode, true);
}
