/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ARCH_X86_VDSO_TASK_H
#define _ARCH_X86_VDSO_TASK_H

/*
 * Task records, the reader's part: included by <vdso/task.h> only.
 *
 * On x86 the CPU number is all that user mode can read and the kernel alone can write.
 * The slot of that CPU leads to the record of the thread that runs there.
 */

#include <linux/build_bug.h>
#include <asm/alternative.h>
#include <asm/asm.h>
#include <asm/cpufeatures.h>
#include <asm/page_types.h>
#include <asm/segment.h>
#include <asm/unistd.h>

/*
 * Like vdso_read_cpunode(), but with the node in the upper bits: it belongs to the CPU,
 * so both are compared at once. The two reads use different registers, as the first
 * value is needed at the second read. A prefix without effect pads LSL to the length of
 * RDPID.
 */
#define __arch_vdso_task_read_cpunode(reg, rdpid)			\
({									\
	unsigned int __cpunode;						\
									\
	asm volatile(ALTERNATIVE(".byte 0x3e; lsl %[seg],%[p]",		\
				 ".byte 0xf3,0x0f,0xc7," rdpid,		\
				 X86_FEATURE_RDPID)			\
		     : [p] reg (__cpunode) : [seg] "r" (__CPUNODE_SEG));\
	__cpunode;							\
})

#define __arch_vdso_task_first_cpunode()				\
	__arch_vdso_task_read_cpunode("=d", "0xfa")
#define __arch_vdso_task_second_cpunode()				\
	__arch_vdso_task_read_cpunode("=c", "0xf9")

static __always_inline const struct vdso_task_slot *
__arch_vdso_task_slot(unsigned int cpunode)
{
	unsigned long cpu = cpunode & VDSO_CPUNODE_MASK;

	static_assert(VDSO_CPUNODE_MASK < VDSO_TASK_NR_SLOTS);
	return (const void *)(vdso_task_records + VDSO_TASK_LINE_SIZE +
			      (cpu << VDSO_TASK_LINE_SHIFT));
}

/*
 * A volatile load, or comparison, with any addressing mode that the compiler chooses:
 * for C's volatile accesses it computes each address on its own.
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
		     : "=@cce" (same) : [at] "m" (*p), [value] "r" (value));
	return same;
}

/* The distance of a slot's record from record 0; 0 where it has none. */
static __always_inline unsigned long
__arch_vdso_task_distance(const struct vdso_task_slot *slot)
{
	/* 32-bit code loads the lower half, which is enough for the distance. */
	return __arch_vdso_task_load((const unsigned long *)&slot->record);
}

/**
 * struct vdso_task_place - where a thread's record was found
 * @distance: of the record from record 0 in bytes; 0 if the thread has none
 * @slot: of the CPU that the thread ran on
 * @seq: seq of @slot before its record was loaded, in halves for 32-bit code
 * @cpunode: number and node of that CPU
 */
struct vdso_task_place {
	unsigned long			distance;
	const struct vdso_task_slot	*slot;
	unsigned long			seq[sizeof(u64) / sizeof(long)];
	unsigned int			cpunode;
};

/*
 * 32-bit code loads seq, which only ever goes up, in two halves: high half first, and
 * compares low half first. If the high half is the same at both ends it did not
 * change in between, so the low halves belong to that same high half, and equal ones
 * mean that seq is equal.
 */
#define __arch_vdso_task_half(slot, high)				\
	(&((const unsigned long *)&(slot)->seq)[high])

static __always_inline struct vdso_task_place __arch_vdso_task_find(void)
{
	struct vdso_task_place place = {
		.cpunode = __arch_vdso_task_first_cpunode(),	/* model: find.cpu */
	};

	place.slot = __arch_vdso_task_slot(place.cpunode);
	/* model: find.high */
	if (!IS_ENABLED(CONFIG_64BIT))
		place.seq[1] = __arch_vdso_task_load(__arch_vdso_task_half(place.slot, 1));
	/* model: find.low */
	place.seq[0] = __arch_vdso_task_load(__arch_vdso_task_half(place.slot, 0));
	place.distance = __arch_vdso_task_distance(place.slot);	/* model: find.record */
	return place;
}

/* A seq of 0 is that of the zero page, which has no slots. */
static __always_inline u32 __arch_vdso_task_answer(struct vdso_task_place place,
						   size_t field)
{
	if (unlikely(!place.seq[0] && (IS_ENABLED(CONFIG_64BIT) || !place.seq[1])))
		return 0;
	return __arch_vdso_task_load((const u32 *)((unsigned long)vdso_task_records +
						   place.distance + field));
}

static __always_inline bool __arch_vdso_task_is_unchanged(struct vdso_task_place place)
{
	/* model: unchanged.cpu unchanged.low unchanged.high */
	return __arch_vdso_task_second_cpunode() == place.cpunode &&
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
