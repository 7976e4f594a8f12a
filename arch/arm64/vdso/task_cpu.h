/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ARCH_ARM64_VDSO_TASK_CPU_H
#define _ARCH_ARM64_VDSO_TASK_CPU_H

/* Task records, the kernel's part: can user space know its CPU number? */

#include "tpidrro.h"

#define ARCH_VDSO_TASK_MAX_CPUS	(TPIDRRO_CPU_MASK + 1)

/**
 * arch_vdso_task_cpu_valid() - does user space see the right CPU number?
 * @cpu: the CPU this runs on
 *
 * It is the kernel that writes the register. This catches a per-CPU value that
 * was not set up for @cpu.
 *
 * Return: true if what the kernel puts into TPIDRRO_EL0 here says @cpu.
 */
static inline bool arch_vdso_task_cpu_valid(unsigned int cpu)
{
	return (__this_cpu_read(vdso_task_cpunode) >> TPIDRRO_CPU_SHIFT &
		TPIDRRO_CPU_MASK) == cpu;
}

#endif /* _ARCH_ARM64_VDSO_TASK_CPU_H */
