/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_VDSO_TASK_TYPES_H
#define _LINUX_VDSO_TASK_TYPES_H

/*
 * What task_struct, mm_struct and the vDSO linker scripts need to know of the
 * task slots: sizes and two small structures. Safe to include from assembly.
 */

#ifdef CONFIG_VDSO_TASK

#include <vdso/task_area.h>

#ifndef __ASSEMBLY__

#include <linux/types.h>

struct vdso_task_area;

/**
 * struct vdso_task_mm - the part of mm_struct
 * @area: the slots of this address space, NULL until it has shown that it
 *	  calls often; set once, freed with the mm
 * @heat: 0 until the slots are first touched, then 1 more than the number of
 *	  system calls made since in place of an answer, at most VDSO_TASK_HOT
 */
struct vdso_task_mm {
	struct vdso_task_area	*area;
	unsigned int		heat;
};

/**
 * struct vdso_task_changes - the part of task_struct that other tasks write
 * @area: the slots of the task's mm, from the task's first refresh in that mm
 *	  until it leaves the mm; read by others under RCU
 * @begin: changes of the task's answers begun by others
 * @end: changes ended; equal to @begin while none is under way
 * @exposes_cputime: user space may read the task's CPU time without a charge: from
 *		     its first refresh for a CPU-time clock until it leaves the mm;
 *		     written by the task itself
 */
struct vdso_task_changes {
	struct vdso_task_area __rcu	*area;
	atomic64_t			begin;
	atomic64_t			end;
	bool				exposes_cputime;
};

#endif /* !__ASSEMBLY__ */

#else /* !CONFIG_VDSO_TASK */

#define VDSO_TASK_PAGES	0

#endif /* CONFIG_VDSO_TASK */

#endif /* _LINUX_VDSO_TASK_TYPES_H */
