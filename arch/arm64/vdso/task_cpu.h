/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ARCH_ARM64_VDSO_TASK_CPU_H
#define _ARCH_ARM64_VDSO_TASK_CPU_H

/* Task slots, the kernel's part: can user space know its CPU number? */

#include "tpidrro.h"

/* What is looked at holds the number plus 1. */
#define ARCH_VDSO_TASK_MAX_CPUS	TPIDRRO_LINE_MASK

/**
 * arch_vdso_task_cpu_trusted() - does user space see the right CPU number?
 * @cpu: the CPU this runs on
 *
 * It is the kernel that writes the register. This catches a per-CPU value that
 * was not set up for @cpu.
 *
 * Return: true if what the kernel puts into TPIDRRO_EL0 here says @cpu.
 */
static inline bool arch_vdso_task_cpu_trusted(unsigned int cpu)
{
	return ((vdso_task_tpidrro() - 1) & TPIDRRO_CPU_MASK) == cpu;
}

#endif /* _ARCH_ARM64_VDSO_TASK_CPU_H */
