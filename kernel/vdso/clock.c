// SPDX-License-Identifier: GPL-2.0
/*
 * Task records: the CPU-time clocks of the calling thread and process.
 *
 * While a thread runs, the system call would return
 *
 *	sum_exec_runtime + clock_task(now) - exec_start
 *	  = sched_clock(now) - base,
 *	base = exec_start + (clock - clock_task) - sum_exec_runtime
 *
 * base is constant from one switch to the next: update_curr() adds the same amount to
 * exec_start and sum_exec_runtime, and so does every change of class, priority or group
 * of a running task, under the runqueue's lock. The switch computes base for the
 * incoming thread; the vDSO reads the counter behind sched_clock() and subtracts base
 * (include/vdso/task_clock.h).
 *
 * 1. No reading may be smaller than an earlier one, by vDSO or system call. The vDSO
 *    reports runtime that the scheduler has not accounted yet. So an update_curr() that
 *    is the last one of a stint, or whose result another task can read, must account at
 *    least what the vDSO reported:
 *
 *	CPU 0: T in user mode                   CPU 1: wakes a task on CPU 0
 *	---------------------                   ----------------------------
 *	                                        update_rq_clock(): rq.clock = t0
 *	                                        if (!vdso_task_needs_clock(T))
 *	                                          rq_clock_skip_update()
 *	vDSO: sched_clock() = t1 > t0
 *	(interrupt) __schedule():
 *	  update_rq_clock(): rq.clock = t2 > t1
 *	  update_curr(): T up to t2
 *
 *    Winner: CPU 0. With the update skipped, it would account T up to t0 only.
 *
 *    A skip that was requested before T exposed its CPU time is cancelled by the switch
 *    to T or by T's refresh (vdso_task_cancel_skip_update()). A task that got a reading
 *    from T, and then finds T off its CPU, loads T's runtime after that
 *    (vdso_task_acquire_runtime()). If another CPU accounts a SCHED_DEADLINE task to the
 *    end of its budget, the time that the task runs on is accounted as well
 *    (vdso_task_account_dequeued()), as for any class before a fair wakeup takes the
 *    runqueue for idle, and for a throttled fair task that goes off the runqueue while
 *    it runs (vdso_task_account_running()); sched_ext accounts its task before the task
 *    is seen off its queue. A task that leaves its mm (exec, exit) or starts a second
 *    thread is accounted at once. A system call for a process's time accounts all its
 *    threads first (vdso_task_sync_group_runtime()), so that no thread has read more
 *    than its process; for timers before it takes the process's siglock, under which
 *    the time is sampled. What a thread reads after that, it reads during the system
 *    call.
 *
 * 2. The parameters of sched_clock() lie in a page that all processes share, under a
 *    sequence count that is odd while they change or are not published:
 *
 *	CPU 0: reader                           CPU 1: changes sched_clock()
 *	-------------                           ----------------------------
 *	s = global.seq, even                    vdso_task_clock_begin():
 *	smp_rmb()         (pairs with E)          global.seq++
 *	base, counter, parameters                 smp_mb()                  (D)
 *	smp_rmb()         (pairs with D)          vdso_task_sync_all_runtimes()
 *	global.seq == s ?                       the change of sched_clock()
 *	                                        vdso_task_clock_end()
 *	                                        vdso_task_clock_publish(): parameters
 *	                                          smp_wmb()                 (E)
 *	                                          global.seq++
 *
 *    Winner: the change. If seq is still s, CPU 0 read the counter before the change.
 *    vdso_task_clock_publish() succeeds in the first refresh, or fault on that page,
 *    that finds sched_clock() past every runqueue's clock: a refined frequency or a new
 *    epoch may set sched_clock() back by some nanoseconds, and a runqueue's clock does
 *    not follow. Until then readers fall back. So a change may come in any context.
 *
 * 3. Interrupts. With IRQ time accounting, update_rq_clock_task() takes interrupt time
 *    off clock_task, but never more than has passed since its last run. If that run was
 *    within the interrupt (a tick, a wakeup from another CPU), CPU time stands still for
 *    a while, and only the runqueue has the length. To add each interrupt's time to base
 *    would be wrong then. So irq exit clears the base of the interrupted task, whose next
 *    call falls back and publishes base again if no time is left to be taken off. This
 *    costs a thread that reads its clock one system call per interrupt, and user mode
 *    sees no CPU's interrupt time.
 *
 * 4. While CPU timers run, update_curr() adds to the group cputimer, too. The cputimer
 *    starts at what the threads have used up to then. Runtime that is accounted during the
 *    start must count once, or the cputimer is too small, or too large until it stops:
 *
 *	CPU 0: accounts T                       CPU 1: starts the cputimer
 *	-----------------                       --------------------------
 *	lock T's runqueue                       lock T's runqueue
 *	T.sum_exec_runtime += delta             update_curr(T)
 *	timers_active ? cputimer += delta       cputimer = T.sum_exec_runtime
 *	unlock                                  timers_active = true
 *	                                        unlock
 *
 *    The lock decides: CPU 1's sum contains delta, or CPU 0 adds it. With one thread this
 *    is vdso_task_cputimer_start(). With more threads, where no record answers for the
 *    process, the start is two steps as without records. A system call that found
 *    !timers_active and summed the threads without that lock may have run between CPU 0's
 *    two additions, so it checks again (vdso_task_cputimer_recheck()):
 *
 *	CPU 0: starts the cputimer, accounts T  CPU 1: reads the process's time
 *	--------------------------------------  -------------------------------
 *	                                        !timers_active: sum the threads, with d
 *	cputimer = T.sum_exec_runtime           smp_rmb()
 *	smp_store_release(timers_active)        timers_active ? (load-acquire)
 *	lock T's runqueue                         yes: read cputimer, at least its start
 *	T.sum_exec_runtime += d                   no: d was accounted before any start
 *	cputimer += d
 *	unlock
 *
 *    Winner: CPU 0. If CPU 1's sum contains d, CPU 1 sees timers_active.
 *
 *    A thread that finds no armed timer may stop the cputimer at any time, which then
 *    lacks the runtime accounted later. So a system call syncs the threads first and then
 *    decides where to read:
 *
 *	CPU 0: stops the cputimer               CPU 1: reads the process's time
 *	-------------------------               -------------------------------
 *	timers_active = false                   update_curr(T):
 *	                                          timers_active ? cputimer += d
 *	                                        timers_active ? cputimer : sum the threads
 *
 *    If CPU 1 reads the cputimer, that was active in update_curr() as well, or has started
 *    since with d in it; CPU 0 takes nothing away. If CPU 1 checked timers_active before
 *    update_curr() and read the cputimer after it, d would be lost.
 *
 * 5. The process's clock is answered while the caller is its only thread and no CPU timer
 *    is armed: it is the thread's time plus that of exited threads. Only the caller can
 *    start a thread; another task that arms a timer invalidates (invalidate.c).
 *
 * 6. The kernel does all this only for tasks that expose their CPU time, and processes
 *    that have such threads: exposes_cputime in struct vdso_task, and
 *    vdso_task_exposes_cputime in signal_struct. T's first refresh for a clock sets both,
 *    before it publishes base:
 *
 *	CPU 0: T, in a system call              CPU 1
 *	--------------------------              -----
 *	signal.vdso_task_exposes_cputime = 1    wakes a task on CPU 0:
 *	T.exposes_cputime = 1                     lock CPU 0's runqueue
 *	lock CPU 0's runqueue                     T.exposes_cputime ? 0: skip the update
 *	cancel the skip, compute base             unlock
 *	unlock, publish
 *
 *	vDSO: t                                 U reads the process's time:
 *	T sends t to U                            signal.vdso_task_exposes_cputime ? (acquire)
 *	                                          T.exposes_cputime ? sync T
 *
 *    The runqueue's lock decides on the skip: T cancels one that was requested before T
 *    locked, and later wakeups see T.exposes_cputime. U received t by release and acquire,
 *    so U sees both stores; a task that misses one has not received t yet, and its call
 *    need not sync T. A change of the clock (2) locks CPU 0's runqueue after seq became
 *    odd: before T does, and then no reading of T counts, or after, and then T is synced.
 *
 *    T clears its flag as it leaves its mm, once it is accounted, and the process's flag
 *    if it is the last thread. Both are releases: a task that loads 0 (acquire) sees the
 *    accounted runtime. A forked child starts with both clear.
 *
 * Left to the system call, and why:
 *
 *  - x86 with a sched_clock() other than the TSC's. A KVM guest's uses the hypervisor's
 *    parameters of its own CPU; the vDSO has those of CPU 0, which the hypervisor only
 *    updates when that virtual CPU next runs. Both are right to some nanoseconds, but
 *    not the same.
 *  - A TSC that is not constant or was found unstable: each CPU then has a filtered clock
 *    of its own.
 *  - Steal time: the hypervisor changes it at any time.
 *  - Threads that may not read the counter (PR_SET_TSC).
 *  - 32-bit x86 programs: their image has no room for the code.
 *
 * The counters of all CPUs must agree to within the time in which one CPU can inform
 * another: the kernel checks that before it calls the TSC stable, and the arm64
 * architecture demands it.
 */

