/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_VDSO_TASK_H
#define _LINUX_VDSO_TASK_H

/*
 * Task records: per-thread data for the vDSO. kernel/vdso/publish.c has the
 * algorithm; these are the hooks that the rest of the kernel calls.
 */

#include <linux/mm_types.h>
#include <linux/sched.h>
#include <linux/vdso_task_types.h>

/**
 * arch_vdso_task_vma() - is this mapping a [vvar] with task records?
 * @vma: any mapping
 *
 * Defined by each architecture next to its special mappings.
 *
 * Return: true for the [vvar] of an image whose functions read task records.
 */
bool arch_vdso_task_vma(const struct vm_area_struct *vma);

/**
 * arch_vdso_task_end() - where the vDSO code of a process reads its records
 * @mm: an mm whose vDSO image reads task records, its mmap lock held
 *
 * The vDSO code addresses the area relative to itself, so this address follows
 * mremap() of [vdso].
 *
 * Return: user address of vdso_task_end.
 */
unsigned long arch_vdso_task_end(const struct mm_struct *mm);

#ifdef CONFIG_VDSO_TASK

/* Included only here, so that with the option off other files get nothing more. */
#include <linux/jump_label.h>
#include <linux/rcupdate.h>
#include <linux/sched/cputime.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

/* The value of vdso_task_mm.fallbacks that promotes a process. */
#define VDSO_TASK_PROMOTE	16

DECLARE_STATIC_KEY_FALSE(vdso_task_key);

/**
 * enum vdso_task_kind - the kind of answer that a system call returns
 * @VDSO_TASK_IDS: an ID, or the CPU number of getcpu()
 * @VDSO_TASK_THREAD_TIME: the caller's CPU time
 * @VDSO_TASK_PROCESS_TIME: the CPU time of the caller's process
 */
enum vdso_task_kind {
	VDSO_TASK_IDS,
	VDSO_TASK_THREAD_TIME,
	VDSO_TASK_PROCESS_TIME,
};

/**
 * enum vdso_task_part - which answers of a task to invalidate
 * @VDSO_TASK_ALL: all of them; also if a tracer or a filter may want to see the calls
 * @VDSO_TASK_PPID: the parent's ID
 * @VDSO_TASK_EXITED_RUNTIME: the process's CPU-time clock
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

/* Defined in the architecture's vdso/task_clock.c. */
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
 * struct vdso_task_call - an answer and the system call that it replaces
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
 * vdso_task_refresh() - refresh current's record if this call could have been answered
 * @field: the member of struct vdso_task_record that holds the answer
 *
 * The rest is out of line: inline code would share current with the system call, and
 * the compiler would keep it in a register that it has to save.
 *
 * Context: the system calls that have a vDSO entry.
 */
#define vdso_task_refresh(field)					\
do {									\
	if (static_branch_unlikely(&vdso_task_key))			\
		__vdso_task_refresh(offsetof(struct vdso_task_record, field)); \
} while (0)

/* Without slots a register holds the CPU number; the record permits its use. */
static __always_inline void vdso_task_refresh_getcpu(void)
{
	if (!IS_ENABLED(CONFIG_VDSO_TASK_SLOTS))
		vdso_task_refresh(getcpu);
}

/**
 * vdso_task_refresh_clock() - refresh current's record if it could answer this clock
 * @clock: a CPU-time clock in the encoding that contains a PID
 *
 * Context: clock_gettime(), as a system call.
 */
static __always_inline void vdso_task_refresh_clock(clockid_t clock)
{
	if (static_branch_unlikely(&vdso_task_key))
		__vdso_task_refresh_clock(clock);
}

/* The same for clock_getres(). */
static __always_inline void vdso_task_refresh_res(clockid_t clock)
{
	if (static_branch_unlikely(&vdso_task_key))
		__vdso_task_refresh_res(clock);
}

/**
 * vdso_task_exposes_cputime() - may user space have read more than is accounted?
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
 * vdso_task_sync_runtime() - account all CPU time that user space may have read
 * @p: a task that cannot be freed
 *
 * Context: any, without a scheduler lock.
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
 * vdso_task_sync_group_runtime() - vdso_task_sync_runtime() for all threads of a process
 * @p: one of its threads
 *
 * Each thread may read its own time in user space while the process's clock is left to
 * the system call, which must not return less than any thread has read.
 *
 * Context: any, without a scheduler lock or a siglock. Takes the runqueue lock of each
 * running thread that exposes its time.
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
 * vdso_task_runtime() - a task's CPU time, at least what user space may have read
 * @p: a task that cannot be freed
 *
 * Context: any, without a scheduler lock.
 *
 * Return: its sum_exec_runtime.
 */
static __always_inline u64 vdso_task_runtime(struct task_struct *p)
{
	vdso_task_sync_runtime(p);
	return p->se.sum_exec_runtime;
}

