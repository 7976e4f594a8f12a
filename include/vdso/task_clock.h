/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __VDSO_TASK_CLOCK_H
#define __VDSO_TASK_CLOCK_H

/*
 * The CPU-time clocks of the calling thread and process, for the vDSO functions
 * clock_gettime() and clock_getres(). kernel/vdso/clock.c has the algorithm.
 *
 * They come here once it is known that the clock is none of those that have
 * always been answered, instead of making the system call at once: the code for
 * those stays as it is.
 */

/* First: x86's reader of the CPU number needs its own includes before others. */
#include <vdso/task.h>

#ifdef CONFIG_POSIX_TIMERS

#include <linux/math64.h>
#include <linux/time.h>
#include <vdso/datapage.h>
#include <vdso/task_fallback.h>
#include <vdso/time64.h>

#include <asm/vdso/task_counter.h>

/* Clocks with an ID in them, as <linux/posix-timers.h> has them. */
#define VDSO_TASK_CLOCK_WHICH	3
#define VDSO_TASK_CLOCK_SCHED	2
#define VDSO_TASK_CLOCK_THREAD	4
#define VDSO_TASK_CLOCK_SHIFT	3

/**
 * struct vdso_task_clock - which clock is meant
 * @owner: ID of the thread that it must be a clock of, 0 for the caller
 * @process: it is the process's
 */
struct vdso_task_clock {
	u32	owner;
	bool	process;
};

/* Is it the CPU time of a thread or process at all? */
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

/* A process has the ID of its only thread. */
static __always_inline bool __vdso_task_owns(const struct vdso_task_slot *slot,
					     const struct vdso_task_clock *which)
{
	return !which->owner || READ_ONCE(slot->tid) == which->owner + 1;
}

/**
 * __vdso_task_time() - the CPU time of the calling thread or process
 * @which: the clock
 * @ns: where to store it, in nanoseconds
 *
 * As in __vdso_task_look(), the loads from the slot need no more order than the
 * program's. The counter's parameters and the generation are written by other
 * CPUs: they are looked at again after the counter was read.
 *
 * The page that all processes share comes first. A clock that cannot be told touches
 * no slot, and the process gets none for it.
 *
 * Return: false if the system call must be made.
 */
static __always_inline bool
__vdso_task_time(const struct vdso_task_clock *which, u64 *ns)
{
	const struct vdso_task_global *global = __vdso_task_global;
	unsigned int tries = VDSO_TASK_TRIES;

	do {
		const struct vdso_task_slot *slot;
		struct vdso_task_counter now;
		u64 seq, base, dead;
		unsigned long cpu;
		u32 clock_seq;

		clock_seq = READ_ONCE(global->seq);
		if (unlikely(clock_seq & 1))
			return false;
		smp_rmb();	/* pairs with (E) in clock.c */
		if (unlikely(!READ_ONCE(global->mult)))
			return false;
		cpu = __arch_vdso_task_cpu();
		slot = __arch_vdso_task_slot(cpu);
		seq = __vdso_task_read_seq(slot);
		base = READ_ONCE(slot->base);
		dead = which->process ? READ_ONCE(slot->dead) : 1;
		if (!base || !dead || !__vdso_task_owns(slot, which))
			return false;
		if (unlikely(!__arch_vdso_task_counter(global, &now)))
			return false;
		smp_rmb();	/* pairs with (D) in clock.c and (B) in change.c */
		if (unlikely(READ_ONCE(*__arch_vdso_task_after(&now, &global->seq)) !=
			     clock_seq))
			return false;
		if (unlikely(!__vdso_task_is_now(
			    slot, __arch_vdso_task_after(&now, __vdso_task_header))))
			return false;
		*ns = now.ns - base + (dead - 1);
		if (likely(__arch_vdso_task_cpu() == cpu &&
			   __vdso_task_is_seq(slot, seq)))
			return true;
	} while (--tries);

	return false;
}

#define VDSO_TASK_NO_TIME	U64_MAX

/*
 * The time of a clock, VDSO_TASK_NO_TIME if the system call must be made. One copy
 * for all functions of an image.
 */
static noinline notrace u64 __vdso_task_clock_ns(clockid_t clock)
{
	struct vdso_task_clock which;
	u64 ns;

	if (!__vdso_task_clock(clock, &which) || !__vdso_task_time(&which, &ns))
		return VDSO_TASK_NO_TIME;
	return ns;
}

notrace int __vdso_task_clock_gettime(clockid_t clock,
				      struct __kernel_timespec *ts)
{
	u64 ns = VDSO_TASK_NO_TIME;
	u32 rest;

	if (__arch_vdso_task_is_user(ts))
		ns = __vdso_task_clock_ns(clock);
	if (unlikely(ns == VDSO_TASK_NO_TIME))
		return clock_gettime_fallback(clock, ts);
	ts->tv_sec = div_u64_rem(ns, NSEC_PER_SEC, &rest);
	ts->tv_nsec = rest;
	return 0;
}

/*
 * The resolution is a nanosecond. It is told where the time would be: who wants to
 * see this call keeps the time from being told, too.
 */
static __always_inline bool __vdso_task_clock_fine(clockid_t clock,
						   const void *res)
{
	return (!res || __arch_vdso_task_is_user(res)) &&
	       __vdso_task_clock_ns(clock) != VDSO_TASK_NO_TIME;
}

notrace int __vdso_task_clock_getres(clockid_t clock,
				     struct __kernel_timespec *res)
{
	if (!__vdso_task_clock_fine(clock, res))
		return clock_getres_fallback(clock, res);
	if (res) {
		res->tv_sec = 0;
		res->tv_nsec = 1;
	}
	return 0;
}

#ifdef BUILD_VDSO32
/* The narrow calls are only answered by kernels that have them. */
notrace int __vdso_task_clock_gettime32(clockid_t clock,
					struct old_timespec32 *ts)
{
	u64 ns = VDSO_TASK_NO_TIME;
	u32 rest;

	if (IS_ENABLED(CONFIG_COMPAT_32BIT_TIME) && __arch_vdso_task_is_user(ts))
		ns = __vdso_task_clock_ns(clock);
	if (unlikely(ns == VDSO_TASK_NO_TIME))
		return clock_gettime32_fallback(clock, ts);
	ts->tv_sec = div_u64_rem(ns, NSEC_PER_SEC, &rest);
	ts->tv_nsec = rest;
	return 0;
}

notrace int __vdso_task_clock_getres32(clockid_t clock,
				       struct old_timespec32 *res)
{
	if (!IS_ENABLED(CONFIG_COMPAT_32BIT_TIME) ||
	    !__vdso_task_clock_fine(clock, res))
		return clock_getres32_fallback(clock, res);
	if (res) {
		res->tv_sec = 0;
		res->tv_nsec = 1;
	}
	return 0;
}
#endif

#endif /* CONFIG_POSIX_TIMERS */

#endif /* __VDSO_TASK_CLOCK_H */
