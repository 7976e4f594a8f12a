// SPDX-License-Identifier: GPL-2.0
/*
 * Where the records are: found again after [vvar] was moved, and never left by a
 * reader, whatever number its CPU says it has.
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

/* Both mappings @by bytes further; as CRIU does it, without a call in between. */
static int move(const struct vt_maps *from, struct vt_maps *to, long by)
{
	size_t vvar = from->vvar_end - from->vvar, vdso = from->vdso_end - from->vdso;

	VT_NEED(mremap((void *)from->vvar, vvar, vvar, MREMAP_MAYMOVE | MREMAP_FIXED,
		       (void *)(from->vvar + by)) != MAP_FAILED);
	VT_NEED(mremap((void *)from->vdso, vdso, vdso, MREMAP_MAYMOVE | MREMAP_FIXED,
		       (void *)(from->vdso + by)) != MAP_FAILED);
	return vt_read_maps(to, 0) ? VT_PASS : VT_FAIL;
}

/* How far to a place for as much as [vvar] and [vdso] take; 0 after a message. */
static long free_place(const struct vt_maps *m)
{
	size_t size = m->vdso_end - m->vvar;
	char *place = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (place == MAP_FAILED) {
		vt_fail("mmap: %m");
		return 0;
	}
	return (unsigned long)place - m->vvar;
}

/* Touched once where it was, called where it is. */
static int move_unpromoted(void *arg)
{
	struct vt_limit limit;
	struct vt_maps m, moved;
	int (*fn)(void), want, got;
	long by;

	(void)arg;
	if (vt_ids_init() || !vt_read_maps(&m, 0))
		return VT_FAIL;
	want = vt_raw0(vt_ids[0].nr);
	VT_CHECK(vt_ids[0].fn() == want, "wrong before the move");
	VT_CHECK(!m.vclock, "more mappings than this test moves");
	by = free_place(&m);
	if (!by || move(&m, &moved, by))
		return VT_FAIL;
	fn = (int (*)(void))((char *)vt_ids[0].fn + by);
	for (limit = vt_limit_ms(5000); !vt_is_over(&limit);) {
		got = fn();
		VT_CHECK(got == want, "%s after the move: %d, by the system call %d",
			 vt_ids[0].name, got, want);
		if (vt_own_field(&moved, vt_ids[0].offset) == (__u32)want + 1)
			return VT_PASS;
	}
	return vt_late("never answered from the record after the move");
}

int check_moved(const void *arg)
{
	(void)arg;
	return vt_run_child(move_unpromoted, NULL, "the process that moves it");
}

#ifdef __x86_64__
#define CPUNODE_SELECTOR	0x7b	/* its limit has the CPU's number */
#define OUR_SELECTOR		0x07	/* the first one of our own table */

/*
 * 12 bits of the limit of our own segment: what LSL says in the copy. With a base of 0, a
 * limit of 0 would take the segment away.
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
 * Where the code asks the CPU for its number, it asks for the limit of our segment:
 * the selector is loaded into a register, for LSL, which RDPID may have replaced.
 */
static unsigned int ask_ours(unsigned char *code, size_t size)
{
	unsigned int n = 0, reg = 0;
	size_t i;

	for (i = 0; i + 5 <= size; i++) {
		unsigned char *at = code + i;

		if (at[0] >= 0xb8 && at[0] <= 0xbf && at[1] == CPUNODE_SELECTOR &&
		    !at[2] && !at[3] && !at[4]) {
			reg = at[0] & 7;
			at[1] = OUR_SELECTOR;
			n++;
		} else if (n && !memcmp(at, "\xf3\x0f\xc7\xf8", 4)) {
			/* lsl %reg, %eax; nop */
			const unsigned char lsl[] = { 0x0f, 0x03, 0xc0 | reg, 0x90 };

			memcpy(at, lsl, sizeof(lsl));
		}
	}
	return n;
}

#define LIE			0x5a5a5a5a

/* Record 1 of the copy has wrong answers. */
static void put_lies(const struct vt_maps *copy)
{
	volatile char *record = (volatile char *)vt_record(copy, vt_locator(1));
	unsigned int i;

	for (i = 0; i < vt_nr_ids; i++)
		*(volatile __u32 *)(record + vt_ids[i].offset) = LIE;
}

/* Slots that lead there. */
static void lead_to_lies(void *slots, size_t n)
{
	struct vdso_task_slot slot = { .seq = 12, .record = vt_locator(1) };

	while (n--)
		((struct vdso_task_slot *)slots)[n] = slot;
}

static int call_copy(unsigned int i, long shift)
{
	return ((int (*)(void))((char *)vt_ids[i].fn + shift))();
}

static int same_with_number(unsigned int number, long shift,
			    const struct vt_answers *want)
{
	unsigned int i;

	if (!set_number(number))
		return VT_FAIL;
	for (i = 0; i < vt_nr_ids; i++) {
		int got = call_copy(i, shift);

		VT_CHECK(got == want->v[i], "%s is %d, not %d, on a CPU that says %u",
			 vt_ids[i].name, got, want->v[i], number);
	}
	return VT_PASS;
}

/*
 * A copy of the image, in which the CPU says what it is told to. What [vvar] has is
 * zero, so each number makes the call; below it everything is believed.
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
	VT_CHECK(ask_ours((void *)copy.vdso, copy.vdso_end - copy.vdso),
		 "no code that asks for the CPU's number");
	VT_NEED(!mprotect((void *)copy.vdso, copy.vdso_end - copy.vdso,
			  PROT_READ | PROT_EXEC));
	put_lies(&copy);
	lead_to_lies((void *)(copy.vvar - below), below / sizeof(struct vdso_task_slot));
	want = vt_raw_answers();
	/* Guards the guard: a slot in the area is believed, and is that of the number. */
	lead_to_lies((void *)vt_slot(&copy, 5), 1);
	if (!set_number(5))
		return VT_FAIL;
	VT_CHECK(call_copy(0, shift) == LIE - 1, "the number is not taken from there");
	memset((void *)vt_slot(&copy, 5), 0, sizeof(struct vdso_task_slot));
	for (number = 0; number < VT_MAX_CPUS; number++)
		if (same_with_number(number, shift, &want))
			return VT_FAIL;
	return VT_PASS;
}
#endif
