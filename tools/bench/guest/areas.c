// SPDX-License-Identifier: GPL-2.0
/* Many processes with records: memory per process, and the cost of a call in each. */
#define _GNU_SOURCE
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MAX_PROCESSES	1000
#define CALLS	4
#define FEW_CALLS	3

/* The parent writes @step; each child increments @done when it completes the step. */
struct area_run {
	volatile int step;
	volatile int done;
	uint64_t calls[MAX_PROCESSES][CALLS];
};

static struct area_run *run;

static void wait_step(int step)
{
	while (run->step < step)
		usleep(50000);
}

static void step_done(void)
{
	__atomic_add_fetch(&run->done, 1, __ATOMIC_SEQ_CST);
}

/* Reads the clock first: the pages that this touches do not count as the area's. */
static void area_child(void *arg)
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
		run->calls[me][i] = count_once(entry, 0, 0);
	step_done();
	wait_step(3);
}

static void next_step(int step, unsigned int n)
{
	run->done = 0;
	run->step = step;
	while (run->done < (int)n)
		sleep_briefly();
	sleep_briefly();
	sleep_briefly();
}

/* The sum of the numbers in those lines of a file that match @form. */
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

/* Free memory, including the pages on per-CPU lists. */
static long free_bytes(void)
{
	return sum_of("/proc/meminfo", "MemFree: %ld kB") * 1024 +
	       sum_of("/proc/zoneinfo", " count: %ld") * sysconf(_SC_PAGESIZE);
}

static void report_areas(unsigned int n, const long *before, const long *few,
			 const long *promoted)
{
	struct samples calls = samples_new(n * CALLS);
	char name[96];

	for (unsigned int i = 0; i < n; i++)
		for (int j = 0; j < CALLS; j++)
			samples_add(&calls, run->calls[i][j]);
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

static void snapshot(long *values)
{
	values[0] = free_bytes();
	values[1] = stat_value("pages");
}

static void count_areas(unsigned int n)
{
	long before[2], few[2], promoted[2];
	static unsigned int ids[MAX_PROCESSES];
	static pid_t children[MAX_PROCESSES];

	run->step = 0;
	run->done = 0;
	for (unsigned int i = 0; i < n; i++) {
		ids[i] = i;
		children[i] = start_child(area_child, &ids[i]);
	}
	while (run->done < (int)n)
		sleep_briefly();
	sleep_briefly();
	snapshot(before);
	next_step(1, n);
	snapshot(few);
	next_step(2, n);
	snapshot(promoted);
	run->step = 3;
	for (unsigned int i = 0; i < n; i++)
		wait_child(children[i]);
	report_areas(n, before, few, promoted);
}

static void areas_child(void *arg)
{
	(void)arg;
	run = map_shared(sizeof(*run));
	for (unsigned int n = 1; n <= MAX_PROCESSES; n *= 10)
		count_areas(n);
}

void topic_areas(enum mode mode)
{
	if (mode == MODE_PROMOTED && vdso_find("getpid"))
		run_in_child(areas_child, NULL);
}
