// SPDX-License-Identifier: GPL-2.0
/*
 * Task records: the CPU-time clocks of the calling thread and process.
 *
 * While a thread runs on CPU c, the system call would say
 *
 *	sum_exec_runtime + clock_task(now) - exec_start
 *	  = sched_clock(now) - base,
 *	base = exec_start + (clock - clock_task) - sum_exec_runtime
 *
 * where base is a constant from one switch to the next: update_curr() moves
 * exec_start and sum_exec_runtime by the same amount, and so does every change of
 * class, priority or group of a running task, under the runqueue's lock. The switch
 * computes base for the incoming thread; the vDSO reads the counter behind
 * sched_clock() and subtracts (include/vdso/task_clock.h).
 *
 * 1. No reading may be smaller than an earlier one, by vDSO or system call. The
 *    vDSO tells without charging, so whoever charges a task for the last time, or
 *    lets others see the charge, must charge at least what was told:
 *
 *	CPU 0: T in user mode                   CPU 1
 *	---------------------                   -----
 *	                                        wakes a task on CPU 0:
 *	                                          rq clock = t0
 *	                                          "skip the next update"? not if
 *	                                          vdso_task_needs_clock(T)
 *	vDSO: sched_clock() = t1 > t0
 *	(interrupt) __schedule():
 *	  rq clock = t2 > t1, charge T
 *
 *    With the update skipped T would be charged up to t0. A skip that was asked for
 *    before T began to tell is taken back then: by the switch to T, or by T's
 *    refresh (vdso_task_cancel_skip_update()). Who hears from T what it was told, and
 *    then finds T gone from its CPU, looks at T's time after that
 *    (vdso_task_acquire_runtime()). A SCHED_DEADLINE task that was charged to the end of its
 *    budget by another CPU is charged for what it runs on (vdso_task_account_dequeued()), as
 *    is one of any class before its runqueue is taken for idle (vdso_task_account_running()),
 *    and one of sched_ext before it is seen off its queue. A task that leaves its mm
 *    (exec, exit) or starts a second thread is charged at once. So are all threads of
 *    a process whose time is asked for by system call (vdso_task_sync_group_runtime()): none
 *    may have read more than its process. For timers that comes before the process's
 *    siglock is taken, under which the time is sampled. What a thread reads after that,
 *    it reads while the call is under way.
 *
 * 2. The parameters of sched_clock() lie in a page that all processes share, under
 *    a sequence count that is odd while they change or cannot be told:
 *
 *	CPU 0: reader                           CPU 1: change
 *	-------------                           -------------
 *	s = seq, even                           vdso_task_clock_begin(): seq++
 *	smp_rmb()                               smp_mb()                    (D)
 *	base, counter, parameters               charge all who may have told
 *	smp_rmb()         (pairs with D)        the change of sched_clock()
 *	seq == s ?                              vdso_task_clock_end(): no change is
 *	                                          under way any more
 *	                                        a later refresh: write the parameters
 *	                                        smp_wmb()                   (E)
 *	                                        seq++
 *
 *    If seq is still s, the reader's counter was read before the change. They are
 *    published again by the first refresh, or first touch of that page, that finds
 *    sched_clock() past every runqueue's clock: a refined frequency or a new epoch
 *    may set it back by some nanoseconds, and a runqueue's clock does not follow.
 *    Until then the system call answers. So a change costs nothing but two counts,
 *    and may come in any context.
 *
 * 3. Interrupts. With IRQ time accounting, time in interrupts is not charged: it
 *    is taken off clock_task when the runqueue's clock is next updated, but never
 *    more than has passed since the last update. If that update came within the
 *    interrupt (a tick, a wakeup from another CPU), CPU time stands still for a
 *    while, and only the runqueue knows for how long. To add each interrupt's time
 *    to base would be wrong then. So the end of an interrupt clears the base of
 *    the task that it interrupted, and the next call makes the system call, which
 *    fills base again if nothing is left to be taken off. It costs a system call
 *    an interrupt to those who ask, and no total of a CPU is shown.
 *
 * 4. While CPU timers run, the process has a sum of its own, to which charges are
 *    added as well. It starts with what was used up to then. A charge that comes
 *    between must be counted once, or the sum tells less, or more until it ends:
 *
 *	CPU 0: charges T                        CPU 1: starts the sum
 *	----------------                        ---------------------
 *	lock T's runqueue                       lock T's runqueue
 *	T's time += delta                       charge T, sum = T's time
 *	in use ? sum += delta                   in use
 *	unlock                                  unlock
 *
 *    Where the process has one thread, its runqueue's lock makes the start one step
 *    (vdso_task_cputimer_start()). With more threads, whose process's time is not answered
 *    here, it is two as without records. Who found the sum not in use, and added
 *    up threads' times without that lock, may have met a charge between its two
 *    additions. It looks again (vdso_task_cputimer_came()):
 *
 *	CPU 0: charges T, starts the sum        CPU 1: asks for the process's time
 *	--------------------------------        ----------------------------------
 *	                                        in use ? no: T's time, d in it
 *	sum = T's time                          smp_rmb()
 *	smp_store_release(in use)
 *	lock T's runqueue                       in use ? (load-acquire)
 *	T's time += d                             yes: the sum, from its start on
 *	sum += d                                  no: no charge seen is after a start
 *	unlock
 *
 *    The sum may be stopped at any time, by a thread that finds no timer armed. What
 *    is charged then is not added to it, so whoever asks charges first and then
 *    decides where to read:
 *
 *	CPU 0: stops the sum                    CPU 1: asks for the process's time
 *	--------------------                    ----------------------------------
 *	not in use                              charge T: d, in use ? sum += d
 *	                                        in use ? yes: the sum, no: the threads'
 *
 *    If CPU 1 finds it in use, it was so at the charge, or has been started since with
 *    d in it; the end of its use takes nothing away. With the charge between the look
 *    and the reading d would be lost.
 *
 * 5. The process's clock is answered while the caller is its only thread and no
 *    CPU timer is armed: then it is the thread's plus what dead threads used.
 *    Threads are only started by the caller itself; timers may be armed by others,
 *    which is a change (invalidate.c).
 *
 * 6. All that others do for this they do for tasks that have exposed their time, and
 *    for processes that have such threads: exposes_cputime in the task and in
 *    signal_struct. T sets both by its first refresh for a clock, before base is
 *    published:
 *
 *	CPU 0: T, in a system call              CPU 1
 *	--------------------------              -----
 *	process exposes, T exposes              wakes a task on CPU 0:
 *	lock CPU 0's runqueue                     lock CPU 0's runqueue
 *	take back a skip, compute base            T exposes? no: skip the next update
 *	unlock, publish                           unlock
 *
 *	vDSO: t                                 U asks for the process's time:
 *	tells U                                   process exposes?  (acquire)
 *	                                          T exposes? charge T
 *
 *    The runqueue's lock decides on the skip: one that was asked for before T locked
 *    it is taken back, later ones see that T exposes its time. U learned of t by
 *    release and acquire, so it sees both stores; who misses one does not know t yet,
 *    and its call needs no charge of T. A change of the clock (2) locks CPU 0's
 *    runqueue after seq became odd: before T does, and then no reading of T counts, or
 *    after, and then T is charged.
 *
 *    T takes it back as it leaves its mm, once it is charged, and the process's when
 *    it is the last thread: a release, so whoever sees it gone (acquire) sees the
 *    charge. A child of fork starts without, whatever its parent's bit says.
 *
 * What is not told, and why:
 *
 *  - x86 with a sched_clock() other than the TSC's. A KVM guest's reads the
 *    hypervisor's parameters of its own CPU; the vDSO has those of CPU 0, which
 *    are only updated when that virtual CPU next runs. Both are right to some
 *    nanoseconds, but not the same.
 *  - A TSC that is not constant, or found unstable: each CPU then has a clock of
 *    its own that is filtered under way.
 *  - Steal time: the hypervisor changes it at any time.
 *  - Threads that may not read the counter (PR_SET_TSC).
 *  - 32-bit x86 programs: their image has no room for it.
 *
 * It rests on counters that are the same on all CPUs, to within the time that it
 * takes one CPU to tell another: what the kernel checks before it calls the TSC
 * stable, and what the arm64 architecture demands.
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

/*
 * A process that is restored in the middle of a read finds another count, whichever
 * machine it comes from.
 */
