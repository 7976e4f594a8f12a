// SPDX-License-Identifier: GPL-2.0
/* Mappings, page faults, kernel entry and exit, and the tick. */
#define _GNU_SOURCE
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define SAMPLES	400
#define PAGE	4096
#define NO_SUCH_CALL	4095

static long map(long size, long ignored)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);

	(void)ignored;
	if (memory == MAP_FAILED || munmap(memory, size))
		exit(1);
	return 0;
}

static long touch(long address, long ignored)
{
	(void)ignored;
	*(volatile char *)address = 1;
	return 0;
}

static void faults(const char *name)
{
	struct samples samples = samples_new(SAMPLES);
	char *memory = mmap(NULL, 2 * SAMPLES * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		exit(1);
	/* Every second page; few of the faults also allocate a page table. */
	for (unsigned int i = 0; i < SAMPLES; i++) {
		uint64_t count = count_once(touch, (long)memory + 2 * i * PAGE, 0);

		samples_add(&samples, count);
		if (i % 16 == 15)
			sleep_briefly();
	}
	samples_report(&samples, name);
	munmap(memory, 2 * SAMPLES * PAGE);
}

static void memory_child(void *mode_)
{
	enum mode mode = *(enum mode *)mode_;
	char name[96];

	set_fifo();
	if (mode == MODE_PROMOTED && !get_promoted())
		exit(1);
	snprintf(name, sizeof(name), "memory.map.%s", mode_names[mode]);
	count_many(name, map, 4 * PAGE, 0, SAMPLES);
	snprintf(name, sizeof(name), "memory.fault.%s", mode_names[mode]);
	faults(name);
}

void topic_memory(enum mode mode)
{
	if (mode == MODE_ONE || (mode == MODE_PROMOTED && !vdso_find("getpid")))
		return;
	run_in_child(memory_child, &mode);
}

/* --- kernel entry and exit, and the tick --- */

#define TICKS	24

/* Counts the gaps in an empty loop: each is a tick, as no other task preempts FIFO. */
static void ticks(const char *name)
{
	struct samples samples = samples_new(TICKS);
	uint64_t usual, before = counter(), now = counter();

	usual = now - before;
	before = counter();
	while (samples.n < TICKS) {
		now = counter();
		if (now - before > usual + 200)
			samples_add(&samples, now - before - usual);
		before = now;
	}
	samples_report(&samples, name);
}

static void kernel_child(void *mode_)
{
	enum mode mode = *(enum mode *)mode_;
	char name[96];

	set_fifo();
	if (mode == MODE_PROMOTED && !get_promoted())
		exit(1);
	snprintf(name, sizeof(name), "kernel.syscall.%s", mode_names[mode]);
	count_many(name, bench_call, NO_SUCH_CALL, 0, SAMPLES);
	snprintf(name, sizeof(name), "kernel.tick.%s", mode_names[mode]);
	ticks(name);
}

void topic_kernel(enum mode mode)
{
	if (mode == MODE_ONE || (mode == MODE_PROMOTED && !vdso_find("getpid")))
		return;
	run_in_child(kernel_child, &mode);
}
