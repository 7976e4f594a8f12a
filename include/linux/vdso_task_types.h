/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_VDSO_TASK_TYPES_H
#define _LINUX_VDSO_TASK_TYPES_H

/*
 * What task_struct, mm_struct and the vDSO linker scripts need to know of the
 * task records: sizes and two small structures. Safe to include from assembly.
 */

#ifdef CONFIG_VDSO_TASK

#include <vdso/task_area.h>

#ifndef __ASSEMBLY__

#include <linux/types.h>

struct vdso_task_area;

/**
 * struct vdso_task_mm - the part of mm_struct
 * @area: the records of this address space, NULL until it is promoted; set once,
 *	  freed with the mm
 * @fallbacks: 0 until the area is first touched, then 1 more than the number of
 *	       system calls made since in place of an answer, at most
 *	       VDSO_TASK_PROMOTE
 * @no_counter: a thread may not read the counter, so none does before it knows its
 *		record
 * @slots: kernel address of the first CPU's slot, NULL if there is none: see
 *	   kernel/vdso/publish.h
 */
struct vdso_task_mm {
	struct vdso_task_area	*area;
	unsigned int		fallbacks;
#ifdef CONFIG_VDSO_TASK_SLOTS
	bool			no_counter;
	void			*slots;
#endif
};

/**
 * struct vdso_task - the part of task_struct
 * @record: the task's record, NULL if it has none; written by the task itself, read
 *	    by others under RCU
 * @locator: by which user mode finds it: its distance from record 0 in bytes, which is
 *	     negative; 0 if there is none
 * @exposes_cputime: user mode may read the task's CPU time without a charge: from
 *		     its first refresh for a CPU-time clock until it leaves the mm;
 *		     written by the task itself
 * @masked: which answers a filter left out when they were computed
 * @computed: @end as of when the answers were computed, -1 if the task itself has
 *	      invalidated them since
 * @begin: invalidations of the task's answers begun by others
 * @end: invalidations ended; equal to @begin while none is under way
 */
struct vdso_task {
	struct vdso_task_record __rcu	*record;
	s32				locator;
	bool				exposes_cputime;
	u16				masked;
	s64				computed;
	atomic64_t			begin;
	atomic64_t			end;
};

#endif /* !__ASSEMBLY__ */

#else /* !CONFIG_VDSO_TASK */

#define VDSO_TASK_PAGES	0

#endif /* CONFIG_VDSO_TASK */

#endif /* _LINUX_VDSO_TASK_TYPES_H */
