// SPDX-License-Identifier: GPL-2.0
/* The count of one operation, and the pause between two counts. */
#include "bench.h"

#include <stddef.h>
#include <time.h>

static __attribute__((noinline)) uint64_t count_raw(bench_op op, long a, long b)
{
	uint64_t begin = counter();

	op(a, b);
	return counter() - begin;
}

/* The instructions that count_raw() adds to @op: an empty function is one return. */
static uint64_t overhead(void)
{
	static uint64_t least;

	for (int i = 0; !least || i < 16; i++) {
		uint64_t now = count_raw(bench_nothing, 0, 0);

		if (!least || now < least)
			least = now;
		if (i >= 16)
			break;
	}
	return least - 1;
}

uint64_t count_once(bench_op op, long a, long b)
{
	static uint64_t around;

	if (!around)
		around = overhead();
	return count_raw(op, a, b) - around;
}

/* Sleeps for 3 ms, so that kernel threads run between two counts and not within one. */
void sleep_briefly(void)
{
	const struct timespec time = { .tv_nsec = 3000000 };

	nanosleep(&time, NULL);
}