void __init vdso_task_clock_init(void)
{
	global.data.seq = get_random_u32() | 1;
}

/**
 * vdso_task_clock_stop() - sched_clock() is about to change or to stand still
 *
 * Up to vdso_task_clock_end() the system call answers. For changes while no user
 * thread runs.
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
 * vdso_task_clock_begin() - sched_clock() is about to change while threads run
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
 * vdso_task_clock_end() - the change is complete
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

/* The parameters as they are now; mult is 0 if the clock cannot be told at all. */
static void publish(const struct vdso_task_global *now)
{
	WRITE_ONCE(global.data.mult, now->mult);
	WRITE_ONCE(global.data.shift, now->shift);
	WRITE_ONCE(global.data.epoch, now->epoch);
	WRITE_ONCE(global.data.offset, now->offset);
	smp_wmb();	/* (E), pairs with the first smp_rmb() of the reader */
	WRITE_ONCE(global.data.seq, global.data.seq + 1);
}

/* Publish the parameters, if no change of them is under way. */
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

/* Are the parameters there, be it that the clock cannot be told? */
bool vdso_task_clock_published(void)
{
	return !(READ_ONCE(global.data.seq) & 1);
}

/**
 * vdso_task_global_page() - the page that all processes share, for one that has
 * touched it
 *
 * Without the parameters it would look no further, and nothing would call for them.
 *
 * Context: a page fault, no lock of the scheduler held.
 */
