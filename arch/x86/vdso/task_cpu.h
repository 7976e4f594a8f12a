/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ARCH_X86_VDSO_TASK_CPU_H
#define _ARCH_X86_VDSO_TASK_CPU_H

/* Task records, the kernel's part: does user space read the right CPU number? */

#include <asm/cpufeature.h>
#include <asm/segment.h>

#define ARCH_VDSO_TASK_MAX_CPUS	(VDSO_CPUNODE_MASK + 1)

/**
 * arch_vdso_task_cpu_valid() - does user space read the right CPU number?
 * @cpu: the CPU this runs on
 *
 * User space takes the number from RDPID where the CPU has it, which reads
 * TSC_AUX, else from the limit of a segment, and for the CPU-time clocks from RDTSCP.
 * All must be right: a hypervisor may emulate one and not the other, and a process may
 * be restored on a machine where another is used.
 *
 * Return: true if all of them yield @cpu.
 */
static inline bool arch_vdso_task_cpu_valid(unsigned int cpu)
{
	unsigned int by_vdso, by_limit, by_rdtscp = cpu;

	vdso_read_cpunode(&by_vdso, NULL);
	asm volatile("lsl %[seg], %[p]"
		     : [p] "=r" (by_limit) : [seg] "r" (__CPUNODE_SEG));
	if (boot_cpu_has(X86_FEATURE_RDTSCP))
		asm volatile("rdtscp" : "=c" (by_rdtscp) : : "eax", "edx");
	return by_vdso == cpu && (by_limit & VDSO_CPUNODE_MASK) == cpu &&
	       (by_rdtscp & VDSO_CPUNODE_MASK) == cpu;
}

#endif /* _ARCH_X86_VDSO_TASK_CPU_H */
