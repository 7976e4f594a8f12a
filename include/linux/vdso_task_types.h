/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_VDSO_TASK_TYPES_H
#define _LINUX_VDSO_TASK_TYPES_H

/*
 * What task_struct, mm_struct and the vDSO linker scripts need to know of the
 * task slots: sizes and two small structures. Safe to include from assembly.
 */

#ifdef CONFIG_VDSO_TASK

#include <generated/vdso_task_layout.h>

/*
 * Pages that we take at the low end of [vvar]: one slot for each CPU that the
 * kernel was built for, the header line above them and the global page above
 * that. A constant of the build and not of the machine, because checkpoint and
 * restore compares the size of [vvar] between two machines.
 */
#define VDSO_TASK_PAGES							\
	((((CONFIG_NR_CPUS + 1) << VDSO_TASK_SLOT_SHIFT) + PAGE_SIZE - 1) / \
	 PAGE_SIZE + 1)

#ifndef __ASSEMBLY__

#include <linux/types.h>

struct vdso_task_area;

/**
 * struct vdso_task_mm - the part of mm_struct
 * @area: the slots of this address space, NULL until it has shown that it
 *	  calls often; set once, freed with the mm
 * @page: user address of the uppermost slot page when it was last touched
 * @heat: 0 until the slots are first touched, then 1 more than the number of
 *	  system calls made since in place of an answer, at most VDSO_TASK_HOT
 */
struct vdso_task_mm {
	struct vdso_task_area	*area;
	unsigned long		page;
	unsigned int		heat;
};

/**
 * struct vdso_task_changes - the part of task_struct that other tasks write
 * @area: the slots of the task's mm, from the task's first refresh in that mm
 *	  until it leaves the mm; read by others under RCU
 * @begin: changes of the task's answers begun by others
 * @end: changes ended; equal to @begin while none is under way
 */
struct vdso_task_changes {
	struct vdso_task_area __rcu	*area;
	atomic64_t			begin;
	atomic64_t			end;
};

#endif /* !__ASSEMBLY__ */

#else /* !CONFIG_VDSO_TASK */

#define VDSO_TASK_PAGES	0

#endif /* CONFIG_VDSO_TASK */

#endif /* _LINUX_VDSO_TASK_TYPES_H */
