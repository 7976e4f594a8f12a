/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ARCH_ARM64_VDSO_TASK_COUNTER_H
#define _ARCH_ARM64_VDSO_TASK_COUNTER_H

/* Task slots, the reader's part: the counter behind sched_clock(). */

#include <linux/bits.h>
#include <linux/types.h>
#include <vdso/datapage.h>

/**
 * struct vdso_task_counter - a reading of the counter
 * @ns: sched_clock() at that moment, with the constant that hides it
 */
struct vdso_task_counter {
	u64	ns;
};

/*
 * As sched_clock() computes it, but for a counter that has wrapped since the
 * kernel last looked at it: the system call knows how wide it is.
 */
static __always_inline bool
__arch_vdso_task_counter(const struct vdso_task_global *global,
			 struct vdso_task_counter *now)
{
	u32 mult = READ_ONCE(global->mult);
	u64 passed;

	if (unlikely(!mult))
		return false;
	passed = __arch_get_hw_counter(VDSO_CLOCKMODE_ARCHTIMER, NULL) -
		 READ_ONCE(global->epoch);
	if (unlikely((s64)passed < 0))
		return false;
	now->ns = READ_ONCE(global->offset) +
		  ((passed * mult) >> READ_ONCE(global->shift));
	return true;
}

/* A read of the counter counts as a load, which smp_rmb() orders. */
#define __arch_vdso_task_after(now, p)	(p)

/*
 * May the kernel store a time there? Where it would not, it says so. The top
 * byte may be a tag.
 */
static __always_inline bool __arch_vdso_task_is_user(const void *p)
{
	return p && !((unsigned long)p & BIT(55));
}

#endif /* _ARCH_ARM64_VDSO_TASK_COUNTER_H */
