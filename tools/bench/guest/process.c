// SPDX-License-Identifier: GPL-2.0
/* Helpers of the topics: child processes, scheduling, and getting records. */
#define _GNU_SOURCE
#include "bench.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STATS	"/sys/kernel/debug/vdso_task/stats"

const char * const mode_names[NR_MODES] = {
	[MODE_OFF]	= "off",
	[MODE_ENABLED]	= "enabled",
	[MODE_ONE]	= "one",
	[MODE_PROMOTED]	= "promoted",
	[MODE_CPUTIME]	= "cputime",
};

bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return good;
}

/*
 * Calls an entry until this thread's record answers; false if none does. The first
 * touch since boot enables the static key asynchronously, by a work item.
 */
bool get_promoted(void)
{
	bench_op entry = vdso_find("getpid");
	uint64_t call, answer;

	if (!entry)
		return false;
	for (int i = 0; i < 40; i++) {
		for (int j = 0; j < 40; j++)
			entry(0, 0);
		call = count_once(bench_call, __NR_getpid, 0);
		answer = count_once(entry, 0, 0);
		if (answer < call / 2)
			return true;
		sleep_briefly();
	}
	return false;
}

/*
 * Reads the clock until this thread's CPU time is answered in user space: a read that
 * falls back takes more instructions than the system call alone.
 */
bool expose_cputime(void)
{
	bench_op clock = vdso_find("clock_gettime");
	uint64_t call, answer;
	struct timespec time;

	if (!get_promoted() || !clock)
		return false;
	for (int i = 0; i < 400; i++) {
		call = count_once(bench_clock_call, CLOCK_THREAD_CPUTIME_ID, (long)&time);
		answer = count_once(clock, CLOCK_THREAD_CPUTIME_ID, (long)&time);
		if (answer < call)
			return true;
	}
	return false;
}

/* No other task preempts the caller, so each count of an operation is the same. */
bool set_fifo(void)
{
	const struct sched_param param = { .sched_priority = 10 };

	return !sched_setscheduler(0, SCHED_FIFO, &param);
}

void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set)) {
		perror("sched_setaffinity");
		exit(1);
	}
}

void *map_shared(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (memory == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return memory;
}

pid_t start_child(void (*run)(void *arg), void *arg)
{
	pid_t child = fork();

	if (child < 0) {
		perror("fork");
		exit(1);
	}
	if (child)
		return child;
	run(arg);
	fflush(NULL);
	_exit(0);
}

void wait_child(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child || status) {
		fprintf(stderr, "bench: a child exited with status %#x\n", status);
		exit(1);
	}
}

void run_in_child(void (*run)(void *arg), void *arg)
{
	wait_child(start_child(run, arg));
}

/* A counter of the stats file; -1 if the kernel does not have it. */
long stat_value(const char *key)
{
	FILE *file = fopen(STATS, "re");
	char name[64];
	long value;

	if (!file)
		return -1;
	while (fscanf(file, "%63s %ld", name, &value) == 2)
		if (!strcmp(name, key)) {
			fclose(file);
			return value;
		}
	fclose(file);
	return -1;
}
