// SPDX-License-Identifier: GPL-2.0
/*
 * Task slots: how a thread's answers get to where its vDSO reads them.
 *
 * Each mm that calls often owns one 64-byte slot for each CPU. The kernel
 * writes the slot of the CPU that it runs on, and no other:
 *
 *   1. refresh: the system call that the vDSO made for want of an answer
 *      computes all answers of the current task into task->vdso_task, together
 *      with the generation at which they hold, and fills the slot.
 *   2. fill: every switch to a thread of the mm copies that record into the
 *      slot of this CPU and increments the slot's seq.
 *   3. read (include/vdso/task.h): the vDSO asks the CPU for its number, reads
 *      seq, the answer and the generation from that CPU's slot, and accepts
 *      them if the CPU and seq are still the same and the generation is the
 *      one in the header line. Else it makes the system call.
 *   4. change: whoever changes answers of another running thread opens a new
 *      generation first (begin), makes the change and closes it (end).
 *
 * Fill against read. Both happen on one CPU or the read does not count:
 *
 *   reader R on CPU c                       what else runs on CPU c
 *   -----------------                       -----------------------
 *   c = cpu
 *   s1 = slot[c].seq
 *   v = slot[c].answer
 *                  (interrupt, R is switched out)
 *                                           fill(T): seq++, answer = T's
 *                  (R is switched in, here or elsewhere)
 *                                           fill(R): seq++, answer = R's
 *   cpu == c? slot[c].seq == s1?
 *
 *   Let F be the last fill of slot[c] before the second look at the CPU. R runs
 *   on c at that moment, every switch to a thread of this mm fills, and so F is
 *   R's own fill. Every fill changes seq, so if seq is still s1, all three
 *   loads came after F and saw what F wrote. A load that R made on another CPU
 *   in between came before F, so its seq differs. Who wins: the fill, always;
 *   the reader tries again or makes the system call.
 *
 *   This needs precise exceptions and the coherence of one CPU with itself. No
 *   memory barrier takes part, on any architecture. It follows that a fill is
 *   never left out, not even when the thread that was there before comes back.
 *
 * Refresh against change. mm->vdso_task.begin and .end count the changes begun
 * and ended, the header line shows readers a copy of begin:
 *
 *   CPU 0: change of T's answers            CPU 1: T refreshes
 *   ----------------------------            ------------------
 *   begin++                                 gen = header.begin
 *   smp_mb()                                e = end
 *   header.begin++                          smp_mb()            (pairs with A)
 *   smp_mb()                           (B)  compute the answers
 *   the change                              smp_mb()            (pairs with B)
 *   smp_mb()                           (A)  begin == e ? keep them under gen
 *   end++                                                : throw them away
 *
 *   If T computed from before the change, either it sees begin != e and keeps
 *   nothing, or its last look at begin came before begin++; then gen is older
 *   than header.begin++ and no reader takes the answers once the change can be
 *   seen. If T computed while the change was half done, begin != e. Who wins:
 *   the change, always.
 *
 *   begin++ before the change and not after it, because somebody may learn of
 *   the change by a system call and tell T, whose next vDSO call must not
 *   contradict. Whoever passes that message uses release and acquire or
 *   stronger, which orders T's load of header.begin after it.
 *
 *   A change that finds no area cannot increment header.begin. Its smp_mb()
 *   after begin++ pairs with the cmpxchg() in vdso_task_area_get(): either it
 *   sees the area or every refresh into that area sees begin != end.
 *
 * Policy. While a task has system call work (a tracer, seccomp, audit, system
 * call tracepoints, user dispatch), the fill writes zeros: the page is readable,
 * so what may not be answered is not there. (A thread that another CPU changes
 * while it runs keeps the dead generation in its slot up to its next switch or
 * call, whichever comes first.) Work is added to a task by itself or
 * by another CPU while it runs, both of which are changes as above, or by a
 * tracer while it is stopped, which a switch follows.
 */

#include <linux/irqflags.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "internal.h"

/* seq is the kernel's own, all the rest is copied: the record is a slot. */
#define VDSO_TASK_WORDS	(sizeof(struct vdso_task_slot) / sizeof(u64))
static_assert(offsetof(struct vdso_task_slot, seq) == 0);

/* A reader that is told no CPU looks for answers in the header: see arm64. */
static_assert(offsetofend(struct vdso_task_header, begin) <=
	      offsetofend(struct vdso_task_slot, gen));

/**
 * __vdso_task_fill() - give this CPU's slot to a thread
 * @next: the incoming thread, or current
 * @area: the area of its mm
 *
 * Context: interrupts off, on the CPU that @next runs on or is switched to.
 */
void __vdso_task_fill(struct task_struct *next, struct vdso_task_area *area)
{
	struct vdso_task_slot *slot = vdso_task_slot(area, smp_processor_id());
	const u64 *from = (const u64 *)&next->vdso_task;
	u64 *to = (u64 *)slot;
	unsigned int i;

	if (unlikely(!slot))
		return;
	WRITE_ONCE(slot->seq, slot->seq + 1);
	if (unlikely(vdso_task_has_syscall_work(next) ||
		     !READ_ONCE(vdso_task_allowed))) {
		for (i = 1; i < VDSO_TASK_WORDS; i++)
			WRITE_ONCE(to[i], 0);
		return;
	}
	for (i = 1; i < VDSO_TASK_WORDS; i++)
		WRITE_ONCE(to[i], from[i]);
}

