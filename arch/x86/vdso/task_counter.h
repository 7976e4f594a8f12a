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
 *	reader T                                CPU c switches to U
 *	--------                                -------------------
 *	(t, c) = rdtscp
 *	                                        slot[c].stamp = rdtsc
 *	r = slot[c].record                      slot[c].record = U's
 *	b = slot[c].base                        slot[c].base = U's
 *	other fields of r
 *	m = slot[c].stamp
 *	m < t && b && slot[c].base == b ?
 *
 *	If U's CPU time is not exposed, vdso_task_publish() sets base to 0 before it
 *	writes record, and leaves stamp. x86 keeps the order of stores and the order of
 *	loads: once T has loaded r or b of the publication, b is 0 or m is its stamp,
 *	which the same CPU read later than t. Winner: the publication; T falls back to
 *	the system call. T also falls back if m == t.
 *
 * A counter that goes back, as in a virtual machine that is restored, is less than the
 * stamps. After the next publication the time is less than slot[c].clock, as a runqueue's
 * clock does not go back; nor does the system call count time until that has passed.
 *
 * A child that is forked in the middle of a read finishes it on slots of its own. Their
 * stamp is U64_MAX up to their first publication, which is later than t. If the child
 * has no slots yet it reads zeros, which is why base is compared once more.
 *
 * The reader executes RDTSCP only if record 0 permits it: a thread that may not read the
 * counter (PR_SET_TSC) would get SIGSEGV.
 */

#include <linux/math64.h>
#include <asm/msr.h>

/**
 * struct vdso_task_sample - a reading of the counter, and what belongs to it
 * @record: of the calling thread
 * @counter: the TSC
 * @ns: sched_clock() at the reading
 * @slot: of the CPU that @counter was read on
 * @base: sched_clock() at which the thread's CPU time was 0; 0 to fall back to the
 *	  system call
 * @zero: 0, computed from @counter, on which later loads are to depend
 */
struct vdso_task_sample {
	const struct vdso_task_record	*record;
	u64				counter;
	u64				ns;
	u64				base;
	const struct vdso_task_slot	*slot;
	unsigned long			zero;
};

/* The same computation as in cycles_2_ns(). */
static __always_inline struct vdso_task_sample
__arch_vdso_task_sample(const struct vdso_task_global *global)
{
	const struct vdso_task_record *none = (const void *)vdso_task_records;
	struct vdso_task_sample now = {};
	const struct vdso_task_slot *slot;
	u32 low, high, cpunode;

	if (unlikely(!READ_ONCE(none->counter)))
		return now;
	/* model: sample.counter */
	asm volatile("rdtscp" : "=a" (low), "=d" (high), "=c" (cpunode) : : "memory");
	now.counter = low | (u64)high << 32;
	now.zero = now.counter;
	asm volatile("and $0, %0" : "+r" (now.zero));
	slot = __arch_vdso_task_slot(cpunode);
	/* model: sample.record */
	now.record = (const void *)(vdso_task_records + __arch_vdso_task_distance(slot));
	now.base = READ_ONCE(slot->base);	/* model: sample.base */
	now.slot = slot;
	now.ns = READ_ONCE(global->offset) +
		 mul_u64_u32_shr(now.counter, READ_ONCE(global->mult),
				 READ_ONCE(global->shift) & 63);
	return now;
}

static __always_inline bool __arch_vdso_task_is_valid(struct vdso_task_sample now)
{
	return now.counter > READ_ONCE(now.slot->stamp) &&	/* model: valid.stamp */
	       (s64)(now.ns - READ_ONCE(now.slot->clock)) >= 0 &&
	       READ_ONCE(now.slot->base) == now.base;
}

/*
 * The address for a load that must come after the read of the counter. RDTSCP does not
 * delay later loads; an address that depends on its result does.
 */
#define __arch_vdso_task_after(now, p)					\
	((typeof(p))((const char *)(p) + (now).zero))

/* Is @p a user address? For others the system call returns what it always has. */
static __always_inline bool __arch_vdso_task_is_user(const void *p)
{
	return (long)p > 0;
}

#endif /* _ARCH_X86_VDSO_TASK_COUNTER_H */
