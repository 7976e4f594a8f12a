/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_VDSO_TASK_H
#define _LINUX_VDSO_TASK_H

/*
 * Task slots: per-thread data for the vDSO. kernel/vdso/slot.c has the
 * algorithm; this is what the rest of the kernel calls.
 */

#include <linux/mm_types.h>
#include <linux/sched.h>
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

/**
 * arch_vdso_task_end() - where the vDSO functions of a process look for its slots
 * @mm: an address space whose image has such functions, its mappings locked
 *
 * The code finds the slots by its distance from them, so this follows [vdso] where
 * that is moved to.
 *
 * Return: user address of vdso_task_end.
 */
unsigned long arch_vdso_task_end(const struct mm_struct *mm);

#ifdef CONFIG_VDSO_TASK

/* Where the option is off, files that include this one are as they were without. */
#include <linux/jump_label.h>
#include <linux/rcupdate.h>
#include <linux/sched/cputime.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

/* System calls in place of an answer before a process gets slots of its own. */
#define VDSO_TASK_HOT	16

DECLARE_STATIC_KEY_FALSE(vdso_task_key);

/**
 * enum vdso_task_kind - what a system call asks for that a slot may answer
 * @VDSO_TASK_IDS: an entry of the table with a field of its own
 * @VDSO_TASK_THREAD_TIME: the CPU time of the caller
 * @VDSO_TASK_PROCESS_TIME: the CPU time of its process
 */
enum vdso_task_kind {
	VDSO_TASK_IDS,
	VDSO_TASK_THREAD_TIME,
	VDSO_TASK_PROCESS_TIME,
};

/* Added to what user space is told of the scheduler's clock. */
extern u64 vdso_task_clock_offset;

void __vdso_task_fill(struct task_struct *next, struct vdso_task_area *area,
		      u64 base);
void __vdso_task_refresh(enum vdso_task_kind kind);
void __vdso_task_refresh_clock(clockid_t clock);
void __vdso_task_refresh_res(clockid_t clock);
void __vdso_task_interrupted(void);
void __vdso_task_change_begin(struct task_struct *p);
void __vdso_task_change_end(struct task_struct *p);
void __vdso_task_settle_group(struct task_struct *p);

/* The architecture's vdso/task_clock.c. */
bool arch_vdso_task_clock(struct vdso_task_global *now);
bool arch_vdso_task_counter_allowed(void);

void vdso_task_clock_begin(void);
void vdso_task_clock_stop(void);
void vdso_task_clock_end(void);
void vdso_task_mm_free(struct mm_struct *mm);
vm_fault_t vdso_task_fault(struct vm_area_struct *vma, struct vm_fault *vmf,
			   unsigned long index);

/**
 * struct vdso_task_call - an answer and the system call that it stands for
 * @offset: of the answer in the slot, in bytes; never 0
 * @size: of the answer, in bytes
 * @nr: number of the system call
 */
struct vdso_task_call {
	u8	offset;
	u8	size;
	u16	nr;
};

#define VDSO_TASK_CALL_OF(field, nr)					\
	{ offsetof(struct vdso_task_slot, field),			\
	  sizeof_field(struct vdso_task_slot, field), nr },

