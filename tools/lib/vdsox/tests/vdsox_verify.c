// SPDX-License-Identifier: MIT
/*
 * Compares libvdsox with the system calls of the running kernel, and counts fallbacks.
 *
 *	vdsox_verify		compare each call with its system call, before and after
 *				fork(), without and with a record
 *	vdsox_verify count N	call each record entry N times with a record, and print
 *				the increase of each fallback counter of the kernel, and
 *				the number of context switches of the program meanwhile
 *
 * Exit status: 0 good, 1 an answer differs, 2 usage, or the counters cannot be read.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vdsox.h>

#include "vdsox_calls.h"

#define STATS		"/sys/kernel/debug/vdso_task/stats"
#define WARMING_CALLS	4096
#define MAX_COUNTERS	64

/* A record entry; both functions return the answer as long. */
struct record_call {
	const char *name;
	long nr;
	long (*by_library)(void);
	long (*by_syscall)(void);
};

/* Both results are converted through the answer's type, so that they are comparable. */
#define TWO_SIDES_RECORD(name, nr, result)                                       \
	static long name##_by_library(void)                                    \
	{                                                                      \
		return (long)vdsox_##name();                                   \
	}                                                                      \
	static long name##_by_syscall(void)                                    \
	{                                                                      \
		return (long)(result)syscall(nr);                              \
	}
#define TWO_SIDES_CODE(name, nr, result)
#define TWO_SIDES_BASE(name, nr, result)
#define TWO_SIDES(name, NAME, KIND, symbol, version, nr, result, shown,        \
		  passed, all, sent)                                           \
	TWO_SIDES_##KIND(name, nr, result)
VDSOX_CALLS(TWO_SIDES)

#define ROW_RECORD(name, nr) { #name, nr, name##_by_library, name##_by_syscall },
#define ROW_CODE(name, nr)
#define ROW_BASE(name, nr)
#define ROW(name, NAME, KIND, symbol, version, nr, result, shown, passed, all, \
	    sent)                                                              \
	ROW_##KIND(name, nr)
static const struct record_call calls[] = { VDSOX_CALLS(ROW) };

#define NR_CALLS	(sizeof(calls) / sizeof(calls[0]))

struct counter {
	char key[48];
	long value;
};

/* Prints the answers that differ, with @when, and returns their number. */
static int compare_ids(const char *when)
{
	int bad = 0;
	size_t i;

	for (i = 0; i < NR_CALLS; i++) {
		long expected = calls[i].by_syscall();
		long found = calls[i].by_library();

		if (found == expected)
			continue;
		printf("%s: %s is %ld, the system call returns %ld\n", when,
		       calls[i].name, found, expected);
		bad++;
	}
	return bad;
}

/* Pinned to one CPU: both must return that CPU and its node. */
static int compare_cpu(const char *when)
{
	unsigned int cpu = ~0u, node = ~0u, cpu2 = ~0u, node2 = ~0u;
	cpu_set_t old, one;
	int bad = 0;

	if (sched_getaffinity(0, sizeof(old), &old))
		return 0;
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		return 0;
	if (vdsox_getcpu(&cpu, &node) || syscall(SYS_getcpu, &cpu2, &node2, NULL) ||
	    cpu != cpu2 || node != node2 || vdsox_getcpu(NULL, NULL)) {
		printf("%s: getcpu is %u on node %u, the system call returns %u on %u\n",
		       when, cpu, node, cpu2, node2);
		bad = 1;
	}
	sched_setaffinity(0, sizeof(old), &old);
	return bad;
}

static int compare(const char *when)
{
	return compare_ids(when) + compare_cpu(when);
}

static void warm_up(void)
{
	size_t i, n;

	for (i = 0; i < NR_CALLS; i++)
		for (n = 0; n < WARMING_CALLS; n++)
			calls[i].by_library();
}

static int compare_in_child(const char *when)
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		int bad = compare(when);

		warm_up();
		bad += compare(when);
		exit(bad ? 1 : 0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status) {
		printf("%s: status %#x\n", when, status);
		return 1;
	}
	return 0;
}

static int verify(void)
{
	unsigned int i;
	int bad;

	for (i = 0; i < vdsox_entry_count(); i++)
		printf("%s: %s\n", vdsox_entry_name((enum vdsox_entry)i),
		       vdsox_entry_source((enum vdsox_entry)i) ==
		       VDSOX_SOURCE_VDSO ? "vdso" : "syscall");
	bad = compare("without a record");
	bad += compare_in_child("child of a process without a record");
	warm_up();
	bad += compare("with a record");
	bad += compare_in_child("child of a process with a record");
	bad += compare("after fork");
	printf("%d differences\n", bad);
	return bad ? 1 : 0;
}

/* Returns the number of fallback counters; -1 if they cannot be read. */
static int read_counters(struct counter *counters)
{
	FILE *f = fopen(STATS, "r");
	int n = 0;

	if (!f)
		return -1;
	while (n < MAX_COUNTERS &&
	       fscanf(f, "%47s %ld", counters[n].key, &counters[n].value) == 2)
		if (!strncmp(counters[n].key, "fallback_", strlen("fallback_")))
			n++;
	fclose(f);
	return n;
}

static long switches(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_THREAD, &usage)) {
		perror("getrusage");
		exit(2);
	}
	return usage.ru_nvcsw + usage.ru_nivcsw;
}

static int count_one(const struct record_call *call, long times)
{
	struct counter before[MAX_COUNTERS], after[MAX_COUNTERS];
	long expected = call->by_syscall(), switched = switches(), n, bad = 0;
	int i, counters = read_counters(before);

	for (n = 0; n < times; n++)
		bad += call->by_library() != expected;
	if (counters < 0 || read_counters(after) != counters) {
		perror(STATS);
		return 2;
	}
	printf("%s calls=%ld different=%ld switches=%ld", call->name, times, bad,
	       switches() - switched);
	for (i = 0; i < counters; i++)
		printf(" %s=%ld", after[i].key,
		       after[i].value - before[i].value);
	printf("\n");
	return bad ? 1 : 0;
}

static int count(long times)
{
	int worst = 0;
	size_t i;

	warm_up();
	for (i = 0; i < NR_CALLS; i++) {
		int status = count_one(&calls[i], times);

		if (status > worst)
			worst = status;
	}
	return worst;
}

int main(int argc, char **argv)
{
	char *end = NULL;
	long times;

	if (argc == 1)
		return verify();
	if (argc == 3 && !strcmp(argv[1], "count")) {
		times = strtol(argv[2], &end, 10);
		if (times > 0 && !*end)
			return count(times);
	}
	fprintf(stderr, "usage: vdsox_verify [count N]\n");
	return 2;
}
