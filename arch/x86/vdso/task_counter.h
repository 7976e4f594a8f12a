/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ARCH_X86_VDSO_TASK_COUNTER_H
#define _ARCH_X86_VDSO_TASK_COUNTER_H

/*
 * Task records, the reader's part: the counter behind sched_clock().
 *
 * RDTSCP yields the time t and the number c of the CPU that t was read on, as one
 * instruction. So the thread ran on c at t, and the slot of c has its base, or 0 if its
 * time is not exposed, unless the slot was published since. Against a publication for
 * another thread U, or for the same thread in a later stint:
 *
 *	reader T                                CPU c, after T was there
 *	--------                                ------------------------
 *	(t, c) = rdtscp
 *	                                        slot[c].stamp = rdtsc
 *	r = slot[c].record                      slot[c].record = U's
 *	b = slot[c].base                        slot[c].base = U's
 *	other fields of r
 *	m = slot[c].stamp
 *	m < t && b && slot[c].base == b ?
 *
 *	If U's CPU time is not exposed, base becomes 0 before record is written, and the
 *	stamp stays. x86 keeps the order of stores and the order of loads: once r or b
 *	is of the publication, b is 0 or m is its stamp, which the same CPU read later
 *	than t. Winner: the publication; T makes the system call.
 *
 *	If m and t are the same T makes the system call, too.
 *
 * A counter that goes back, as of a virtual machine that is restored, lies before the
 * stamps that there are, and after that before slot[c].clock: a runqueue's clock does
 * not follow, and the system call counts no time until it has caught up.
 *
 * A child that is forked in the middle of a read has slots of its own. Their stamps are
 * later than any t before they are first published, and then later than t. It may end
 * the read before it has any: base is looked at again for that.
 *
 * RDTSCP is not executed before the kernel has allowed it in record 0: a thread that
 * may not read the counter (PR_SET_TSC) would get a signal.
 */

#include <linux/math64.h>
#include <asm/msr.h>

/**
 * struct vdso_task_sample - a reading of the counter, and what belongs to it
 * @record: of the calling thread
 * @counter: what was read
 * @ns: sched_clock() at that moment
 * @slot: of the CPU that @counter was read on
 * @base: sched_clock() at which the thread's CPU time was 0; 0 if the system call must
 *	  be made
 * @zero: 0, known only once the counter was read
 */
struct vdso_task_sample {
	const struct vdso_task_record	*record;
	u64				counter;
	u64				ns;
	u64				base;
	const struct vdso_task_slot	*slot;
	unsigned long			zero;
};

/* As cycles_2_ns() computes it. */
static __always_inline struct vdso_task_sample
__arch_vdso_task_sample(const struct vdso_task_global *global)
{
	const struct vdso_task_record *none = (const void *)vdso_task_records;
	struct vdso_task_sample now = {};
	const struct vdso_task_slot *slot;
	u32 low, high, cpunode;

	if (unlikely(!READ_ONCE(none->counter)))
		return now;
	asm volatile("rdtscp" : "=a" (low), "=d" (high), "=c" (cpunode) : : "memory");
	now.counter = low | (u64)high << 32;
	now.zero = now.counter;
	asm volatile("and $0, %0" : "+r" (now.zero));
	slot = __arch_vdso_task_slot(cpunode);
	now.record = (const void *)(vdso_task_records + __arch_vdso_task_distance(slot));
	now.base = READ_ONCE(slot->base);
	now.slot = slot;
	now.ns = READ_ONCE(global->offset) +
		 mul_u64_u32_shr(now.counter, READ_ONCE(global->mult),
				 READ_ONCE(global->shift) & 63);
	return now;
}

static __always_inline bool __arch_vdso_task_is_valid(struct vdso_task_sample now)
{
	return now.counter > READ_ONCE(now.slot->stamp) &&
	       (s64)(now.ns - READ_ONCE(now.slot->clock)) >= 0 &&
	       READ_ONCE(now.slot->base) == now.base;
}

/*
 * The address of what must be loaded after the counter was read. RDTSCP does not
 * hold up later loads; an address that depends on it does.
 */
#define __arch_vdso_task_after(now, p)					\
	((typeof(p))((const char *)(p) + (now).zero))

/* May the kernel store a time there? Where it would not, it says so. */
static __always_inline bool __arch_vdso_task_is_user(const void *p)
{
	return (long)p > 0;
}

#endif /* _ARCH_X86_VDSO_TASK_COUNTER_H */