#include <linux/cache.h>
#include <linux/posix-timers.h>
#include <linux/random.h>
#include <linux/sched/cputime.h>
#include <linux/sched/signal.h>
#include <linux/seqlock.h>
#include <linux/spinlock.h>

#include "internal.h"

static union {
	struct vdso_task_global	data;
	u8			page[PAGE_SIZE];
} global __page_aligned_data = {
	.data.seq = 1,
};

static DEFINE_RAW_SPINLOCK(clock_lock);
static unsigned int clock_changes;

/* Random, so that a process restored on any machine in mid-read finds another count. */
void __init vdso_task_clock_init(void)
{
	global.data.seq = get_random_u32() | 1;
}

/**
 * vdso_task_clock_stop() - begin a change of sched_clock() while no user thread runs
 *
 * Readers fall back until vdso_task_clock_end() and a publication after that.
 *
 * Context: any; does not sleep.
 */
void vdso_task_clock_stop(void)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&clock_lock, flags);
	if (!clock_changes++ && !(global.data.seq & 1))
		WRITE_ONCE(global.data.seq, global.data.seq + 1);
	raw_spin_unlock_irqrestore(&clock_lock, flags);
	smp_mb();	/* (D), pairs with the second smp_rmb() of the reader */
}

/**
 * vdso_task_clock_begin() - begin a change of sched_clock() while threads run
 *
 * Context: any without a lock of the scheduler; does not sleep.
 */
