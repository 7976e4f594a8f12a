/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ARCH_X86_VDSO_TASK_CALLS_H
#define _ARCH_X86_VDSO_TASK_CALLS_H

/* Task records, the kernel's part: the system calls that the entries replace. */

#include <linux/audit.h>
#include <linux/vdso_task.h>
#include <linux/vdso_task_compat.h>
#include <generated/vdso_task_base.h>
#include <asm/unistd.h>
#include <asm/vdso.h>

#define VDSO_TASK_IA32_CALL(name, symbol, field, type, nr)		\
	VDSO_TASK_CALL_OF(field, __NR_ia32_##nr)
#define VDSO_TASK_IA32_USE(field, nr)					\
	VDSO_TASK_CALL_OF(field, __NR_ia32_##nr)

/**
 * arch_vdso_task_calls() - the system calls that an mm's vDSO answers
 * @mm: an mm with records
 * @arch: gets AUDIT_ARCH_* of the calls
 *
 * Return: a list that ends with size 0; NULL for x32, whose system call numbers
 * seccomp's action cache does not cover.
 */
static inline const struct vdso_task_call *
arch_vdso_task_calls(const struct mm_struct *mm, u32 *arch)
{
	static const struct vdso_task_call native[] = {
		VDSO_TASK_ENTRIES_X86_64(VDSO_TASK_CALL)
		VDSO_TASK_USES_X86_64(VDSO_TASK_USE)
		VDSO_TASK_BASE_USES_X86_64(VDSO_TASK_USE)
		{ }
	};
#ifdef CONFIG_IA32_EMULATION
	static const struct vdso_task_call compat[] = {
		VDSO_TASK_ENTRIES_IA32(VDSO_TASK_IA32_CALL)
		VDSO_TASK_USES_IA32(VDSO_TASK_IA32_USE)
		VDSO_TASK_BASE_USES_IA32(VDSO_TASK_IA32_USE)
		{ }
	};

	if (mm->context.vdso_image == vdso_task_image(32)) {
		*arch = AUDIT_ARCH_I386;
		return compat;
	}
#endif
	*arch = AUDIT_ARCH_X86_64;
	return mm->context.vdso_image == vdso_task_image(64) ? native : NULL;
}

#endif /* _ARCH_X86_VDSO_TASK_CALLS_H */