/* For VDSO_TASK_ENTRIES_*() and VDSO_TASK_USES_*() of the native ABI. */
#define VDSO_TASK_CALL(name, symbol, field, type, nr)			\
	VDSO_TASK_CALL_OF(field, __NR_##nr)
#define VDSO_TASK_USE(field, nr)	VDSO_TASK_CALL_OF(field, __NR_##nr)

/**
 * vdso_task_refresh() - a system call was made that a slot could have answered
 *
 * All that follows is out of line: the compiler would keep current, which the
 * system calls need as well, in a register for both, and save that register.
 *
 * Context: the system calls that have a vDSO entry.
 */
static __always_inline void vdso_task_refresh(void)
{
	if (static_branch_unlikely(&vdso_task_key))
		__vdso_task_refresh(VDSO_TASK_IDS);
}

/**
 * vdso_task_refresh_clock() - a CPU-time clock is read by system call
 * @clock: its number, of the kind that has a process or thread ID in it
 *
 * Context: the system call.
 */
static __always_inline void vdso_task_refresh_clock(clockid_t clock)
{
	if (static_branch_unlikely(&vdso_task_key))
		__vdso_task_refresh_clock(clock);
}

/* The same where its resolution is asked for. */
static __always_inline void vdso_task_refresh_res(clockid_t clock)
{
	if (static_branch_unlikely(&vdso_task_key))
		__vdso_task_refresh_res(clock);
}

/**
 * vdso_task_exposes_cputime() - may user space have read more than was charged?
 * @p: a task that cannot be freed
 *
 * Return: true from the task's first refresh for a CPU-time clock until it leaves
 * its mm.
 */
static __always_inline bool vdso_task_exposes_cputime(const struct task_struct *p)
{
	return READ_ONCE(p->vdso_task_changes.exposes_cputime);
}

/**
 * vdso_task_settle() - charge a task at least what it may have told
 * @p: a task that cannot be freed
 *
 * Context: any without a lock of the scheduler.
 */
static __always_inline void vdso_task_settle(struct task_struct *p)
{
	if (!static_branch_unlikely(&vdso_task_key))
		return;
	if (vdso_task_exposes_cputime(p))
		task_sched_runtime(p);
	else
		smp_acquire__after_ctrl_dep();	/* pairs with vdso_task_forget() */
}

/**
 * vdso_task_settle_group() - charge a process at least what its threads may have told
 * @p: a thread of it
 *
 * Each thread's own time is told without a charge, whatever makes the process's
 * time one for the system call: it must not be less than that of a thread.
 *
 * Context: any without a lock of the scheduler and without a siglock; with many
 * threads it takes many runqueues' locks.
 */
static __always_inline void vdso_task_settle_group(struct task_struct *p)
{
	if (!static_branch_unlikely(&vdso_task_key))
		return;
	/* Pairs with the release in vdso_task_leave(). */
	if (smp_load_acquire(&p->signal->vdso_task_exposes_cputime))
		__vdso_task_settle_group(p);
}

/**
 * vdso_task_runtime() - what a task has used, and no less than it may have told
 * @p: a task that cannot be freed
 *
 * Context: any without a lock of the scheduler.
 *
 * Return: nanoseconds, as charged.
 */
static __always_inline u64 vdso_task_runtime(struct task_struct *p)
{
	vdso_task_settle(p);
	return p->se.sum_exec_runtime;
}

/**
 * vdso_task_interrupted() - time in an interrupt was found
 *
 * Context: IRQ time accounting, interrupts off.
 */
static __always_inline void vdso_task_interrupted(void)
{
	if (static_branch_unlikely(&vdso_task_key) &&
	    vdso_task_exposes_cputime(current))
		__vdso_task_interrupted();
}

/**
 * vdso_task_change_begin() - answers of a task are about to change
 * @p: a task that cannot be freed, current or another
 *
 * From here to vdso_task_change_end() @p makes the system call. Must come before
 * the change can be seen by any system call.
 *
 * Context: any; does not sleep, nor may the change. The caller holds tasklist_lock
 * for writing or @p's siglock, or @p is current or stopped: @p cannot attach itself
 * to an area meanwhile, so where it has none it has no answers.
 *
 * Return: what vdso_task_change_end() has to be given.
 */
static __always_inline bool vdso_task_change_begin(struct task_struct *p)
{
	if (!static_branch_unlikely(&vdso_task_key) ||
	    !rcu_access_pointer(p->vdso_task_changes.area))
		return false;
	__vdso_task_change_begin(p);
	return true;
}

/**
 * vdso_task_change_begin_unlocked() - the same while @p may attach itself
 * @p: a task that cannot be freed
 *
 * Context: an RCU read-side critical section, up to the end of the change.
 *
 * Return: what vdso_task_change_end() has to be given.
 */
static __always_inline bool vdso_task_change_begin_unlocked(struct task_struct *p)
{
	if (!static_branch_unlikely(&vdso_task_key))
		return false;
	__vdso_task_change_begin(p);
	return true;
}

/**
 * vdso_task_change_end() - the change is visible to every system call
 * @p: as in vdso_task_change_begin()
 * @begun: what that returned; the static key may have been enabled since
 *
 * Context: any; does not sleep.
 */
static __always_inline void vdso_task_change_end(struct task_struct *p, bool begun)
{
	if (begun)
		__vdso_task_change_end(p);
}

bool vdso_task_start_sum(struct task_struct *p);

/**
 * vdso_task_sum_started() - a process was seen to count its own CPU time
 *
 * It counts from what its threads had used then, which is about to be read.
 */
static __always_inline void vdso_task_sum_started(void)
{
	smp_rmb();	/* pairs with smp_store_release() in vdso_task_start_sum() */
}

/**
 * vdso_task_sum_came() - did a process begin to count its own CPU time just now?
 * @active: where it says so
 *
 * For who has just added up what its threads have used. A charge among that which
 * was made after the start may be on its way to the process's sum, which the next
 * reading will be of: so it has to be this one's, too.
 */
static __always_inline bool vdso_task_sum_came(const unsigned int *active)
{
	if (!static_branch_unlikely(&vdso_task_key))
		return false;
	smp_rmb();	/* pairs with the runqueue's lock that charges are made under */
	/* What the sum began with is about to be read: vdso_task_start_sum(). */
	return unlikely(smp_load_acquire(active));
}

void __vdso_task_drop(void);

/**
 * vdso_task_drop() - current has changed its own answers
 *
 * Nobody else can have looked at them in the vDSO since, so this may come after
 * the change; it must come before current returns to user mode.
 *
 * Context: any but interrupts; does not sleep.
 */
static __always_inline void vdso_task_drop(void)
{
	if (static_branch_unlikely(&vdso_task_key))
		__vdso_task_drop();
}

/**
 * vdso_task_forget() - a task has left its mm, or is new
 * @p: a new task, or current with interrupts off
 *
 * From here on it has no answers, and nobody reaches the mm's slots through it.
 */
static inline void vdso_task_forget(struct task_struct *p)
{
	memset(&p->vdso_task, 0, sizeof(p->vdso_task));
	/* Whoever sees that @p exposes nothing any more sees what it was charged. */
	smp_store_release(&p->vdso_task_changes.exposes_cputime, false);
	smp_store_release(&p->vdso_task_changes.area, NULL);
}

/**
 * vdso_task_leave() - current leaves its mm, by exec or exit
 *
 * Context: interrupts off, no lock of the scheduler held.
 */
static inline void vdso_task_leave(void)
{
	struct signal_struct *sig = current->signal;

	if (vdso_task_exposes_cputime(current))
		task_sched_runtime(current);
	vdso_task_forget(current);
	/* Every other thread that may have set it has left its mm, and was charged. */
	if (READ_ONCE(sig->vdso_task_exposes_cputime) && thread_group_empty(current))
		smp_store_release(&sig->vdso_task_exposes_cputime, false);
}

/**
 * vdso_task_new_thread() - current starts a task
 * @clone_flags: how
 *
 * The second thread of a process ends its answers to the process's clock, and
 * may read that clock by system call, where the first one's part is what it was
 * last charged.
 *
 * Context: before the task can run.
 */
static inline void vdso_task_new_thread(u64 clone_flags)
{
	if ((clone_flags & CLONE_THREAD) && vdso_task_exposes_cputime(current) &&
	    thread_group_empty(current)) {
		task_sched_runtime(current);
		vdso_task_drop();
	}
}

/* A new task, copied from its parent: nobody is changing its answers. */
static inline void vdso_task_init(struct task_struct *p)
{
	vdso_task_forget(p);
	atomic64_set(&p->vdso_task_changes.begin, 0);
	atomic64_set(&p->vdso_task_changes.end, 0);
}

static inline void vdso_task_mm_init(struct mm_struct *mm)
{
	memset(&mm->vdso_task, 0, sizeof(mm->vdso_task));
}

#ifdef CONFIG_SECCOMP_FILTER
/**
 * vdso_task_seccomp_allows() - would current's filters let a call pass unseen?
 * @arch: AUDIT_ARCH_* of the call
 * @nr: its number
 *
 * In kernel/seccomp.c, which has the action cache.
 *
 * Return: true if they always allow the call, whatever its arguments.
 */
bool vdso_task_seccomp_allows(u32 arch, int nr);
#else
static inline bool vdso_task_seccomp_allows(u32 arch, int nr)
{
	return false;
}
#endif

void vdso_task_resume(void);

/**
 * vdso_task_area_size() - how much of a mapping fork must leave out
 * @vma: a mapping of the parent, its mm locked for writing
 *
 * The page table entries of slots carry no page reference. A child that
 * inherited them would read its parent's slots, and freed memory once the
 * parent is gone. Nor may it inherit the page of zeros, or its first touch
 * would not be seen and it would never become hot.
 *
 * Return: bytes from the start of @vma; the child faults in its own.
 */
static inline unsigned long vdso_task_area_size(const struct vm_area_struct *vma)
{
	return arch_vdso_task_vma(vma) ? VDSO_TASK_AREA_SIZE : 0;
}

/**
 * vdso_task_zap_start() - where page table entries are to be removed from
 * @vma: a mapping
 * @start: where it begins, or what is to be removed of it
 * @end: where that ends
 *
 * The end of a process that never called does not look for slots one by one. A first
 * touch at the same time comes after who sees none here: it sets the mark before it
 * inserts an entry.
 *
 * Return: @start, or the end of the area if no slot was ever touched.
 */
static inline unsigned long vdso_task_zap_start(const struct vm_area_struct *vma,
						unsigned long start,
						unsigned long end)
{
	if (READ_ONCE(vma->vm_mm->vdso_task.heat))
		return start;
	return clamp(vma->vm_start + vdso_task_area_size(vma), start, end);
}

#else /* !CONFIG_VDSO_TASK */

static __always_inline void vdso_task_refresh(void) { }
static __always_inline void vdso_task_refresh_clock(clockid_t clock) { }
static __always_inline void vdso_task_refresh_res(clockid_t clock) { }
static __always_inline void vdso_task_settle(struct task_struct *p) { }
static __always_inline void vdso_task_settle_group(struct task_struct *p) { }

static __always_inline u64 vdso_task_runtime(struct task_struct *p)
{
	return p->se.sum_exec_runtime;
}

static __always_inline void vdso_task_interrupted(void) { }
static inline void vdso_task_clock_begin(void) { }
static inline void vdso_task_clock_stop(void) { }
static inline void vdso_task_clock_end(void) { }
static inline bool vdso_task_start_sum(struct task_struct *p)
{
	return false;
}

static __always_inline void vdso_task_sum_started(void) { }

static __always_inline bool vdso_task_sum_came(const unsigned int *active)
{
	return false;
}


static __always_inline bool vdso_task_change_begin(struct task_struct *p)
{
	return false;
}

static __always_inline bool vdso_task_change_begin_unlocked(struct task_struct *p)
{
	return false;
}

static __always_inline void vdso_task_change_end(struct task_struct *p, bool begun) { }
static __always_inline void vdso_task_drop(void) { }
static inline void vdso_task_leave(void) { }
static inline void vdso_task_new_thread(u64 clone_flags) { }
static inline void vdso_task_init(struct task_struct *p) { }
static inline void vdso_task_mm_init(struct mm_struct *mm) { }
static inline void vdso_task_mm_free(struct mm_struct *mm) { }
static inline void vdso_task_resume(void) { }

static inline unsigned long vdso_task_area_size(const struct vm_area_struct *vma)
{
	return 0;
}

static inline unsigned long vdso_task_zap_start(const struct vm_area_struct *vma,
						unsigned long start,
						unsigned long end)
{
	return start;
}

static inline vm_fault_t vdso_task_fault(struct vm_area_struct *vma,
					 struct vm_fault *vmf,
					 unsigned long index)
{
	return VM_FAULT_SIGBUS;
}

#endif /* CONFIG_VDSO_TASK */

#endif /* _LINUX_VDSO_TASK_H */
