/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_VDSO_TASK_COMPAT_H
#define _LINUX_VDSO_TASK_COMPAT_H

/* Task records: what differs between kernel releases. This is for 7.3. */

#include <linux/sched.h>
#include <linux/thread_info.h>

/*
 * Is @p traced, audited or dispatched, so that each of its system calls must be seen?
 * x86 uses the generic entry code, which has syscall_work for that; arm64 has bits among
 * the thread flags. seccomp is left out: a refresh asks its filters about each call. So is
 * rseq's time slice extension: a system call ends it, and nothing sees the call.
 */
static __always_inline bool vdso_task_has_syscall_work(struct task_struct *p)
{
#ifdef CONFIG_GENERIC_ENTRY
	return (READ_ONCE(task_thread_info(p)->syscall_work) &
		~(SYSCALL_WORK_SECCOMP | SYSCALL_WORK_SYSCALL_RSEQ_SLICE)) != 0;
#else
	return (READ_ONCE(task_thread_info(p)->flags) &
		(_TIF_SYSCALL_WORK & ~_TIF_SECCOMP)) != 0;
#endif
}

static __always_inline bool vdso_task_is_filtered(struct task_struct *p)
{
	return test_task_syscall_work(p, SECCOMP);
}

/* Remove the page table entries of a range of a VM_PFNMAP mapping. */
#define vdso_task_zap_ptes(vma, start, size)	zap_special_vma_range(vma, start, size)

/* Frame of the zero page for a user address. */
#define vdso_task_zero_pfn(addr)	zero_pfn(addr)

/* The task whose class accounts the running time of @rq: its current one, or a proxy's. */
#define vdso_task_donor(rq)	((rq)->donor)

/* The x86 image of 64 or 32 bits. */
#define vdso_task_image(bits)	(&vdso##bits##_image)

#endif /* _LINUX_VDSO_TASK_COMPAT_H */