void *vdso_task_global_page(void)
{
	if (!vdso_task_clock_published())
		vdso_task_clock_publish();
	return &global;
}

#ifdef CONFIG_VDSO_TASK_SLOTS
/*
 * Readers read the counter before they know their record. Where a thread of the process
 * may not (PR_SET_TSC), it would get a signal from a function that used to make the
 * system call. So record 0 says whether all threads may:
 *
 *	CPU 0: T refreshes                      CPU 1: U forbids itself the counter
 *	------------------                      -----------------------------------
 *	lock                                    lock
 *	if !mm.no_counter:                      mm.no_counter = true
 *		record 0.counter = 1            record 0.counter = 0
 *	unlock                                  unlock
 *
 * Either T sees that U has forbidden it, or U's 0 comes last; and a 1 never comes after
 * U's system call, for U to see. U may find no page of record 0: whoever makes it takes
 * the lock after U. A process inherits no_counter from the task that creates it, and
 * never loses it.
 */
static DEFINE_RAW_SPINLOCK(counter_lock);

static bool is_counter_denied(void)
{
	const struct mm_struct *mm = current->mm;

	return mm && READ_ONCE(mm->vdso_task.no_counter);
}

/**
 * vdso_task_allow_counter() - readers of an area may read the counter first
 * @area: the area of the current mm
 *
 * Does nothing while record 0 has no page: a reader that looks there makes it.
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
 * vdso_task_clock_usable() - does current's vDSO read the scheduler's clock, and may it?
 *
 * Context: a system call.
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
 * vdso_task_sole_thread() - the CPU time of current's exited threads
 * @exited: where to store it, in nanoseconds
 *
 * Return: true if current is its process's only thread and no CPU timer makes
 * the process's clock another one.
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
 * vdso_task_compute_clocks() - what current's record says about its clocks
 * @answers: all zeros where the clocks are
 *
 * All but base, which vdso_task_publish_current() and switches compute.
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
 * vdso_task_expose_cputime() - current's CPU time will be readable in user mode
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
 * @kind: which time the call asks for
 * @why: gets the reason if not
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
