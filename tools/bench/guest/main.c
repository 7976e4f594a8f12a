// SPDX-License-Identifier: GPL-2.0
/*
 * bench TOPIC...: counts instructions and prints a line per case:
 *
 *	NAME UNIT VALUE MIN MAX SAMPLES
 *
 * MODE_OFF runs first: the first touch of an area enables the static key until reboot.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <sys/resource.h>

static const struct {
	const char *name;
	void (*run)(enum mode mode);
	enum mode first, last;
} topics[] = {
	{ "entries", topic_entries, MODE_OFF, MODE_ENABLED },
	{ "clocks", topic_clocks, MODE_ENABLED, MODE_ENABLED },
	{ "denied", topic_denied, MODE_ENABLED, MODE_ENABLED },
	{ "switch", topic_switch, MODE_OFF, MODE_CPUTIME },
	{ "life", topic_life, MODE_OFF, MODE_PROMOTED },
	{ "memory", topic_memory, MODE_OFF, MODE_PROMOTED },
	{ "kernel", topic_kernel, MODE_OFF, MODE_PROMOTED },
	{ "bystanders", topic_bystanders, MODE_OFF, MODE_PROMOTED },
	{ "threads", topic_threads, MODE_PROMOTED, MODE_PROMOTED },
	{ "cpus", topic_cpus, MODE_PROMOTED, MODE_PROMOTED },
	{ "areas", topic_areas, MODE_PROMOTED, MODE_PROMOTED },
};

/* Reads IDs and CPU-time clocks: later modes run with all static keys enabled. */
static void enable(void *arg)
{
	bench_op clock = vdso_find("clock_gettime");
	struct timespec time;

	(void)arg;
	get_promoted();
	for (int i = 0; clock && i < 100; i++) {
		clock(CLOCK_THREAD_CPUTIME_ID, (long)&time);
		clock(CLOCK_PROCESS_CPUTIME_ID, (long)&time);
	}
}

static bool is_selected(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return false;
}

static bool are_topics(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		size_t at = 0;

		while (at < ARRAY_SIZE(topics) && strcmp(argv[i], topics[at].name))
			at++;
		if (at == ARRAY_SIZE(topics)) {
			fprintf(stderr, "bench: no topic '%s'\n", argv[i]);
			return false;
		}
	}
	return true;
}

int main(int argc, char **argv)
{
	if (!are_topics(argc, argv))
		return 2;
	pin(0);
	write_text("/proc/sys/kernel/sched_rt_runtime_us", "-1");
	for (enum mode mode = MODE_OFF; mode < NR_MODES; mode++) {
		if (mode == MODE_ENABLED)
			run_in_child(enable, NULL);
		for (size_t i = 0; i < ARRAY_SIZE(topics); i++)
			if (is_selected(topics[i].name, argc, argv) &&
			    topics[i].first <= mode && mode <= topics[i].last)
				topics[i].run(mode);
	}
	printf("end - 0 0 0 0\n");
	return 0;
}