void vdso_task_clock_begin(void)
{
	vdso_task_clock_stop();
	if (static_key_enabled(&vdso_task_key))
		vdso_task_sync_all_runtimes();
}

/**
 * vdso_task_clock_end() - end a change of sched_clock()
 *
 * Context: any; does not sleep.
 */
void vdso_task_clock_end(void)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&clock_lock, flags);
	clock_changes--;
	raw_spin_unlock_irqrestore(&clock_lock, flags);
}

/* Publish the current parameters; mult 0 makes all readers fall back. */
static void publish(const struct vdso_task_global *now)
{
	WRITE_ONCE(global.data.mult, now->mult);
	WRITE_ONCE(global.data.shift, now->shift);
	WRITE_ONCE(global.data.epoch, now->epoch);
	WRITE_ONCE(global.data.offset, now->offset);
	smp_wmb();	/* (E), pairs with the first smp_rmb() of the reader */
	WRITE_ONCE(global.data.seq, global.data.seq + 1);
}

/* Publish the parameters unless they are published or a change is under way. */
void vdso_task_clock_publish(void)
{
	struct vdso_task_global now = {};
	unsigned long flags;
	bool known;

	raw_spin_lock_irqsave(&clock_lock, flags);
	if (!clock_changes && (global.data.seq & 1)) {
		known = arch_vdso_task_clock(&now) && !vdso_task_time_stolen();
		if (!known)
			now.mult = 0;
		if (!known || vdso_task_clock_past_rqs())
			publish(&now);
	}
	raw_spin_unlock_irqrestore(&clock_lock, flags);
}

/* Are parameters published? Their mult may be 0, with which readers fall back. */
bool vdso_task_clock_published(void)
{
	return !(READ_ONCE(global.data.seq) & 1);
}

/**
 * vdso_task_global_page() - get the page that all processes share
 *
 * Publishes the parameters if it can: a reader without them touches no record, so no
 * fault on the area enables the static key, and no system call publishes them.
 *
 * Context: a page fault, no lock of the scheduler held.
 *
 * Return: its kernel address.
 */
void *vdso_task_global_page(void)
{
	if (!vdso_task_clock_published())
		vdso_task_clock_publish();
	return &global;
}

#ifdef CONFIG_VDSO_TASK_SLOTS
/*
 * x86's vDSO reads the counter before it finds its record. In a thread that may not
 * (PR_SET_TSC) that would raise SIGSEGV, where the system call used to succeed. So
 * record 0 has a flag that allows it to all threads of the process:
 *
 *	CPU 0: T refreshes                      CPU 1: U loses the counter
 *	------------------                      --------------------------
 *	lock                                    lock
 *	if (!mm.no_counter)                     mm.no_counter = true
 *		record0.counter = 1             record0.counter = 0
 *	unlock                                  unlock
 *
 * Winner: U. Either T sees no_counter, or U's 0 comes last, before U's system call ends.
 * If U finds no page of record 0, the task that creates the page takes the lock after U.
 * A process inherits no_counter from the task that creates it, and never clears it.
 */
static DEFINE_RAW_SPINLOCK(counter_lock);

static bool is_counter_denied(void)
{
	const struct mm_struct *mm = current->mm;

	return mm && READ_ONCE(mm->vdso_task.no_counter);
}

