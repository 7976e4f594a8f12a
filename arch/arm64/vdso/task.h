/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ARCH_ARM64_VDSO_TASK_H
#define _ARCH_ARM64_VDSO_TASK_H

/*
 * Task records, the reader's part: included by <vdso/task.h> only.
 * arch/arm64/vdso/tpidrro.h has the layout of TPIDRRO_EL0.
 */

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/sizes.h>
#include <asm/page-def.h>
#include <asm/unistd.h>

#include "tpidrro.h"

/**
 * struct vdso_task_place - where a thread's record was found
 * @record: the record; record 0 if the thread has none
 * @tpidrro: the value of TPIDRRO_EL0
 */
struct vdso_task_place {
	const struct vdso_task_record	*record;
	unsigned long			tpidrro;
};

static __always_inline unsigned long __arch_vdso_task_tpidrro(void)
{
	unsigned long tpidrro;

	asm volatile("mrs %0, tpidrro_el0" : "=r" (tpidrro));
	return tpidrro;
}

/*
 * The lower half of the register is the record's distance from record 0. A thread
 * without a record has 0 there: record 0 is all zeros.
 */
static __always_inline struct vdso_task_place __arch_vdso_task_find(void)
{
	unsigned long tpidrro = __arch_vdso_task_tpidrro();
	const struct vdso_task_record *record;

	/* One adr reaches record 0, which the compiler cannot know. */
	static_assert(VDSO_TASK_PAGES * PAGE_SIZE < SZ_512K);
	asm("adr %0, vdso_task_records\n\tadd %0, %0, %w1, sxtw"
	    : "=&r" (record) : "r" (tpidrro));
	return (struct vdso_task_place){ .record = record, .tpidrro = tpidrro };
}

static __always_inline u32 __arch_vdso_task_answer(struct vdso_task_place place,
						   size_t field)
{
	return READ_ONCE(*(const u32 *)((const char *)place.record + field));
}

/*
 * Only the owner of a record has its distance in the register. Another CPU gives another
 * value, and mostly so does a fork or a restore in the middle of a read: see publish.c.
 */
static __always_inline bool __arch_vdso_task_is_unchanged(struct vdso_task_place place)
{
	return __arch_vdso_task_tpidrro() == place.tpidrro;
}

/*
 * Is @p a user address? For NULL and kernel addresses the system call returns what it
 * always has. The top byte may be a tag.
 */
static __always_inline bool __arch_vdso_task_is_user(const void *p)
{
	return p && !((unsigned long)p & BIT(55));
}

static __always_inline long __arch_vdso_task_syscall3(long nr, long a, long b,
						      long c)
{
	register long x0 asm("x0") = a;
	register long x1 asm("x1") = b;
	register long x2 asm("x2") = c;
	register long x8 asm("x8") = nr;

	asm volatile("svc #0"
		     : "+r" (x0) : "r" (x1), "r" (x2), "r" (x8) : "memory");
	return x0;
}

static __always_inline long __arch_vdso_task_syscall(long nr)
{
	register long x0 asm("x0");
	register long x8 asm("x8") = nr;

	asm volatile("svc #0" : "=r" (x0) : "r" (x8) : "memory");
	return x0;
}

#endif /* _ARCH_ARM64_VDSO_TASK_H */
