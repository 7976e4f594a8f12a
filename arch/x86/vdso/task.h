/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ARCH_X86_VDSO_TASK_H
#define _ARCH_X86_VDSO_TASK_H

/*
 * Task records, the reader's part: included by <vdso/task.h> only.
 *
 * x86 has no register that user mode reads and the kernel owns alone, but for the
 * number of the CPU. The slot of that CPU has the way to the record of the thread that
 * runs there.
 */

#include <linux/build_bug.h>
#include <asm/alternative.h>
#include <asm/asm.h>
#include <asm/cpufeatures.h>
#include <asm/page_types.h>
#include <asm/segment.h>
#include <asm/unistd.h>

/*
 * As vdso_read_cpunode() has it, but with the node in the upper bits: it belongs to
 * the CPU, so the two may be compared together. Each look has a register of its own, as
 * the first look's is wanted at the second. A prefix without meaning fills up to the
 * length of RDPID.
 */
#define __arch_vdso_task_look(reg, rdpid)				\
({									\
	unsigned int __cpunode;						\
									\
	asm volatile(ALTERNATIVE(".byte 0x3e; lsl %[seg],%[p]",		\
				 ".byte 0xf3,0x0f,0xc7," rdpid,		\
				 X86_FEATURE_RDPID)			\
		     : [p] reg (__cpunode) : [seg] "r" (__CPUNODE_SEG));\
	__cpunode;							\
})

#define __arch_vdso_task_first_look()	__arch_vdso_task_look("=d", "0xfa")
#define __arch_vdso_task_second_look()	__arch_vdso_task_look("=c", "0xf9")

static __always_inline const struct vdso_task_slot *
__arch_vdso_task_slot(unsigned int cpunode)
{
	unsigned long cpu = cpunode & VDSO_CPUNODE_MASK;

	static_assert(VDSO_CPUNODE_MASK < VDSO_TASK_NR_SLOTS);
	return (const void *)(vdso_task_records + VDSO_TASK_LINE_SIZE +
			      (cpu << VDSO_TASK_LINE_SHIFT));
}

/*
 * A volatile load, or comparison, that leaves the compiler free in how it makes the
 * address: of C's volatile accesses it takes each apart.
 */
#define __arch_vdso_task_load(p)					\
({									\
	typeof(*(p) + 0) __value;					\
									\
	static_assert(sizeof(__value) <= sizeof(long));			\
	asm volatile("mov %[at], %[value]"				\
		     : [value] "=r" (__value) : [at] "m" (*(p)));	\
	__value;							\
})

static __always_inline bool __arch_vdso_task_is(const unsigned long *p,
						unsigned long value)
{
	bool same;

	asm volatile("cmp %[value], %[at]"
		     CC_SET(e)
		     : CC_OUT(e) (same) : [at] "m" (*p), [value] "r" (value));
	return same;
}

/* The distance of a slot's record from record 0; 0 where it has none. */
static __always_inline unsigned long
__arch_vdso_task_distance(const struct vdso_task_slot *slot)
{
	/* The lower half in 32-bit code, which says the same. */
	return __arch_vdso_task_load((const unsigned long *)&slot->record);
}

/**
 * struct vdso_task_place - where a thread's record was found
 * @distance: of the record from record 0, which it is if the thread has none
 * @slot: of the CPU that it ran on
 * @seq: of the slot, before its record was read, in halves for 32-bit code
 * @cpunode: the CPU's number
 */
struct vdso_task_place {
	unsigned long			distance;
	const struct vdso_task_slot	*slot;
	unsigned long			seq[sizeof(u64) / sizeof(long)];
	unsigned int			cpunode;
};

/*
 * 32-bit code reads seq in two halves, which only ever goes up: high half first, and
 * compares low half first. If the high half is the same at both ends it did not
 * change in between, so the low halves belong to that same high half, and equal ones
 * mean equal counts.
 */
#define __arch_vdso_task_half(slot, high)				\
	(&((const unsigned long *)&(slot)->seq)[high])

static __always_inline struct vdso_task_place __arch_vdso_task_find(void)
{
	struct vdso_task_place place = { .cpunode = __arch_vdso_task_first_look() };

	place.slot = __arch_vdso_task_slot(place.cpunode);
	if (!IS_ENABLED(CONFIG_64BIT))
		place.seq[1] = __arch_vdso_task_load(__arch_vdso_task_half(place.slot, 1));
	place.seq[0] = __arch_vdso_task_load(__arch_vdso_task_half(place.slot, 0));
	place.distance = __arch_vdso_task_distance(place.slot);
	return place;
}

/* A seq of 0 is that of the zero page, which is no slot. */
static __always_inline u32 __arch_vdso_task_answer(struct vdso_task_place place,
						   size_t field)
{
	if (unlikely(!place.seq[0] && (IS_ENABLED(CONFIG_64BIT) || !place.seq[1])))
		return 0;
	return __arch_vdso_task_load((const u32 *)((unsigned long)vdso_task_records +
						   place.distance + field));
}

static __always_inline bool __arch_vdso_task_is_there(struct vdso_task_place place)
{
	return __arch_vdso_task_second_look() == place.cpunode &&
	       __arch_vdso_task_is(__arch_vdso_task_half(place.slot, 0), place.seq[0]) &&
	       (IS_ENABLED(CONFIG_64BIT) ||
		__arch_vdso_task_is(__arch_vdso_task_half(place.slot, 1), place.seq[1]));
}

static __always_inline long __arch_vdso_task_syscall(long nr)
{
	long ret;

#ifdef BUILD_VDSO32
	asm volatile("call __kernel_vsyscall" : "=a" (ret) : "0" (nr) :
		     "memory");
#else
	asm volatile("syscall" : "=a" (ret) : "0" (nr) :
		     "rcx", "r11", "memory");
#endif
	return ret;
}

#endif /* _ARCH_X86_VDSO_TASK_H */
