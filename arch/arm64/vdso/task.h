/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ARCH_ARM64_VDSO_TASK_H
#define _ARCH_ARM64_VDSO_TASK_H

/*
 * Task slots, the reader's part: included by <vdso/task.h> and the arm64 vDSO's
 * getcpu. arch/arm64/vdso/tpidrro.h says what TPIDRRO_EL0 holds.
 */

#include <linux/build_bug.h>
#include <linux/types.h>
#include <asm/unistd.h>

#include "tpidrro.h"

static __always_inline unsigned long __arch_vdso_task_cpu(void)
{
	unsigned long cpunode;

	asm volatile("mrs %0, tpidrro_el0" : "=r" (cpunode));
	return cpunode;
}

#ifdef __VDSO_TASK_H
#define __arch_vdso_task_inline	__always_inline

/*
 * The register holds the CPU number plus 1, which is the CPU's line counted
 * from the header. While the number is not known the register is 0: that is the
 * header line itself, whose fields at the places of answers are 0.
 */
static __always_inline const struct vdso_task_slot *
__arch_vdso_task_slot(unsigned long cpunode)
{
	unsigned long line = cpunode & TPIDRRO_LINE_MASK;

	static_assert(TPIDRRO_LINE_MASK < VDSO_TASK_LINES);
	return (const void *)(vdso_task_end - VDSO_TASK_SLOT_SIZE -
			      (line << VDSO_TASK_SLOT_SHIFT));
}
#endif

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