/**
 * vdso_task_irqtime_accounted() - irqtime_account_irq() has added time in an interrupt
 *
 * Context: interrupts off, in the interrupted task's context.
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
 * @part: which answers
 *
 * Until vdso_task_invalidate_end() @p falls back to the system call for them. Call this
 * before any system call can see the change.
 *
 * Context: any; does not sleep, nor may the change. The caller holds tasklist_lock
 * for writing or @p's siglock, or @p is current or stopped: @p cannot get a record
 * meanwhile, so a task without one has no answers.
 *
 * Return: the argument for vdso_task_invalidate_end().
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
 * @part: which answers
 *
 * Context: an RCU read-side critical section that also covers the change.
 *
 * Return: the argument for vdso_task_invalidate_end().
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
 * vdso_task_cputimer_started() - the caller has found the group cputimer started
 *
 * Orders its load of timers_active before its loads of the sums.
 */
static __always_inline void vdso_task_cputimer_started(void)
{
	smp_rmb();	/* pairs with smp_store_release() in vdso_task_cputimer_start() */
}

/**
 * vdso_task_cputimer_recheck() - has the group cputimer started meanwhile?
 * @active: its timers_active
 *
 * Call after summing thread runtimes. The sum may have runtime in it that was added to
 * a thread after the start and not yet to the cputimer. The next reading samples the
 * cputimer and must not be smaller, so this one has to sample it, too.
 */
static __always_inline bool vdso_task_cputimer_recheck(const unsigned int *active)
{
	if (!static_branch_unlikely(&vdso_task_key))
		return false;
	smp_rmb();	/* pairs with the runqueue lock, held while runtime is added */
	/* The caller samples the sum next: pairs with vdso_task_cputimer_start(). */
	return unlikely(smp_load_acquire(active));
}

/**
 * vdso_task_invalidate() - current has changed its own answers
 * @part: which answers
 *
 * No other thread reads them in the vDSO, so this may come after the change; it must
 * come before current returns to user mode.
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
 * Context: any but interrupts, before current returns to user mode; does not sleep.
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
 * @mm: the mm, whose mm_users still counts current; NULL for a kernel thread
 *
 * Context: process context; current does not return to user mode in that mm.
 */
static inline void vdso_task_detach(struct mm_struct *mm)
{
	struct signal_struct *sig = current->signal;

	if (unlikely(rcu_access_pointer(current->vdso_task.record)))
		__vdso_task_detach(mm);
	/* All other threads that may have set it have left the mm, their time synced. */
	if (READ_ONCE(sig->vdso_task_exposes_cputime) && thread_group_empty(current))
		smp_store_release(&sig->vdso_task_exposes_cputime, false);
}

/**
 * vdso_task_new_thread() - current is about to create a task
 * @clone_flags: of clone()
 *
 * From the second thread on, the system call answers the process's clock, by adding up
 * each thread's accounted time. So current is synced first.
 *
 * Context: before the new task can run.
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
 * @mm: the current mm, its mmap lock held, so that no thread calls the new image yet
 *
 * The entries of the new image replace other system calls, which a filter may not allow.
 */
static inline void vdso_task_image_changed(struct mm_struct *mm)
{
	if (unlikely(READ_ONCE(mm->vdso_task.area)))
		__vdso_task_invalidate_mm(mm);
}

/* A new task, copied from its parent, has no record and does not expose its time. */
static inline void vdso_task_init(struct task_struct *p)
{
	memset(&p->vdso_task, 0, sizeof(p->vdso_task));
}

/* A new mm for @p, which is current or a new task that is a copy of it. */
static inline void vdso_task_mm_init(struct mm_struct *mm, struct task_struct *p)
{
	memset(&mm->vdso_task, 0, sizeof(mm->vdso_task));
#ifdef CONFIG_VDSO_TASK_SLOTS
	mm->vdso_task.no_counter = !arch_vdso_task_counter_allowed(p);
#endif
}

#ifdef CONFIG_SECCOMP_FILTER
/**
 * vdso_task_seccomp_allows() - do current's filters always allow a system call?
 * @arch: AUDIT_ARCH_* of the call
 * @nr: its number
 *
 * Defined in kernel/seccomp.c, which has the action cache.
 *
 * Return: true if they do, whatever the arguments.
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
 * vdso_task_area_size() - how much of a mapping fork must not copy
 * @vma: a mapping of the parent, its mm locked for writing
 *
 * The page table entries of the area carry no page reference. A child that
 * inherited them would read its parent's records, and freed memory once the
 * parent is gone. Nor may it inherit the zero page or the global page: its first
 * touch would not fault, and it would never be promoted.
 *
 * Return: bytes from the start of @vma; the child faults in its own pages.
 */
static inline unsigned long vdso_task_area_size(const struct vm_area_struct *vma)
{
	return arch_vdso_task_vma(vma) ? VDSO_TASK_PAGES * PAGE_SIZE : 0;
}

/**
 * vdso_task_zap_start() - where to start removing page table entries
 * @vma: a mapping
 * @start: start of the range to remove, within @vma
 * @end: end of the range
 *
 * A process that never touched its area has no entries in it, so its exit need not scan
 * it. A first touch sets fallbacks before it inserts an entry: if that is still 0 here,
 * the touch comes after the removal.
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

static __always_inline bool vdso_task_cputimer_recheck(const unsigned int *active)
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
