/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ARCH_ARM64_VDSO_TASK_CPU_H
#define _ARCH_ARM64_VDSO_TASK_CPU_H

/* Task records, the kernel's part: does user space read the right CPU number? */

#include "tpidrro.h"

#define ARCH_VDSO_TASK_MAX_CPUS	(TPIDRRO_CPU_MASK + 1)

/**
 * arch_vdso_task_cpu_valid() - does user space read the right CPU number?
 * @cpu: the CPU this runs on
 *
 * The kernel itself writes the register, so this can only catch a per-CPU value that
 * was not set up for @cpu.
 *
 * Return: true if the kernel writes @cpu to TPIDRRO_EL0 on this CPU.
 */
static inline bool arch_vdso_task_cpu_valid(unsigned int cpu)
{
	return (__this_cpu_read(vdso_task_cpunode) >> TPIDRRO_CPU_SHIFT &
		TPIDRRO_CPU_MASK) == cpu;
}

#endif /* _ARCH_ARM64_VDSO_TASK_CPU_H */
