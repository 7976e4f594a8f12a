/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_VDSO_TASK_H
#define _LINUX_VDSO_TASK_H

/*
 * Task slots: per-thread data for the vDSO. kernel/vdso/slot.c has the
 * algorithm; this is what the rest of the kernel calls.
 */

#include <linux/jump_label.h>
#include <linux/mm_types.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/vdso_task_types.h>

/**
 * arch_vdso_task_vma() - is this a [vvar] that has task slots?
 * @vma: any mapping
 *
 * Each architecture's map code provides it, next to its special mappings.
 *
 * Return: true for the [vvar] of an image whose functions read task slots.
 */
bool arch_vdso_task_vma(const struct vm_area_struct *vma);

#ifdef CONFIG_VDSO_TASK

/* System calls in place of an answer before a process gets slots of its own. */
#define VDSO_TASK_HOT	16

DECLARE_STATIC_KEY_FALSE(vdso_task_key);

void __vdso_task_fill(struct task_struct *next, struct vdso_task_area *area);
void __vdso_task_refresh(struct mm_struct *mm);
void vdso_task_mm_free(struct mm_struct *mm);
vm_fault_t vdso_task_fault(struct vm_area_struct *vma, struct vm_fault *vmf,
			   unsigned long index);

/**
 * vdso_task_switch() - the incoming thread takes over this CPU's slot
 * @next: the thread, which has an mm
 *
 * Context: the context switch, rq->lock held, interrupts off.
 */
static __always_inline void vdso_task_switch(struct task_struct *next)
{
	struct vdso_task_area *area;

	if (!static_branch_unlikely(&vdso_task_key))
		return;
	area = READ_ONCE(next->mm->vdso_task.area);
	if (area)
		__vdso_task_fill(next, area);
}

/**
 * vdso_task_refresh() - a system call was made that a slot could have answered
 *
 * Context: the system calls that have a vDSO entry.
 */
static __always_inline void vdso_task_refresh(void)
{
	if (static_branch_unlikely(&vdso_task_key)) {
		struct mm_struct *mm = current->mm;

		if (mm && READ_ONCE(mm->vdso_task.heat))
			__vdso_task_refresh(mm);
	}
}

/**
 * vdso_task_change_begin() - the answers of an mm's threads are about to change
 * @mm: an mm that cannot go away, or NULL
 *
 * From here to vdso_task_change_end() every thread of @mm makes the system
 * call. Must come before the change becomes visible to any system call.
 *
 * Context: any; does not sleep.
 */
void vdso_task_change_begin(struct mm_struct *mm);

/**
 * vdso_task_change_end() - the change is visible to every system call
 * @mm: as in vdso_task_change_begin()
 *
 * Context: any; does not sleep.
 */
void vdso_task_change_end(struct mm_struct *mm);

/**
 * vdso_task_change_begin_task() - as above, for a task that may be exiting
 * @p: a task that cannot be freed
 *
 * Keeps the task's mm from going away up to vdso_task_change_end_task().
 *
 * Context: process context; takes task_lock().
 */
void vdso_task_change_begin_task(struct task_struct *p);

/**
 * vdso_task_change_end_task() - the change is visible to every system call
 * @p: as in vdso_task_change_begin_task()
 *
 * Context: process context; releases task_lock().
 */
void vdso_task_change_end_task(struct task_struct *p);

/* A task without answers: a new one, or one that takes another mm. */
static inline void vdso_task_forget(struct task_struct *p)
{
	memset(&p->vdso_task, 0, sizeof(p->vdso_task));
}

static inline void vdso_task_mm_init(struct mm_struct *mm)
{
	memset(&mm->vdso_task, 0, sizeof(mm->vdso_task));
}

/**
 * vdso_task_skip_copy() - must fork leave these page table entries out?
 * @vma: a mapping of the parent, its mm locked for writing
 *
 * The page table entries of [vvar] carry no page reference. A child that
 * inherited them would read its parent's slots, and freed memory once the
 * parent is gone. Nor may it inherit the page of zeros, or its first touch
 * would not be seen and it would never become hot.
 *
 * Return: true if slots were touched in @vma; the child faults in its own.
 */
static inline bool vdso_task_skip_copy(const struct vm_area_struct *vma)
{
	return vma->vm_mm->vdso_task.heat && arch_vdso_task_vma(vma);
}

#else /* !CONFIG_VDSO_TASK */

static __always_inline void vdso_task_switch(struct task_struct *next) { }
static __always_inline void vdso_task_refresh(void) { }
static inline void vdso_task_change_begin(struct mm_struct *mm) { }
static inline void vdso_task_change_end(struct mm_struct *mm) { }
static inline void vdso_task_change_begin_task(struct task_struct *p) { }
static inline void vdso_task_change_end_task(struct task_struct *p) { }
static inline void vdso_task_forget(struct task_struct *p) { }
static inline void vdso_task_mm_init(struct mm_struct *mm) { }
static inline void vdso_task_mm_free(struct mm_struct *mm) { }

static inline bool vdso_task_skip_copy(const struct vm_area_struct *vma)
{
	return false;
}

static inline vm_fault_t vdso_task_fault(struct vm_area_struct *vma,
					 struct vm_fault *vmf,
					 unsigned long index)
{
	return VM_FAULT_SIGBUS;
}

#endif /* CONFIG_VDSO_TASK */

#endif /* _LINUX_VDSO_TASK_H */
