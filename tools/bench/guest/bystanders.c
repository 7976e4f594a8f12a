// SPDX-License-Identifier: GPL-2.0
/* What those pay who read no CPU-time clock in user mode, while others do. */
#define _GNU_SOURCE
#include "bench.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SAMPLES	48
#define MOST	256
#define ORPHANS	64
#define EXITS	16

struct crowd {
	unsigned int n;
	enum mode mode;
	pthread_barrier_t ready;
};

static void *sleeper(void *crowd_)
{
	struct crowd *crowd = crowd_;

	pthread_barrier_wait(&crowd->ready);
	pause();
	return NULL;
}

static long rusage(long who, long usage)
{
	return syscall(SYS_getrusage, who, usage);
}

static long process_times(long tms, long ignored)
{
	return syscall(SYS_times, tms, ignored);
}

static void named(const char *what, const struct crowd *crowd, bench_op op, long a, long b)
{
	char name[96];

	snprintf(name, sizeof(name), "kernel.%s_%u.%s", what, crowd->n,
		 mode_names[crowd->mode]);
	count_many(name, op, a, b, SAMPLES);
}

static void start_sleepers(struct crowd *crowd)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 << 10);
	pthread_barrier_init(&crowd->ready, NULL, crowd->n);
	for (unsigned int i = 1; i < crowd->n; i++)
		if (pthread_create(&thread, &attr, sleeper, crowd))
			exit(1);
	pthread_barrier_wait(&crowd->ready);
	rest();
}

/* Longer than a few ticks, whatever their rate. */
static bool is_long_since(const struct timespec *begin)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - begin->tv_sec) * 1000000000 + now.tv_nsec - begin->tv_nsec >
	       50000000;
}

/*
 * Until ticks have met the thread in user mode and in the kernel: from then on what it
 * used is divided between the two, in proportion, which takes a call more instructions.
 */
static void use_both_times(void)
{
	struct timespec begin;
	struct rusage usage;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	while (!is_long_since(&begin))
		for (volatile unsigned int i = 0; i < 100000; i++)
			;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	while (!is_long_since(&begin))
		for (unsigned int i = 0; i < 100; i++)
			rusage(RUSAGE_THREAD, (long)&usage);
}

static void crowd_child(void *crowd_)
{
	struct crowd *crowd = crowd_;
	struct timespec time;
	struct rusage usage;
	struct tms tms;

	start_sleepers(crowd);
	if (crowd->mode == MODE_PROMOTED && !get_promoted())
		exit(1);
	use_both_times();
	/* A call for its clock is one in place of an answer where there are records. */
	if (crowd->mode != MODE_PROMOTED)
		named("process_clock", crowd, bench_clock_call, CLOCK_PROCESS_CPUTIME_ID,
		      (long)&time);
	named("rusage", crowd, rusage, RUSAGE_SELF, (long)&usage);
	named("rusage_thread", crowd, rusage, RUSAGE_THREAD, (long)&usage);
	named("times", crowd, process_times, (long)&tms, 0);
}

/* --- a parent exits --- */

static void orphan(void *arg)
{
	(void)arg;
	pause();
}

static void parent(void *left)
{
	for (unsigned int i = 0; i < ORPHANS; i++)
		start(orphan, NULL);
	rest();
	*(uint64_t *)left = counter();
}

static void end_orphans(void)
{
	signal(SIGTERM, SIG_IGN);
	kill(0, SIGTERM);
	while (wait(NULL) > 0)
		;
}

/* From a parent's exit to its own parent's wait, who gets the children. */
static void exits_child(void *mode_)
{
	struct samples samples = samples_new(EXITS);
	uint64_t *left = share(sizeof(*left));
	char name[96];

	be_fifo();
	setpgid(0, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	for (unsigned int i = 0; i < EXITS; i++) {
		pid_t child = start(parent, left);

		if (waitpid(child, NULL, 0) != child)
			exit(1);
		samples_add(&samples, counter() - *left);
		end_orphans();
		signal(SIGTERM, SIG_DFL);
	}
	snprintf(name, sizeof(name), "scale.orphans.%u.exit_%s", ORPHANS,
		 mode_names[*(enum mode *)mode_]);
	samples_report(&samples, name);
}

void topic_bystanders(enum mode mode)
{
	if (mode == MODE_ONE || (mode == MODE_PROMOTED && !vdso_find("getpid")))
		return;
	for (unsigned int n = 1; n <= MOST; n *= 16) {
		struct crowd crowd = { .n = n, .mode = mode };

		in_child(crowd_child, &crowd);
	}
	if (mode != MODE_PROMOTED)
		in_child(exits_child, &mode);
}
