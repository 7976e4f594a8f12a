// SPDX-License-Identifier: GPL-2.0
/*
 * The location of the records: the kernel follows a moved [vvar], and no CPU number
 * makes a reader leave [vvar].
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#ifdef __x86_64__
#include <asm/ldt.h>
#endif

#include "ids.h"
#include "mapping_parts.h"
#include "records.h"

/*
 * Moves [vvar] and [vdso] by @by bytes; like CRIU, without a vDSO call in between. No ID is
 * read through [vvar_vclock], which stays.
 */
static int move(const struct vt_maps *from, struct vt_maps *to, long by)
{
	size_t vvar = from->vvar_end - from->vvar, vdso = from->vdso_end - from->vdso;

	VT_NEED(mremap((void *)from->vvar, vvar, vvar, MREMAP_MAYMOVE | MREMAP_FIXED,
		       (void *)(from->vvar + by)) != MAP_FAILED);
	VT_NEED(mremap((void *)from->vdso, vdso, vdso, MREMAP_MAYMOVE | MREMAP_FIXED,
		       (void *)(from->vdso + by)) != MAP_FAILED);
	return vt_result(vt_read_maps(to, 0));
}

/* Distance to free address space as large as [vvar] and [vdso]; 0 after a message. */
static long free_distance(const struct vt_maps *m)
{
	size_t size = m->vdso_end - m->vvar;
	char *place = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (place == MAP_FAILED) {
		vt_fail("mmap: %m");
		return 0;
	}
	return (unsigned long)place - m->vvar;
}

/* The first call is before the move, the others are after it. */
static int move_unpromoted(void *arg)
{
	struct vt_limit limit;
	struct vt_maps m, moved;
	int want;
	long by;

	(void)arg;
	if (vt_ids_init() || !vt_read_maps(&m, 0))
		return VT_FAIL;
	want = vt_raw0(vt_ids[0].nr);
	VT_CHECK(vt_ids[0].fn() == want, "wrong answer before the move");
	by = free_distance(&m);
	if (!by || move(&m, &moved, by))
		return VT_FAIL;
	for (limit = vt_limit_ms(5000); !vt_is_over(&limit);) {
		VT_AGREE(vt_call_moved(&vt_ids[0], by), want, "%s after the move",
			 vt_ids[0].name);
		if (vt_own_field(&moved, vt_ids[0].offset) == (__u32)want + 1)
			return VT_PASS;
	}
	return vt_late("no answer from the record after the move");
}

int check_moved(const void *arg)
{
	(void)arg;
	return vt_run_child(move_unpromoted, NULL, "the process with the moved [vvar]");
}

#ifdef __x86_64__
#define CPUNODE_SELECTOR	0x7b	/* its limit contains the CPU number */
#define LDT_SELECTOR		0x07	/* entry 0 of the LDT */

/*
 * Sets the limit of our LDT entry, which LSL in the copy returns as the CPU number. The
 * base must not be 0: with a limit of 0, modify_ldt() would remove the entry.
 */
static bool set_number(unsigned int number)
{
	struct user_desc desc = { .base_addr = 1, .limit = number, .seg_32bit = 1 };

	if (!syscall(__NR_modify_ldt, 1, &desc, sizeof(desc)))
		return true;
	vt_fail("modify_ldt: %m");
	return false;
}

/*
 * Patches the code that reads the CPU number so that it reads the limit of our LDT entry:
 * changes the selector that is loaded for LSL, and turns RDPID, where the kernel has
 * patched it in, back into LSL. Returns the number of changed selectors.
 */
static unsigned int replace_selector(unsigned char *code, size_t size)
{
	unsigned int n = 0, reg = 0;
	size_t i;

	for (i = 0; i + 5 <= size; i++) {
		unsigned char *at = code + i;

		if (at[0] >= 0xb8 && at[0] <= 0xbf && at[1] == CPUNODE_SELECTOR &&
		    !at[2] && !at[3] && !at[4]) {
			reg = at[0] & 7;
			at[1] = LDT_SELECTOR;
			n++;
		} else if (n && !memcmp(at, "\xf3\x0f\xc7\xf8", 4)) {
			/* lsl %reg, %eax; nop */
			const unsigned char lsl[] = { 0x0f, 0x03, 0xc0 | reg, 0x90 };

			memcpy(at, lsl, sizeof(lsl));
		}
	}
	return n;
}

#define WRONG_ANSWER			0x5a5a5a5a

/* Stores wrong answers in record 1 of the copy. */
static void write_wrong_answers(const struct vt_maps *copy)
{
	volatile char *record = (volatile char *)vt_record(copy, vt_locator(1));
	unsigned int i;

	for (i = 0; i < vt_nr_ids; i++)
		*(volatile __u32 *)(record + vt_ids[i].offset) = WRONG_ANSWER;
}

/* Fills @n slots, which then point to record 1. */
static void point_to_wrong_record(void *slots, size_t n)
{
	struct vdso_task_slot slot = { .seq = 12, .record = vt_locator(1) };

	while (n--)
		((struct vdso_task_slot *)slots)[n] = slot;
}

static int same_with_number(unsigned int number, long shift,
			    const struct vt_answers *want)
{
	unsigned int i;

	if (!set_number(number))
		return VT_FAIL;
	for (i = 0; i < vt_nr_ids; i++)
		VT_AGREE(vt_call_moved(&vt_ids[i], shift), want->v[i],
			 "%s with CPU number %u", vt_ids[i].name, number);
	return VT_PASS;
}

/*
 * A copy of the image whose CPU number the test sets. All of its [vvar] is zero, so it
 * falls back for each number; if a number led below [vvar], the slots there would yield
 * wrong answers.
 */
int check_numbers(const void *arg)
{
	const size_t below = 2 * VT_MAX_CPUS * sizeof(struct vdso_task_slot);
	struct vt_answers want;
	struct vt_maps copy;
	unsigned int number;
	long shift;

	(void)arg;
	if (vt_ids_init() || !vt_copy_image(&copy, &shift, below))
		return VT_FAIL;
	VT_CHECK(replace_selector((void *)copy.vdso, copy.vdso_end - copy.vdso),
		 "no code in [vdso] that reads the CPU number");
	VT_NEED(!mprotect((void *)copy.vdso, copy.vdso_end - copy.vdso,
			  PROT_READ | PROT_EXEC));
	write_wrong_answers(&copy);
	point_to_wrong_record((void *)(copy.vvar - below), below / sizeof(struct vdso_task_slot));
	want = vt_raw_answers();
	/* Self-check: the copy uses the slot of the CPU number that was set. */
	point_to_wrong_record((void *)vt_slot(&copy, 5), 1);
	if (!set_number(5))
		return VT_FAIL;
	VT_CHECK(vt_call_moved(&vt_ids[0], shift) == WRONG_ANSWER - 1,
		 "the copy does not use the slot of the CPU number that was set");
	memset((void *)vt_slot(&copy, 5), 0, sizeof(struct vdso_task_slot));
	for (number = 0; number < VT_MAX_CPUS; number++)
		if (same_with_number(number, shift, &want))
			return VT_FAIL;
	return VT_PASS;
}
#endif
