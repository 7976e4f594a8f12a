// SPDX-License-Identifier: GPL-2.0
/* Many processes with records of their own: what each takes, and whether all pay. */
#define _GNU_SOURCE
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MOST	1000
#define CALLS	4
#define FEW_CALLS	3

/* The parent writes @step; each child counts up @done when it has taken it. */
struct hall {
	volatile int step;
	volatile int done;
	uint64_t calls[MOST][CALLS];
	unsigned int at;
};

static struct hall *hall;

static void wait_step(int step)
{
	while (hall->step < step)
		usleep(50000);
}

static void step_done(void)
{
	__atomic_add_fetch(&hall->done, 1, __ATOMIC_SEQ_CST);
}

/* Every program looks at the clock: what that touches is not ours. */
static void resident(void *arg)
{
	unsigned int me = *(unsigned int *)arg;
	bench_op clock = vdso_find("clock_gettime"), entry = vdso_find("getpid");
	struct timespec time;

	clock(CLOCK_MONOTONIC, (long)&time);
	count_once(bench_nothing, 0, 0);
	count_once(bench_call, __NR_getpid, 0);
	step_done();
	wait_step(1);
	for (int i = 0; i < FEW_CALLS; i++)
		entry(0, 0);
	step_done();
	wait_step(2);
	get_promoted();
	for (int i = 0; i < CALLS; i++)
		hall->calls[me][i] = count_once(entry, 0, 0);
	step_done();
	wait_step(3);
}

static void next_step(int step, unsigned int n)
{
	hall->done = 0;
	hall->step = step;
	while (hall->done < (int)n)
		rest();
	rest();
	rest();
}

/* The sum of the numbers in lines of a form, which a file of the kernel has. */
static long sum_of(const char *path, const char *form)
{
	FILE *file = fopen(path, "re");
	char line[256];
	long sum = 0, one;

	if (!file) {
		perror(path);
		exit(1);
	}
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, form, &one) == 1)
			sum += one;
	fclose(file);
	return sum;
}

/* Free pages, those on the lists of a CPU among them. */
static long free_bytes(void)
{
	return sum_of("/proc/meminfo", "MemFree: %ld kB") * 1024 +
	       sum_of("/proc/zoneinfo", " count: %ld") * sysconf(_SC_PAGESIZE);
}

static void figures(unsigned int n, const long *before, const long *few, const long *promoted)
{
	struct samples calls = samples_new(n * CALLS);
	char name[96];

	for (unsigned int i = 0; i < n; i++)
		for (int j = 0; j < CALLS; j++)
			samples_add(&calls, hall->calls[i][j]);
	snprintf(name, sizeof(name), "scale.areas.%u.answered", n);
	samples_report(&calls, name);
	snprintf(name, sizeof(name), "scale.areas.%u.unpromoted_pages", n);
	report_value(name, "pages", (double)(few[1] - before[1]) / n);
	snprintf(name, sizeof(name), "scale.areas.%u.promoted_pages", n);
	report_value(name, "pages", (double)(promoted[1] - before[1]) / n);
	snprintf(name, sizeof(name), "scale.areas.%u.unpromoted_bytes", n);
	report_value(name, "bytes", (double)(before[0] - few[0]) / n);
	snprintf(name, sizeof(name), "scale.areas.%u.promoted_bytes", n);
	report_value(name, "bytes", (double)(few[0] - promoted[0]) / n);
}

static void take(long *values)
{
	values[0] = free_bytes();
	values[1] = stat_value("pages");
}

static void full_house(unsigned int n)
{
	long before[2], few[2], promoted[2];
	static unsigned int ids[MOST];
	static pid_t children[MOST];

	hall->step = 0;
	hall->done = 0;
	for (unsigned int i = 0; i < n; i++) {
		ids[i] = i;
		children[i] = start(resident, &ids[i]);
	}
	while (hall->done < (int)n)
		rest();
	rest();
	take(before);
	next_step(1, n);
	take(few);
	next_step(2, n);
	take(promoted);
	hall->step = 3;
	for (unsigned int i = 0; i < n; i++)
		finish(children[i]);
	figures(n, before, few, promoted);
}

static void full_houses(void *arg)
{
	(void)arg;
	hall = share(sizeof(*hall));
	for (unsigned int n = 1; n <= MOST; n *= 10)
		full_house(n);
}

void topic_areas(enum mode mode)
{
	if (mode == MODE_PROMOTED && vdso_find("getpid"))
		in_child(full_houses, NULL);
}
