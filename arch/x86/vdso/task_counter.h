/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ARCH_X86_VDSO_TASK_COUNTER_H
#define _ARCH_X86_VDSO_TASK_COUNTER_H

/* Task slots, the reader's part: the counter behind sched_clock(). */

#include <linux/math64.h>
#include <asm/msr.h>

/**
 * struct vdso_task_counter - a reading of the counter
 * @ns: sched_clock() at that moment, with the constant that hides it
 * @zero: 0, known only once the counter was read
 */
struct vdso_task_counter {
	u64		ns;
	unsigned long	zero;
};

/* As cycles_2_ns() computes it. */
static __always_inline bool
__arch_vdso_task_counter(const struct vdso_task_global *global,
			 struct vdso_task_counter *now)
{
	u32 mult = READ_ONCE(global->mult);
	u64 tsc;

	if (unlikely(!mult))
		return false;
	tsc = rdtsc_ordered();
	now->ns = READ_ONCE(global->offset) +
		  mul_u64_u32_shr(tsc, mult, READ_ONCE(global->shift) & 63);
	now->zero = tsc;
	asm volatile("and $0, %0" : "+r" (now->zero));
	return true;
}

/*
 * The address of what must be loaded after the counter was read. RDTSC does not
 * hold up later loads; an address that depends on it does.
 */
#define __arch_vdso_task_after(now, p)					\
	((typeof(p))((const char *)(p) + (now)->zero))

/*
 * May the kernel store a time there? Where it would not, it says so. A 32-bit
 * program can name no address of the kernel.
 */
static __always_inline bool __arch_vdso_task_is_user(const void *p)
{
#ifdef BUILD_VDSO32
	return p;
#else
	return (long)p > 0;
#endif
}

#endif /* _ARCH_X86_VDSO_TASK_COUNTER_H */
