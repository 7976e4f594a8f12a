/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __VDSO_TASK_CLOCK_H
#define __VDSO_TASK_CLOCK_H

/*
 * The CPU-time clocks of the calling thread and process, for the vDSO functions
 * clock_gettime() and clock_getres(). kernel/vdso/clock.c has the algorithm.
 *
 * Both call __vdso_task_clock_get() where they used to fall back to the system call at
 * once, so the code for the clocks that the vDSO has always answered stays as it is.
 */

/* Must be first: x86's reader of the CPU number needs its includes before others. */
#include <vdso/task.h>

#include <linux/math64.h>
#include <linux/time.h>
#include <vdso/datapage.h>
#include <asm/vdso/gettimeofday.h>

#ifdef VDSO_HAS_TASK_CLOCKS

#include <vdso/task_fallback.h>
#include <vdso/time64.h>

/*
 * Provides struct vdso_task_sample and
 *
 *	struct vdso_task_sample __arch_vdso_task_sample(const struct vdso_task_global *);
 *	bool __arch_vdso_task_is_valid(struct vdso_task_sample);
 */
#include <asm/vdso/task_counter.h>

/* Encoding of clock IDs that contain a PID, as in <linux/posix-timers.h>. */
#define VDSO_TASK_CLOCK_WHICH	3
#define VDSO_TASK_CLOCK_SCHED	2
#define VDSO_TASK_CLOCK_THREAD	4
#define VDSO_TASK_CLOCK_SHIFT	3

/**
 * struct vdso_task_clock - a decoded CPU-time clock ID
 * @owner: the thread or process ID in it, 0 for the caller's own clock
 * @process: true for a process's clock, false for a thread's
 */
struct vdso_task_clock {
	u32	owner;
	bool	process;
};

/* Decode @clock into @which. Returns false if it is no CPUCLOCK_SCHED clock. */
static __always_inline bool __vdso_task_clock(clockid_t clock,
					      struct vdso_task_clock *which)
{
	which->owner = 0;
	which->process = clock == CLOCK_PROCESS_CPUTIME_ID;
	if (which->process || clock == CLOCK_THREAD_CPUTIME_ID)
		return true;
	which->owner = ~(u32)(clock >> VDSO_TASK_CLOCK_SHIFT);
	which->process = !(clock & VDSO_TASK_CLOCK_THREAD);
	return clock < 0 &&
	       (clock & VDSO_TASK_CLOCK_WHICH) == VDSO_TASK_CLOCK_SCHED;
}

/* A process's clock is answered for its only thread, which has the process's ID. */
static __always_inline bool __vdso_task_owns(const struct vdso_task_record *record,
					     const struct vdso_task_clock *which)
{
	return !which->owner || READ_ONCE(record->tid) == which->owner + 1;
}

/**
 * __vdso_task_time() - the CPU time of the calling thread or process
 * @which: the clock
 * @ns: where to store it, in nanoseconds
 *
 * Other CPUs write the clock's parameters, so their sequence count is read again after
 * the counter.
 *
 * The global page is read first: if the clock cannot be computed, the reader touches no
 * record, and the process is not promoted for such calls.
 *
 * Return: false to fall back to the system call.
 */
static __always_inline bool
__vdso_task_time(const struct vdso_task_clock *which, u64 *ns)
{
	const struct vdso_task_global *global = __vdso_task_global;
	u32 clock_seq = READ_ONCE(global->seq);

	if (unlikely(clock_seq & 1))
		return false;
	smp_rmb();	/* pairs with (E) in clock.c */
	if (unlikely(!READ_ONCE(global->mult)))
		return false;

	struct vdso_task_sample now = __arch_vdso_task_sample(global);

	if (unlikely(!now.base))
		return false;

	u64 exited = which->process ? READ_ONCE(now.record->exited_runtime) : 1;

	if (unlikely(!exited || !READ_ONCE(now.record->cputime) ||
		     !__vdso_task_owns(now.record, which)))
		return false;
	smp_rmb();	/* pairs with (D) in clock.c */
	if (unlikely(READ_ONCE(*__arch_vdso_task_after(now, &global->seq)) != clock_seq))
		return false;
	*ns = now.ns - now.base + (exited - 1);
	return likely(__arch_vdso_task_is_valid(now));
}

#define VDSO_TASK_NO_TIME	U64_MAX

/* The CPU time in nanoseconds, VDSO_TASK_NO_TIME to fall back to the system call. */
static noinline notrace u64 __vdso_task_clock_ns(clockid_t clock)
{
	struct vdso_task_clock which;
	u64 ns;

	if (!__vdso_task_clock(clock, &which) || !__vdso_task_time(&which, &ns))
		return VDSO_TASK_NO_TIME;
	return ns;
}

/*
 * One copy for clock_gettime() and clock_getres(). The resolution, one nanosecond, is
 * returned only where the time could be: if a seccomp filter must see either call, the
 * record's cputime is 0.
 */
notrace int __vdso_task_clock_get(clockid_t clock, struct __kernel_timespec *ts,
				  bool resolution)
{
	u64 ns = VDSO_TASK_NO_TIME;
	u32 rest;

	if (__arch_vdso_task_is_user(ts) || (resolution && !ts))
		ns = __vdso_task_clock_ns(clock);
	if (unlikely(ns == VDSO_TASK_NO_TIME))
		return resolution ? clock_getres_fallback(clock, ts) :
				    clock_gettime_fallback(clock, ts);
	if (unlikely(resolution)) {
		if (!ts)
			return 0;
		ns = 1;
	}
	ts->tv_sec = div_u64_rem(ns, NSEC_PER_SEC, &rest);
	ts->tv_nsec = rest;
	return 0;
}

#endif /* VDSO_HAS_TASK_CLOCKS */

#endif /* __VDSO_TASK_CLOCK_H */
