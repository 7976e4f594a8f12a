// SPDX-License-Identifier: GPL-2.0
/*
 * Tests the reader alone: a copy of the image reads records that this program filled in.
 * Each answer identifies the record that it came from, without any timing.
 *
 * Fails when: the reader falls back although the record has the answer (the other tests
 * would then compare the system call with itself); takes a field of 0 for an answer;
 * reads another thread's record (arm64), another CPU's slot (x86).
 */
#include <string.h>
#include <sys/mman.h>

#include "ids.h"
#include "ids_parts.h"
#include "records.h"

#define FAKE		1000000
#define SLOT_RECORDS	100	/* slots point to these; CPUs may share one */

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

static void set_field(__s32 locator, size_t offset, __u32 value)
{
	*(__u32 *)((char *)vt_record(&copy, locator) + offset) = value;
}

/*
 * Each record but record 0 answers FAKE + index of the entry + 100 * number of the
 * record. The slot of CPU c points to record c % SLOT_RECORDS + 1.
 */
static void make_records(void)
{
	unsigned int i, id;

	for (id = 1; id < VT_NR_RECORDS; id++)
		for (i = 0; i < vt_nr_ids; i++)
			set_field(vt_locator(id), vt_ids[i].offset,
				  FAKE + i + 100 * id + 1);
#ifdef VT_HAS_SLOTS
	for (i = 0; i < VT_LINES; i++) {
		vt_slot(&copy, i)->seq = 12 + 2 * i;
		vt_slot(&copy, i)->record = vt_locator(i % SLOT_RECORDS + 1);
	}
#endif
}

/* The number of the record that the copy finds for this thread. */
static unsigned int own_number(void)
{
#ifdef VT_HAS_SLOTS
	return vt_cpu_now() % SLOT_RECORDS + 1;
#else
	return -vt_own_locator(&copy) / VDSO_TASK_LINE_SIZE;
#endif
}

int check_reader_answers(const void *arg)
{
	int cpus[64], n = vt_cpus(cpus, 64), k;
	unsigned int i;

	(void)arg;
	if (make_copy() || !vt_promote())
		return VT_FAIL;
	make_records();
	VT_CHECK(own_number(), "this thread has no record");
	for (k = 0; k < n; k++) {
		VT_NEED(!vt_pin(cpus[k]));
		for (i = 0; i < vt_nr_ids; i++) {
			int got = vt_call_moved(&vt_ids[i], shift);
			int want = FAKE + i + 100 * own_number();

			VT_CHECK(got == want, "%s on CPU %d: vDSO %d, its record has %d",
				 vt_ids[i].name, cpus[k], got, want);
		}
	}
	return VT_PASS;
}

static int all_fall_back(const char *why)
{
	struct vt_answers want = vt_raw_answers();
	unsigned int i;

	for (i = 0; i < vt_nr_ids; i++)
		VT_AGREE(vt_call_moved(&vt_ids[i], shift), want.v[i], "%s: %s", why,
			 vt_ids[i].name);
	return VT_PASS;
}

int check_reader_zero(const void *arg)
{
	unsigned int i, id;

	(void)arg;
	if (make_copy() || !vt_promote())
		return VT_FAIL;
	if (all_fall_back("area of zeros"))
		return VT_FAIL;
	make_records();
	for (id = 1; id < VT_NR_RECORDS; id++)
		for (i = 0; i < vt_nr_ids; i++)
			set_field(vt_locator(id), vt_ids[i].offset, 0);
	return all_fall_back("fields of zero");
}
