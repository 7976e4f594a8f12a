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
 * @fallbacks: 0 until the area or the global page is first touched, then 1 more than
 *	       the number of fallback system calls counted since, at most
 *	       VDSO_TASK_PROMOTE
 * @no_counter: a thread may not read the counter in user mode, so record 0 lets no
 *		thread read it
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
 * @locator: distance of the record from record 0 in bytes, by which user mode finds it:
 *	     negative; 0 if there is none
 * @exposes_cputime: user mode may read CPU time that is not accounted yet: from
 *		     the first refresh for a CPU-time clock until the task leaves the
 *		     mm; written by the task itself
 * @masked: answers that a seccomp filter masked when they were computed
 * @computed: value of @end when the answers were computed, -1 if the task itself has
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
