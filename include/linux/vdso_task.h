/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_VDSO_TASK_H
#define _LINUX_VDSO_TASK_H

/*
 * Task records: per-thread data for the vDSO. kernel/vdso/publish.c has the
 * algorithm; this is what the rest of the kernel calls.
 */

#include <linux/mm_types.h>
#include <linux/sched.h>
#include <linux/vdso_task_types.h>

/**
 * arch_vdso_task_vma() - is this a [vvar] that has task records?
 * @vma: any mapping
 *
 * Each architecture's map code provides it, next to its special mappings.
 *
 * Return: true for the [vvar] of an image whose functions read task records.
 */
bool arch_vdso_task_vma(const struct vm_area_struct *vma);

/**
 * arch_vdso_task_end() - where the vDSO functions of a process look for its records
 * @mm: an address space whose image has such functions, its mappings locked
 *
 * The code finds the area by its distance from it, so this follows [vdso] where
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

/* System calls in place of an answer before a process gets an area of its own. */
#define VDSO_TASK_PROMOTE	16

DECLARE_STATIC_KEY_FALSE(vdso_task_key);

/**
 * enum vdso_task_kind - what a system call asks for that a record may answer
 * @VDSO_TASK_IDS: an entry of the table with a field of its own
 * @VDSO_TASK_THREAD_TIME: the CPU time of the caller
 * @VDSO_TASK_PROCESS_TIME: the CPU time of its process
 */
enum vdso_task_kind {
	VDSO_TASK_IDS,
	VDSO_TASK_THREAD_TIME,
	VDSO_TASK_PROCESS_TIME,
};

/**
 * enum vdso_task_part - which answers of a task change
 * @VDSO_TASK_ALL: any, or who may see that they are asked for
 * @VDSO_TASK_PPID: its parent's ID
 * @VDSO_TASK_EXITED_RUNTIME: what the process's time consists of
 */
enum vdso_task_part {
	VDSO_TASK_ALL,
	VDSO_TASK_PPID,
	VDSO_TASK_EXITED_RUNTIME,
};

#ifdef CONFIG_VDSO_TASK_SLOTS
void __vdso_task_deny_counter(struct mm_struct *mm);
#else
void __vdso_task_publish_base(struct task_struct *next, u64 base);
void arch_vdso_task_publish(struct task_struct *p);
#endif
void __vdso_task_refresh(size_t field);
void __vdso_task_refresh_clock(clockid_t clock);
void __vdso_task_refresh_res(clockid_t clock);
void __vdso_task_irqtime_accounted(void);
void __vdso_task_invalidate_begin(struct task_struct *p, enum vdso_task_part part);
void __vdso_task_invalidate_end(struct task_struct *p);
void __vdso_task_invalidate(enum vdso_task_part part);
void __vdso_task_invalidate_mm(struct mm_struct *mm);
void __vdso_task_sync_group_runtime(struct task_struct *p);

/* The architecture's vdso/task_clock.c. */
bool arch_vdso_task_clock(struct vdso_task_global *now);
bool arch_vdso_task_counter_allowed(struct task_struct *p);
bool arch_vdso_task_reads_clocks(const struct mm_struct *mm);

void vdso_task_clock_begin(void);
void vdso_task_clock_stop(void);
void vdso_task_clock_end(void);
void vdso_task_mm_free(struct mm_struct *mm);
void __vdso_task_detach(struct mm_struct *mm);
vm_fault_t vdso_task_fault(struct vm_area_struct *vma, struct vm_fault *vmf,
			   unsigned long index);

/**
 * struct vdso_task_call - an answer and the system call that it stands for
 * @offset: of the answer in the record, in bytes
 * @size: of the answer, in bytes
 * @nr: number of the system call
 */
struct vdso_task_call {
	u8	offset;
	u8	size;
	u16	nr;
};

