// SPDX-License-Identifier: GPL-2.0
/* The arm64 vDSO functions that read task records. */
#include <vdso/task_clock.h>

VDSO_TASK_ENTRIES_ARM64(VDSO_TASK_ENTRY)

long __kernel_getcpu(unsigned int *cpu, unsigned int *node, void *unused);

/**
 * __kernel_getcpu() - on which CPU and NUMA node does the caller run?
 * @cpu: where to store the CPU number, may be NULL
 * @node: where to store the node number, may be NULL
 * @unused: ignored, as by the system call since Linux 2.6.24
 *
 * Reads TPIDRRO_EL0 if the caller's record permits it. An unmapped user address causes
 * SIGSEGV, as in any function; for a kernel address the system call returns -EFAULT.
 *
 * Return: 0, or what the system call returns.
 */
notrace long __kernel_getcpu(unsigned int *cpu, unsigned int *node, void *unused)
{
	struct vdso_task_place place = __arch_vdso_task_find();

	if (unlikely(!READ_ONCE(place.record->getcpu) ||
		     (cpu && !__arch_vdso_task_is_user(cpu)) ||
		     (node && !__arch_vdso_task_is_user(node)) ||
		     !__arch_vdso_task_is_unchanged(place)))
		return __arch_vdso_task_syscall3(__NR_getcpu, (long)cpu,
						 (long)node, (long)unused);
	if (cpu)
		*cpu = place.tpidrro >> TPIDRRO_CPU_SHIFT & TPIDRRO_CPU_MASK;
	if (node)
		*node = place.tpidrro >> TPIDRRO_NODE_SHIFT;
	return 0;
}
