// SPDX-License-Identifier: GPL-2.0
/*
 * getcpu() for arm64, from TPIDRRO_EL0. As on x86 it answers in user space
 * whoever traces the task: the number is in a register for all to read.
 */
#include <linux/compiler.h>
#include <linux/types.h>

#include "task.h"

long __kernel_getcpu(unsigned int *cpu, unsigned int *node, void *unused);

/**
 * __kernel_getcpu() - on which CPU and NUMA node does the caller run?
 * @cpu: where to store the CPU number, may be NULL
 * @node: where to store the node number, may be NULL
 * @unused: ignored, as by the system call since Linux 2.6.24
 *
 * Return: 0. Where the register does not hold the number, what the system call
 * returns.
 */
long __kernel_getcpu(unsigned int *cpu, unsigned int *node, void *unused)
{
	unsigned long cpunode = __arch_vdso_task_cpu();

	if (unlikely(!cpunode))
		return __arch_vdso_task_syscall3(__NR_getcpu, (long)cpu,
						 (long)node, (long)unused);
	cpunode--;
	if (cpu)
		*cpu = cpunode & TPIDRRO_CPU_MASK;
	if (node)
		*node = cpunode >> TPIDRRO_NODE_SHIFT;
	return 0;
}