/**
 * vdso_task_allow_counter() - allow the readers of an area to read the counter
 * @area: the area of the current mm
 *
 * Does nothing while record 0 has no page: the fault of the first reader creates it.
 *
 * Context: a system call of the mm.
 */
void vdso_task_allow_counter(struct vdso_task_area *area)
{
	struct vdso_task_record *none = vdso_task_line(area, 0);
	unsigned long flags;

	if (!none || READ_ONCE(none->counter) || is_counter_denied())
		return;
	raw_spin_lock_irqsave(&counter_lock, flags);
	if (!is_counter_denied())
		WRITE_ONCE(none->counter, 1);
	raw_spin_unlock_irqrestore(&counter_lock, flags);
}

/* See vdso_task_deny_counter(). */
void __vdso_task_deny_counter(struct mm_struct *mm)
{
	struct vdso_task_record *none;
	struct vdso_task_area *area;
	unsigned long flags;

	raw_spin_lock_irqsave(&counter_lock, flags);
	WRITE_ONCE(mm->vdso_task.no_counter, true);
	area = READ_ONCE(mm->vdso_task.area);
	none = area ? vdso_task_line(area, 0) : NULL;
	if (none)
		WRITE_ONCE(none->counter, 0);
	raw_spin_unlock_irqrestore(&counter_lock, flags);
}
#else
static bool is_counter_denied(void)
{
	return false;
}

void vdso_task_allow_counter(struct vdso_task_area *area) { }
#endif /* CONFIG_VDSO_TASK_SLOTS */

/**
 * vdso_task_clock_usable() - can and may current's vDSO read the scheduler's clock?
 *
 * Context: a system call.
 *
 * Return: true if so.
 */
bool vdso_task_clock_usable(void)
{
	const struct mm_struct *mm = current->mm;

	if (!vdso_task_clock_published())
		vdso_task_clock_publish();
	return READ_ONCE(global.data.mult) && (!mm || arch_vdso_task_reads_clocks(mm)) &&
	       arch_vdso_task_counter_allowed(current) && !is_counter_denied();
}

/**
 * vdso_task_sole_thread() - is current its process's only thread, without CPU timers?
 * @exited: set to the CPU time of the process's exited threads, in nanoseconds
 *
 * Return: true if the process's clock is current's plus @exited.
 */
static bool vdso_task_sole_thread(u64 *exited)
{
	struct signal_struct *sig = current->signal;
	unsigned int seq;
	bool sole;

	do {
		seq = read_seqbegin(&sig->stats_lock);
		*exited = sig->sum_sched_runtime;
		sole = READ_ONCE(sig->nr_threads) == 1;
	} while (read_seqretry(&sig->stats_lock, seq));
#ifdef CONFIG_POSIX_TIMERS
	return sole && !READ_ONCE(sig->posix_cputimers.timers_active);
#else
	return sole;
#endif
}

/**
 * vdso_task_compute_clocks() - compute the clock fields of current's record but base
 * @answers: gets them; these fields are zero before
 *
 * vdso_task_publish_current() and context switches compute base.
 */
void vdso_task_compute_clocks(struct vdso_task_record *answers)
{
	u64 exited;

	if (!vdso_task_clock_usable())
		return;
	answers->cputime = 1;
	if (vdso_task_sole_thread(&exited))
		answers->exited_runtime = exited + 1;
}

/**
 * vdso_task_expose_cputime() - set the flags before user mode can read current's time
 *
 * Context: a system call, before base is first published.
 */
void vdso_task_expose_cputime(void)
{
	if (vdso_task_exposes_cputime(current))
		return;
	WRITE_ONCE(current->signal->vdso_task_exposes_cputime, true);
	WRITE_ONCE(current->vdso_task.exposes_cputime, true);
}

/**
 * vdso_task_can_answer() - could a record answer this kind of call by current?
 * @kind: the time that the call reads
 * @why: set to the statistic to count if not
 *
 * Return: true if a record could.
 */
bool vdso_task_can_answer(enum vdso_task_kind kind, enum vdso_task_stat *why)
{
	u64 exited;

	*why = VDSO_TASK_STAT_CLOCK;
	if (!vdso_task_clock_usable())
		return false;
	*why = VDSO_TASK_STAT_THREADS;
	return kind == VDSO_TASK_THREAD_TIME || vdso_task_sole_thread(&exited);
}

/* See vdso_task_sync_group_runtime(). */
void __vdso_task_sync_group_runtime(struct task_struct *p)
{
	struct task_struct *t;

	vdso_task_delay(VDSO_TASK_DELAY_SYNC, p);
	rcu_read_lock();
	for_each_thread(p, t)
		vdso_task_sync_runtime(t);
	rcu_read_unlock();
}
