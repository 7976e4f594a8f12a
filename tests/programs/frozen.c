// SPDX-License-Identifier: MIT
/*
 * A program to be dumped and restored, at whatever instruction it is.
 *
 *	frozen FILE
 *
 * Threads compare each entry with its system call, and the CPU clocks with theirs,
 * and FILE says ten times a second how often, how many answers were wrong, and which
 * check was the last to find one, counted from 1.
 *
 * A restore has a parent and CPU clocks of its own. It may come between any two
 * calls, so there are two system calls about each answer: it has to agree with one of
 * them, or to lie between them if they tell that the clock is still the same.
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

/* The slowest thread's number, so that each of them has to go on. */
static long all_did(void)
{
	long least = atomic_load(&rounds[0]);

	for (int i = 1; i < THREADS; i++) {
		long did = atomic_load(&rounds[i]);

		if (did < least)
			least = did;
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
		int n = snprintf(text, sizeof(text), "%012ld %012ld %012ld\n", all_did(),
				 atomic_load(&wrong), atomic_load(&last));

		/* In one piece and of one length: it can be read and dumped any time. */
		if (file < 0 || pwrite(file, text, n, 0) != n || close(file))
			return 2;
		usleep(100 * 1000);
	}
}
