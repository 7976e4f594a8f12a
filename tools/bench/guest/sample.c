// SPDX-License-Identifier: GPL-2.0
/*
 * Samples of one operation. A tick, a softirq or a refill of an allocator during a
 * sample only adds instructions, so the lower quartile of many samples is the count of
 * the operation alone.
 */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>

struct samples samples_new(unsigned int room)
{
	struct samples samples = { .values = calloc(room, sizeof(uint64_t)), .room = room };

	if (!samples.values) {
		perror("samples");
		exit(1);
	}
	return samples;
}

void samples_add(struct samples *samples, uint64_t value)
{
	if (samples->n < samples->room)
		samples->values[samples->n++] = value;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t lower_quartile(struct samples *samples)
{
	qsort(samples->values, samples->n, sizeof(uint64_t), compare);
	return samples->n ? samples->values[samples->n / 4] : 0;
}

/* Prints NAME UNIT VALUE MIN MAX SAMPLES; nothing if there are no samples. */
void samples_report(struct samples *samples, const char *name)
{
	uint64_t value = lower_quartile(samples);

	if (samples->n) {
		printf("%s instructions %llu %llu %llu %u\n", name,
		       (unsigned long long)value,
		       (unsigned long long)samples->values[0],
		       (unsigned long long)samples->values[samples->n - 1], samples->n);
		fflush(stdout);
	}
	free(samples->values);
	samples->values = NULL;
}

void report_value(const char *name, const char *unit, double value)
{
	printf("%s %s %.3f %.3f %.3f 1\n", name, unit, value, value, value);
	fflush(stdout);
}

void count_many(const char *name, bench_op op, long a, long b, unsigned int n)
{
	struct samples samples = samples_new(n);

	for (unsigned int i = 0; i < n / 8 + 2; i++)
		count_once(op, a, b);
	for (unsigned int i = 0; i < n; i++) {
		samples_add(&samples, count_once(op, a, b));
		if (i % 16 == 15)
			sleep_briefly();
	}
	samples_report(&samples, name);
}