#define VDSO_TASK_CALL_OF(field, nr)					\
	{ offsetof(struct vdso_task_record, field),			\
	  sizeof_field(struct vdso_task_record, field), nr },

/* For VDSO_TASK_ENTRIES_*() and VDSO_TASK_USES_*() of the native ABI. */
#define VDSO_TASK_CALL(name, symbol, field, type, nr)			\
	VDSO_TASK_CALL_OF(field, __NR_##nr)
#define VDSO_TASK_USE(field, nr)	VDSO_TASK_CALL_OF(field, __NR_##nr)

/**
 * vdso_task_refresh() - a system call was made that a record could have answered
 * @field: of struct vdso_task_record, which has the answer
 *
 * All that follows is out of line: the compiler would keep current, which the
 * system calls need as well, in a register for both, and save that register.
 *
 * Context: the system calls that have a vDSO entry.
 */
#define vdso_task_refresh(field)					\
do {									\
	if (static_branch_unlikely(&vdso_task_key))			\
		__vdso_task_refresh(offsetof(struct vdso_task_record, field)); \
} while (0)

/* Where a register has the CPU number, a record says whether it may be reported. */
static __always_inline void vdso_task_refresh_getcpu(void)
{
	if (!IS_ENABLED(CONFIG_VDSO_TASK_SLOTS))
		vdso_task_refresh(getcpu);
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
	return READ_ONCE(p->vdso_task.exposes_cputime);
}

/**
 * vdso_task_sync_runtime() - charge a task at least what it may have told
 * @p: a task that cannot be freed
 *
 * Context: any without a lock of the scheduler.
 */
static __always_inline void vdso_task_sync_runtime(struct task_struct *p)
{
	if (!static_branch_unlikely(&vdso_task_key))
		return;
	if (vdso_task_exposes_cputime(p))
		task_sched_runtime(p);
	else
		smp_acquire__after_ctrl_dep();	/* pairs with __vdso_task_detach() */
}

/**
 * vdso_task_sync_group_runtime() - charge a process at least what its threads may have told
 * @p: a thread of it
 *
 * Each thread's own time is told without a charge, whatever makes the process's
 * time one for the system call: it must not be less than that of a thread.
 *
 * Context: any without a lock of the scheduler and without a siglock; with many
 * threads it takes many runqueues' locks.
 */
static __always_inline void vdso_task_sync_group_runtime(struct task_struct *p)
{
	if (!static_branch_unlikely(&vdso_task_key))
		return;
	/* Pairs with the release in vdso_task_detach(). */
	if (smp_load_acquire(&p->signal->vdso_task_exposes_cputime))
		__vdso_task_sync_group_runtime(p);
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
	vdso_task_sync_runtime(p);
	return p->se.sum_exec_runtime;
}

/**
 * vdso_task_irqtime_accounted() - time in an interrupt was found
 *
 * Context: IRQ time accounting, interrupts off.
 */
static __always_inline void vdso_task_irqtime_accounted(void)
{
	if (static_branch_unlikely(&vdso_task_key) &&
	    vdso_task_exposes_cputime(current))
		__vdso_task_irqtime_accounted();
}

/**
 * vdso_task_invalidate_begin() - answers of a task are about to change
 * @p: a task that cannot be freed, current or another
 * @part: which
 *
 * From here to vdso_task_invalidate_end() @p makes the system call. Must come before
 * the change can be seen by any system call.
 *
 * Context: any; does not sleep, nor may the change. The caller holds tasklist_lock
 * for writing or @p's siglock, or @p is current or stopped: @p cannot get a record
 * meanwhile, so where it has none it has no answers.
 *
 * Return: what vdso_task_invalidate_end() has to be given.
 */
static __always_inline bool vdso_task_invalidate_begin(struct task_struct *p,
						       enum vdso_task_part part)
{
	if (!static_branch_unlikely(&vdso_task_key) ||
	    !rcu_access_pointer(p->vdso_task.record))
		return false;
	__vdso_task_invalidate_begin(p, part);
	return true;
}

/**
 * vdso_task_invalidate_begin_unlocked() - the same while @p may get a record
 * @p: a task that cannot be freed
 * @part: which
 *
 * Context: an RCU read-side critical section, up to the end of the change.
 *
 * Return: what vdso_task_invalidate_end() has to be given.
 */
static __always_inline bool
vdso_task_invalidate_begin_unlocked(struct task_struct *p, enum vdso_task_part part)
{
	if (!static_branch_unlikely(&vdso_task_key))
		return false;
	__vdso_task_invalidate_begin(p, part);
	return true;
}

/**
 * vdso_task_invalidate_end() - the change is visible to every system call
 * @p: as in vdso_task_invalidate_begin()
 * @begun: what that returned; the static key may have been enabled since
 *
 * Context: any; does not sleep.
 */
static __always_inline void vdso_task_invalidate_end(struct task_struct *p, bool begun)
{
	if (begun)
		__vdso_task_invalidate_end(p);
}

bool vdso_task_cputimer_start(struct task_struct *p);

/**
 * vdso_task_cputimer_started() - a process was seen to count its own CPU time
 *
 * It counts from what its threads had used then, which is about to be read.
 */
static __always_inline void vdso_task_cputimer_started(void)
{
	smp_rmb();	/* pairs with smp_store_release() in vdso_task_cputimer_start() */
}

/**
 * vdso_task_cputimer_came() - did a process begin to count its own CPU time just now?
 * @active: where it says so
 *
 * For who has just added up what its threads have used. A charge among that which
 * was made after the start may be on its way to the process's sum, which the next
 * reading will be of: so it has to be this one's, too.
 */
static __always_inline bool vdso_task_cputimer_came(const unsigned int *active)
{
	if (!static_branch_unlikely(&vdso_task_key))
		return false;
	smp_rmb();	/* pairs with the runqueue's lock that charges are made under */
	/* What the sum began with is about to be read: vdso_task_cputimer_start(). */
	return unlikely(smp_load_acquire(active));
}

/**
 * vdso_task_invalidate() - current has changed its own answers
 * @part: which
 *
 * Nobody else can have looked at them in the vDSO since, so this may come after
 * the change; it must come before current returns to user mode.
 *
 * Context: any but interrupts; does not sleep.
 */
static __always_inline void vdso_task_invalidate(enum vdso_task_part part)
{
	if (static_branch_unlikely(&vdso_task_key))
		__vdso_task_invalidate(part);
}

/**
 * vdso_task_deny_counter() - current may not read the counter in user mode any more
 *
 * Context: any but interrupts; does not sleep. Before it returns to user mode.
 */
static inline void vdso_task_deny_counter(void)
{
#ifdef CONFIG_VDSO_TASK_SLOTS
	if (current->mm)
		__vdso_task_deny_counter(current->mm);
#else
	vdso_task_invalidate(VDSO_TASK_ALL);
#endif
}

/**
 * vdso_task_detach() - current leaves an mm, by exec or exit
 * @mm: the mm, which has not lost this user yet; NULL for a kernel thread
 *
 * Context: process context; current does not return to user mode in that mm.
 */
static inline void vdso_task_detach(struct mm_struct *mm)
{
	struct signal_struct *sig = current->signal;

	if (unlikely(rcu_access_pointer(current->vdso_task.record)))
		__vdso_task_detach(mm);
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
		vdso_task_invalidate(VDSO_TASK_EXITED_RUNTIME);
	}
}

