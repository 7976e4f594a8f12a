/* SPDX-License-Identifier: MIT */
/*
 * Calls that wait until a queue changes: they look again a few times, then sleep.
 *
 * One that sleeps sets asleep, looks once more and waits on that futex while it is 1. A change
 * of the queue that finds it 1 sets it to 0 and wakes one call: so a run of changes makes one
 * system call for each sleep, not one for each change.
 *
 * Race of a sleep and a change. The sleeper sets asleep, then looks at the slot; the other
 * changes the slot, then looks at asleep; all four are sequentially consistent, so at least
 * one sees the other's.
 *
 * Race of two changes with two sleepers: the second change finds asleep 0 and wakes nobody.
 * So a call that was woken sets asleep again if others sleep, and, if it leaves something
 * for them, wakes the next: either it sees the second change, or that sees asleep.
 *
 * A peer may die between its change and the wakeup, or after it was woken. So no wait is
 * longer than a slice; slices get longer, that who waits for hours does not wake often.
 *
 * Looking for as long as a sleep costs is never much worse than the better of both. Where
 * it was for nothing several times in a row, as on one CPU, it is tried only now and then.
 */
#ifndef VQUEUE_WAIT_H
#define VQUEUE_WAIT_H

#include <linux/futex.h>

#include "call.h"
#include "vqueue_module.h"
#include "word.h"

constexpr int64_t longest_slice_ns = VQUEUE_SLICE * 1000000LL;
constexpr int64_t shortest_slice_ns = longest_slice_ns / 32;
constexpr uint32_t most_spins = 200, fewest_spins = 5;
/* So many spins for nothing make the next ones short, all but each 16th. */
constexpr uint32_t misses_allowed = 8, misses_between = 16;

inline void relax()
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#else
	__asm__ volatile("isb" : : : "memory");
#endif
}

constexpr int64_t second = 1000000000;

inline int64_t now()
{
	int64_t time[2] = {0, 0};

	call(__NR_clock_gettime, 1L, time);
	return time[0] * second + time[1];
}

/* After a change of the queue that may let one of @waiters go on. */
inline void wake(vqueue_waiters &waiters)
{
	if (__atomic_load_n(&waiters.asleep, __ATOMIC_SEQ_CST) &&
	    __atomic_exchange_n(&waiters.asleep, 0, __ATOMIC_SEQ_CST))
		call(__NR_futex, &waiters.asleep, static_cast<long>(FUTEX_WAKE), 1L);
}

/* True as soon as @is_ready() is, false if that takes too long. */
template <typename Ready> bool spin(Ready is_ready)
{
	uint32_t &misses = vqueue_private()->misses;
	const uint32_t before = __atomic_load_n(&misses, __ATOMIC_RELAXED);
	const bool pays = before < misses_allowed || before % misses_between == 0;
	const uint32_t limit = pays ? most_spins : fewest_spins;

	for (uint32_t spins = 0; spins < limit; spins++) {
		if (is_ready()) {
			if (before)
				__atomic_store_n(&misses, 0u, __ATOMIC_RELAXED);
			return true;
		}
		relax();
	}
	__atomic_store_n(&misses, before + 1, __ATOMIC_RELAXED);
	return false;
}

#endif
