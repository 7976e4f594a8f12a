/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ARCH_ARM64_VDSO_TASK_CALLS_H
#define _ARCH_ARM64_VDSO_TASK_CALLS_H

/* Task records, the kernel's part: the system calls that the entries replace. */

#include <linux/audit.h>
#include <linux/vdso_task.h>
#include <generated/vdso_task_base.h>
#include <asm/unistd.h>

/**
 * arch_vdso_task_calls() - the system calls that an mm's vDSO answers
 * @mm: an mm with records, so a native one
 * @arch: gets AUDIT_ARCH_* of the calls
 *
 * Return: a list that ends with size 0.
 */
static inline const struct vdso_task_call *
arch_vdso_task_calls(const struct mm_struct *mm, u32 *arch)
{
	static const struct vdso_task_call native[] = {
		VDSO_TASK_ENTRIES_ARM64(VDSO_TASK_CALL)
		VDSO_TASK_USES_ARM64(VDSO_TASK_USE)
		VDSO_TASK_BASE_USES_ARM64(VDSO_TASK_USE)
		{ }
	};

	*arch = AUDIT_ARCH_AARCH64;
	return native;
}

#endif /* _ARCH_ARM64_VDSO_TASK_CALLS_H */
