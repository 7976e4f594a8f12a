// SPDX-License-Identifier: GPL-2.0
/*
 * The reader alone: a copy of the image above slots that this program made up.
 * What it answers shows which memory it believes, without any timing.
 *
 * Fails when: the reader makes the system call although the slot has the answer
 * (the other tests would then compare the system call with itself); takes zero
 * for an answer; ignores the generation; reads another CPU's slot.
 */
#include <string.h>
#include <sys/mman.h>

#include "ids.h"
#include "ids_parts.h"
#include "slots.h"

#define MADE_UP		1000000
#define GENERATION	77

static struct vt_maps copy;
static long shift;

static int make_copy(void)
{
	if (vt_ids_init() || !vt_copy_image(&copy, &shift, 0))
		return VT_FAIL;
	VT_NEED(!mprotect((void *)copy.vdso, copy.vdso_end - copy.vdso,
			  PROT_READ | PROT_EXEC));
	return VT_PASS;
}

static void set_field(unsigned int cpu, size_t offset, __u32 value)
{
	*(__u32 *)((char *)vt_slot(&copy, cpu) + offset) = value;
}

/* All slots say MADE_UP + entry, plus @per_cpu for each CPU number. */
static void fill_slots(int per_cpu, __u64 gen)
{
	unsigned int cpu, i;

	((struct vdso_task_header *)vt_header(&copy))->begin = GENERATION;
	for (cpu = 0; cpu < vt_nr_slots(&copy); cpu++) {
		struct vdso_task_slot *slot = (void *)vt_slot(&copy, cpu);

		slot->seq = 12 + 2 * cpu;
		slot->gen = gen;
		for (i = 0; i < vt_nr_ids; i++)
			set_field(cpu, vt_ids[i].offset,
				  MADE_UP + i + cpu * per_cpu + 1);
	}
}

static int call_copy(unsigned int i)
{
	return ((int (*)(void))((char *)vt_ids[i].fn + shift))();
}

int check_reader_answers(const void *arg)
{
	unsigned int i;

	(void)arg;
	if (make_copy())
		return VT_FAIL;
	fill_slots(0, GENERATION);
	for (i = 0; i < vt_nr_ids; i++) {
		int got = call_copy(i);

		VT_CHECK(got == MADE_UP + (int)i,
			 "%s does not believe its slot: %d", vt_ids[i].name,
			 got);
	}
	return VT_PASS;
}

static int all_ask(const char *why)
{
	struct vt_answers want = vt_raw_answers();
	unsigned int i;

	for (i = 0; i < vt_nr_ids; i++) {
		int got = call_copy(i);

		VT_CHECK(got == want.v[i], "%s: %s says %d, system call %d",
			 why, vt_ids[i].name, got, want.v[i]);
	}
	return VT_PASS;
}

int check_reader_zero(const void *arg)
{
	unsigned int cpu, i;

	(void)arg;
	if (make_copy())
		return VT_FAIL;
	if (all_ask("nothing but zeros"))
		return VT_FAIL;
	fill_slots(0, GENERATION);
	for (cpu = 0; cpu < vt_nr_slots(&copy); cpu++)
		for (i = 0; i < vt_nr_ids; i++)
			set_field(cpu, vt_ids[i].offset, 0);
	return all_ask("zero");
}

int check_reader_stale(const void *arg)
{
	(void)arg;
	if (make_copy())
		return VT_FAIL;
	fill_slots(0, GENERATION - 1);
	if (all_ask("older generation"))
		return VT_FAIL;
	fill_slots(0, GENERATION + 1);
	return all_ask("newer generation");
}

int check_reader_own_cpu(const void *arg)
{
	int cpus[64], n = vt_cpus(cpus, 64), k;
	unsigned int i;

	(void)arg;
	if (make_copy())
		return VT_FAIL;
	fill_slots(100, GENERATION);
	for (k = 0; k < n; k++) {
		VT_NEED(!vt_pin(cpus[k]));
		for (i = 0; i < vt_nr_ids; i++) {
			int got = call_copy(i);

			VT_CHECK(got == MADE_UP + (int)i + 100 * cpus[k],
				 "%s on CPU %d: %d", vt_ids[i].name, cpus[k],
				 got);
		}
	}
	return VT_PASS;
}
