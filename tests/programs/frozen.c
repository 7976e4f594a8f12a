// SPDX-License-Identifier: MIT
/*
 * A program that is dumped and restored at any instruction.
 *
 *	frozen FILE
 *
 * Threads compare each entry, and the CPU clocks, with the system calls. Ten times
 * a second the rounds of the slowest thread, the number of wrong answers and the
 * check that found the last one, counted from 1, are written to FILE.
 *
 * After a restore the parent and the CPU clocks are others. It may happen between any
 * two calls, so two system calls bracket each answer: it has to equal one of them, or
 * lie between them unless the second is smaller, as after a restore.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <vdsox.h>

#include "vdsox_calls.h"

#define THREADS	4
#define NS	1000000000LL

static atomic_long rounds[THREADS], wrong, last;

static void check(bool good, int number)
{
	if (!good) {
		atomic_fetch_add(&wrong, 1);
		atomic_store(&last, number);
	}
}

#define DIFFERS_RECORD(name, nr, result)                               \
	{                                                            \
		result before = (result)syscall(nr);                 \
		result found = (result)vdsox_##name();               \
		result after = (result)syscall(nr);                  \
                                                                     \
		check(found == before || found == after, ++number);  \
	}
#define DIFFERS_CODE(name, nr, result)
#define DIFFERS_BASE(name, nr, result)
#define DIFFERS(name, NAME, KIND, symbol, version, nr, result, shown, passed, all, sent) \
	DIFFERS_##KIND(name, nr, result)

static long long by_syscall(clockid_t clock)
{
	struct timespec t;

	return syscall(SYS_clock_gettime, clock, &t) ? -1 : t.tv_sec * NS + t.tv_nsec;
}

static long long by_vdso(clockid_t clock)
{
	struct timespec t;

	return clock_gettime(clock, &t) ? -1 : t.tv_sec * NS + t.tv_nsec;
}

static bool in_order(clockid_t clock)
{
	long long before = by_syscall(clock);
	long long between = by_vdso(clock);
	long long after = by_syscall(clock);

	return before > after || (before <= between && between <= after);
}

static void *compare(void *arg)
{
	atomic_long *mine = arg;

	for (;;) {
		unsigned int cpu, node;
		int number = 0;

		VDSOX_CALLS(DIFFERS)
		check(!vdsox_getcpu(&cpu, &node), ++number);
		check(in_order(CLOCK_THREAD_CPUTIME_ID), ++number);
		check(in_order(CLOCK_PROCESS_CPUTIME_ID), ++number);
		check(in_order(CLOCK_MONOTONIC), ++number);
		if (atomic_fetch_add(mine, 1) % 64 == 0)
			usleep(1000);
	}
	return NULL;
}

/* The rounds of the slowest thread: every thread has to make progress. */
static long least_rounds(void)
{
	long least = atomic_load(&rounds[0]);

	for (int i = 1; i < THREADS; i++) {
		long count = atomic_load(&rounds[i]);

		if (count < least)
			least = count;
	}
	return least;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: frozen FILE\n");
		return 2;
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, compare, &rounds[i]))
			return 2;
	}
	for (;;) {
		char text[64];
		int file = open(argv[1], O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		int n = snprintf(text, sizeof(text), "%012ld %012ld %012ld\n",
				 least_rounds(), atomic_load(&wrong), atomic_load(&last));

		/* One write of fixed length: no reader or dump sees part of it. */
		if (file < 0 || pwrite(file, text, n, 0) != n || close(file))
			return 2;
		usleep(100 * 1000);
	}
}