/**
 * vdso_task_image_changed() - a process has another vDSO image than before
 * @mm: the current mm, its mappings locked, so that nobody calls the new one yet
 *
 * What a filter looks at are other system calls then.
 */
static inline void vdso_task_image_changed(struct mm_struct *mm)
{
	if (unlikely(READ_ONCE(mm->vdso_task.area)))
		__vdso_task_invalidate_mm(mm);
}

/* A new task, copied from its parent, has no record and exposes nothing. */
static inline void vdso_task_init(struct task_struct *p)
{
	memset(&p->vdso_task, 0, sizeof(p->vdso_task));
}

/* Of @p, which is current or a new task that is a copy of it. */
static inline void vdso_task_mm_init(struct mm_struct *mm, struct task_struct *p)
{
	memset(&mm->vdso_task, 0, sizeof(mm->vdso_task));
#ifdef CONFIG_VDSO_TASK_SLOTS
	mm->vdso_task.no_counter = !arch_vdso_task_counter_allowed(p);
#endif
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
 * The page table entries of the area carry no page reference. A child that
 * inherited them would read its parent's records, and freed memory once the
 * parent is gone. Nor may it inherit the zero page, or the page that all processes
 * share: its first touch would not be seen, and it would never be promoted.
 *
 * Return: bytes from the start of @vma; the child faults in its own.
 */
static inline unsigned long vdso_task_area_size(const struct vm_area_struct *vma)
{
	return arch_vdso_task_vma(vma) ? VDSO_TASK_PAGES * PAGE_SIZE : 0;
}

/**
 * vdso_task_zap_start() - where page table entries are to be removed from
 * @vma: a mapping
 * @start: where it begins, or what is to be removed of it
 * @end: where that ends
 *
 * The end of a process that never called does not look for pages of its area one by
 * one. A first touch at the same time comes after who sees none here: it sets the mark
 * before it inserts an entry.
 *
 * Return: @start, or the end of the area if that was never touched.
 */
static inline unsigned long vdso_task_zap_start(const struct vm_area_struct *vma,
						unsigned long start,
						unsigned long end)
{
	if (READ_ONCE(vma->vm_mm->vdso_task.fallbacks))
		return start;
	return clamp(vma->vm_start + vdso_task_area_size(vma), start, end);
}

#else /* !CONFIG_VDSO_TASK */

#define vdso_task_refresh(field)	do { } while (0)
#define vdso_task_refresh_getcpu()	do { } while (0)

static __always_inline void vdso_task_refresh_clock(clockid_t clock) { }
static __always_inline void vdso_task_refresh_res(clockid_t clock) { }
static __always_inline void vdso_task_sync_runtime(struct task_struct *p) { }
static __always_inline void vdso_task_sync_group_runtime(struct task_struct *p) { }

static __always_inline u64 vdso_task_runtime(struct task_struct *p)
{
	return p->se.sum_exec_runtime;
}

static __always_inline void vdso_task_irqtime_accounted(void) { }
static inline void vdso_task_clock_begin(void) { }
static inline void vdso_task_clock_stop(void) { }
static inline void vdso_task_clock_end(void) { }
static inline bool vdso_task_cputimer_start(struct task_struct *p)
{
	return false;
}

static __always_inline void vdso_task_cputimer_started(void) { }

static __always_inline bool vdso_task_cputimer_came(const unsigned int *active)
{
	return false;
}

#define vdso_task_invalidate_begin(p, part)		((void)(p), false)
#define vdso_task_invalidate_begin_unlocked(p, part)	((void)(p), false)
#define vdso_task_invalidate_end(p, begun)		((void)(p), (void)(begun))
#define vdso_task_invalidate(part)			do { } while (0)

static inline void vdso_task_deny_counter(void) { }
static inline void vdso_task_detach(struct mm_struct *mm) { }
static inline void vdso_task_new_thread(u64 clone_flags) { }
static inline void vdso_task_init(struct task_struct *p) { }
static inline void vdso_task_mm_init(struct mm_struct *mm, struct task_struct *p) { }
static inline void vdso_task_mm_free(struct mm_struct *mm) { }
static inline void vdso_task_image_changed(struct mm_struct *mm) { }
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
