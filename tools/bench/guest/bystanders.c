// SPDX-License-Identifier: GPL-2.0
/* Costs for processes that read no CPU-time clock in user mode while others do. */
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
#define MAX_THREADS	256
#define ORPHANS	64
#define EXITS	16

struct process {
	unsigned int n;
	enum mode mode;
	pthread_barrier_t ready;
};

static void *sleeper(void *process_)
{
	struct process *process = process_;

	pthread_barrier_wait(&process->ready);
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

static void count_call(const char *what, const struct process *process,
		       bench_op op, long a, long b)
{
	char name[96];

	snprintf(name, sizeof(name), "kernel.%s_%u.%s", what, process->n,
		 mode_names[process->mode]);
	count_many(name, op, a, b, SAMPLES);
}

static void start_sleepers(struct process *process)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 << 10);
	pthread_barrier_init(&process->ready, NULL, process->n);
	for (unsigned int i = 1; i < process->n; i++)
		if (pthread_create(&thread, &attr, sleeper, process))
			exit(1);
	pthread_barrier_wait(&process->ready);
	sleep_briefly();
}

/* Whether more than a few ticks have passed, at any tick rate. */
static bool is_long_since(const struct timespec *begin)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - begin->tv_sec) * 1000000000 + now.tv_nsec - begin->tv_nsec >
	       50000000;
}

/*
 * Runs until ticks have accounted both user and system time to the thread: from then on
 * cputime_adjust() scales the two, which takes a call more instructions.
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

static void process_child(void *process_)
{
	struct process *process = process_;
	struct timespec time;
	struct rusage usage;
	struct tms tms;

	start_sleepers(process);
	if (process->mode == MODE_PROMOTED && !get_promoted())
		exit(1);
	use_both_times();
	/* With records, the kernel handles this system call as a fallback. */
	if (process->mode != MODE_PROMOTED)
		count_call("process_clock", process, bench_clock_call,
			   CLOCK_PROCESS_CPUTIME_ID, (long)&time);
	count_call("rusage", process, rusage, RUSAGE_SELF, (long)&usage);
	count_call("rusage_thread", process, rusage, RUSAGE_THREAD, (long)&usage);
	count_call("times", process, process_times, (long)&tms, 0);
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
		start_child(orphan, NULL);
	sleep_briefly();
	*(uint64_t *)left = counter();
}

static void end_orphans(void)
{
	signal(SIGTERM, SIG_IGN);
	kill(0, SIGTERM);
	while (wait(NULL) > 0)
		;
}

/* Counts from a process's exit to the return of wait in its parent, the subreaper. */
static void exits_child(void *mode_)
{
	struct samples samples = samples_new(EXITS);
	uint64_t *left = map_shared(sizeof(*left));
	char name[96];

	set_fifo();
	setpgid(0, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	for (unsigned int i = 0; i < EXITS; i++) {
		pid_t child = start_child(parent, left);

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
	for (unsigned int n = 1; n <= MAX_THREADS; n *= 16) {
		struct process process = { .n = n, .mode = mode };

		run_in_child(process_child, &process);
	}
	if (mode != MODE_PROMOTED)
		run_in_child(exits_child, &mode);
}
