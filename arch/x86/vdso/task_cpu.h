/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ARCH_X86_VDSO_TASK_CPU_H
#define _ARCH_X86_VDSO_TASK_CPU_H

/* Task slots, the kernel's part: can user space know its CPU number? */

#include <asm/cpufeatures.h>
#include <asm/segment.h>

#define ARCH_VDSO_TASK_MAX_CPUS	(VDSO_CPUNODE_MASK + 1)

/**
 * arch_vdso_task_cpu_trusted() - does user space see the right CPU number?
 * @cpu: the CPU this runs on
 *
 * User space takes the number from RDPID where the CPU has it, which reads
 * TSC_AUX, else from the limit of a segment. Both must be right: a hypervisor
 * may emulate one and not the other, and a process may be restored where the
 * other is in use.
 *
 * Return: true if both say @cpu.
 */
static inline bool arch_vdso_task_cpu_trusted(unsigned int cpu)
{
	unsigned int by_vdso, by_limit;

	vdso_read_cpunode(&by_vdso, NULL);
	asm volatile("lsl %[seg], %[p]"
		     : [p] "=r" (by_limit) : [seg] "r" (__CPUNODE_SEG));
	return by_vdso == cpu && (by_limit & VDSO_CPUNODE_MASK) == cpu;
}

#endif /* _ARCH_X86_VDSO_TASK_CPU_H */