/*
 * All answers of current under the present generation.
 * Return: false if an answer is just being changed.
 */
static bool compute(struct mm_struct *mm, const struct vdso_task_area *area,
		    struct vdso_task_slot *record)
{
	s64 end;

	record->gen = atomic64_read(vdso_task_begin(area));
	end = atomic64_read(&mm->vdso_task.end);
	smp_mb();	/* (A) in the comment at the top */

#define VDSO_TASK_COMPUTE(field, value)	record->field = (u32)(value) + 1;
	VDSO_TASK_ANSWERS(VDSO_TASK_COMPUTE)
#undef VDSO_TASK_COMPUTE

	smp_mb();	/* (B) in the comment at the top */
	return atomic64_read(&mm->vdso_task.begin) == end;
}

/* Does the slot of this CPU already say what the record says? */
static bool is_filled(const struct vdso_task_area *area,
		      const struct vdso_task_slot *slot)
{
	const struct vdso_task_slot *record = &current->vdso_task;

	return record->gen == atomic64_read(vdso_task_begin(area)) &&
	       !memcmp((const u64 *)slot + 1, (const u64 *)record + 1,
		       sizeof(*slot) - sizeof(u64));
}

/* Show what current has at once: a nohz_full thread may never switch. */
static void fill_current(struct vdso_task_area *area)
{
	unsigned long flags;

	local_irq_save(flags);
	__vdso_task_fill(current, area);
	local_irq_restore(flags);
}

/* Interrupts are off so that no switch copies half a record. */
static void keep(const struct vdso_task_slot *record)
{
	unsigned long flags;

	local_irq_save(flags);
	current->vdso_task = *record;
	local_irq_restore(flags);
}

static enum vdso_task_stat refresh(struct mm_struct *mm,
				   struct vdso_task_area *area)
{
	struct vdso_task_slot record = {};
	struct vdso_task_slot *slot;
	bool filled;

	if (!READ_ONCE(vdso_task_allowed))
		return VDSO_TASK_STAT_OFF;
	if (vdso_task_has_syscall_work(current)) {
		fill_current(area);
		return VDSO_TASK_STAT_POLICY;
	}

	preempt_disable();
	slot = vdso_task_slot(area, smp_processor_id());
	filled = slot && is_filled(area, slot);
	preempt_enable();
	if (filled)
		return VDSO_TASK_STAT_DIRECT;
	if (!compute(mm, area, &record))
		return VDSO_TASK_STAT_STALE;
	keep(&record);
	fill_current(area);
	if (!slot) {
		vdso_task_heat_up(mm);
		return VDSO_TASK_STAT_COLD;
	}
	return VDSO_TASK_STAT_REFRESH;
}

/**
 * __vdso_task_refresh() - compute the answers of current and fill its slot
 * @mm: the mm of current, in which the slots were touched
 *
 * Context: a system call; may sleep, but does not wait for a lock of the mm.
 */
void __vdso_task_refresh(struct mm_struct *mm)
{
	struct vdso_task_area *area = READ_ONCE(mm->vdso_task.area);

	if (area) {
		vdso_task_count(refresh(mm, area), 1);
		return;
	}
	if (vdso_task_has_syscall_work(current)) {
		vdso_task_count(VDSO_TASK_STAT_POLICY, 1);
		return;
	}
	vdso_task_count(VDSO_TASK_STAT_COLD, 1);
	vdso_task_heat_up(mm);
}

void vdso_task_change_begin(struct mm_struct *mm)
{
	struct vdso_task_area *area;

	if (!mm)
		return;
	atomic64_inc(&mm->vdso_task.begin);
	smp_mb();	/* pairs with cmpxchg() in vdso_task_area_get() */
	area = READ_ONCE(mm->vdso_task.area);
	if (!area)
		return;
	atomic64_inc(vdso_task_begin(area));
	vdso_task_count(VDSO_TASK_STAT_GEN, 1);
	smp_mb();	/* (B) in the comment at the top */
}

void vdso_task_change_end(struct mm_struct *mm)
{
	struct vdso_task_area *area;

	if (!mm)
		return;
	smp_mb();	/* (A) in the comment at the top */
	atomic64_inc(&mm->vdso_task.end);

	/* The old generation is dead already; leave nothing to read either. */
	area = READ_ONCE(mm->vdso_task.area);
	if (area && mm == current->mm)
		fill_current(area);
}

void vdso_task_change_begin_task(struct task_struct *p)
{
	task_lock(p);
	vdso_task_change_begin(p->mm);
}

void vdso_task_change_end_task(struct task_struct *p)
{
	vdso_task_change_end(p->mm);
	task_unlock(p);
}
