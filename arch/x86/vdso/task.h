/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ARCH_X86_VDSO_TASK_H
#define _ARCH_X86_VDSO_TASK_H

/* Task slots, the reader's part: included by <vdso/task.h> only. */

#include <asm/cpufeatures.h>
#include <asm/segment.h>
#include <asm/unistd.h>

static __always_inline unsigned long __arch_vdso_task_cpu(void)
{
	unsigned int cpu;

	vdso_read_cpunode(&cpu, NULL);
	return cpu;
}

static __always_inline const struct vdso_task_slot *
__arch_vdso_task_slot(unsigned long cpu)
{
	return (const void *)(vdso_task_end - 2 * VDSO_TASK_SLOT_SIZE -
			      (cpu << VDSO_TASK_SLOT_SHIFT));
}

static __always_inline long __arch_vdso_task_syscall(long nr)
{
	long ret;

	asm volatile("syscall" : "=a" (ret) : "0" (nr) :
		     "rcx", "r11", "memory");
	return ret;
}

#endif /* _ARCH_X86_VDSO_TASK_H */
