// SPDX-License-Identifier: GPL-2.0
/*
 * Task records: how a thread's answers get to where its vDSO reads them.
 *
 * Each thread that makes such calls has a record, a line of 64 bytes in an area of its
 * address space. It is written when an answer changes:
 *
 *   1. refresh (refresh.c): the system call that the vDSO made for want of an answer
 *      computes all answers of the current task and stores them in its record.
 *   2. invalidate (invalidate.c): a change of an answer makes it 0 first.
 *   3. read (include/vdso/task.h): the vDSO finds the record and loads the answer.
 *
 * How it finds the record, where a register holds its distance (arm64, TPIDRRO_EL0):
 *
 *	reader T                                the kernel
 *	--------                                ----------
 *	a = register
 *	v = record[a].answer
 *	register == a ?
 *
 *   The register belongs to the thread, and only T has a. If T forks in a signal handler
 *   between the two looks, the child has 0 or its own record's distance there. (The child
 *   may return what was loaded before the fork: so does one that is born right after a
 *   system call.) A process that is restored between them finds 0 or its own record as
 *   well; the same distance then is that of its own record there.
 *
 * Where user mode has no such register (x86), the switch writes a slot of the CPU, which
 * has the distance of the record of the thread that runs there:
 *
 *	reader T on CPU c                       what else runs on CPU c
 *	-----------------                       -----------------------
 *	c = cpu
 *	s = slot[c].seq
 *	a = slot[c].record
 *	v = record[a].answer
 *	                  (interrupt, T is switched out)
 *	                                        publish(U): seq++, record = U's
 *	                  (T is switched in, here or elsewhere)
 *	                                        publish(T): seq++, record = T's
 *	cpu == c && slot[c].seq == s ?
 *
 *   Let P be the last publication in slot[c] before the second look at the CPU. T runs
 *   on c at that moment, and every switch to a thread of this mm publishes, so P is T's
 *   own. Every publication changes seq, so if seq is still s, the loads from the slot
 *   came after P and saw what P wrote: a is T's record. A load that T made on another
 *   CPU in between, while the slot had another thread's record, came before P, so its
 *   seq differs. Winner: the publication, always; the reader makes the system call.
 *
 *   The slot may lead to next's record already, and is published all the same: a
 *   record may have another owner by now (area.c), and T may have read there that one's.
 *
 *   This needs precise exceptions and the coherence of one CPU with itself. No memory
 *   barrier takes part.
 *
 *   A process that is not promoted yet has the zero page there, on every CPU, and so has
 *   a child that is forked, or a process that is restored, in the middle of a read. A
 *   reader that finds seq 0 makes the system call.
 *
 * The CPU-time clocks need base besides, which is another one in each stint of a thread:
 * the switch writes it, to the slot or, where there is none, to the record. How it is
 * read stands in the architecture's vdso/task_counter.h. Only the CPU on which the
 * thread runs writes it, with interrupts off: at the switch, in a refresh, and at the
 * end of an interrupt.
 */

#include <linux/init.h>
#include <linux/irqflags.h>

#include "internal.h"

/* Words of a record, of which base belongs to the switch. */
#define VDSO_TASK_WORDS	(sizeof(struct vdso_task_record) / sizeof(u64))
#define VDSO_TASK_BASE_WORD	(offsetof(struct vdso_task_record, base) / sizeof(u64))

/**
 * vdso_task_store() - what current's record is to say
 * @answers: all answers; base is none
 *
 * Context: current has a record.
 */
void vdso_task_store(const struct vdso_task_record *answers)
{
	u64 *to = (u64 *)vdso_task_own_record(current);
	const u64 *from = (const u64 *)answers;
	unsigned int i;

	for (i = 0; i < VDSO_TASK_WORDS; i++)
		if (i != VDSO_TASK_BASE_WORD)
			WRITE_ONCE(to[i], from[i]);
}

#ifdef CONFIG_VDSO_TASK_SLOTS

DEFINE_PER_CPU_READ_MOSTLY(unsigned long, vdso_task_slot_offset);

bool vdso_task_many_pages __ro_after_init;

static int __init slot_offset_init(void)
{
	unsigned int cpu;

	vdso_task_many_pages = vdso_task_nr_pages() > VDSO_TASK_LINE_PAGES;

	for_each_possible_cpu(cpu)
		per_cpu(vdso_task_slot_offset, cpu) = (unsigned long)cpu <<
						      VDSO_TASK_LINE_SHIFT;
	return 0;
}
early_initcall(slot_offset_init);

/**
 * vdso_task_far_slot() - the slot of this CPU where they lie in several pages
 * @mm: an mm
 *
 * Context: preemption off.
 *
 * Return: the slot; NULL if its page does not exist.
 */
struct vdso_task_slot *vdso_task_far_slot(const struct mm_struct *mm)
{
	const struct vdso_task_area *area = READ_ONCE(mm->vdso_task.area);

	return area ? vdso_task_line(area, vdso_task_slot_distance(smp_processor_id())) :
		      NULL;
}

/**
 * vdso_task_reachable() - can user mode find a record from this CPU?
 * @area: an area
 *
 * What a reader touches before it has a record is made by its page fault. Where there
 * was no memory for it, the zero page is mapped in its place and must go first.
 */
bool vdso_task_reachable(const struct vdso_task_area *area)
{
	bool reachable;

	preempt_disable();
	reachable = vdso_task_slot(area->mm) && vdso_task_line(area, 0);
	preempt_enable();
	return reachable;
}

/**
 * __vdso_task_is_shown() - does the slot of this CPU lead to current's record?
 *
 * Another thread may have made the page that the slot is in, on another CPU whose slot is
 * there, too. Then nothing was published here, and no switch may come.
 */
bool __vdso_task_is_shown(void)
{
	const struct vdso_task_slot *slot;
	bool shown;

	preempt_disable();
	slot = vdso_task_slot(current->mm);
	shown = slot && (s64)slot->record == current->vdso_task.locator;
	preempt_enable();
	return shown;
}

/* Is current's base there? The end of an interrupt may have cleared it. */
bool vdso_task_has_base(const struct mm_struct *mm)
{
	const struct vdso_task_slot *slot;
	bool has;

	preempt_disable();
	slot = vdso_task_slot(mm);
	has = slot && slot->base;
	preempt_enable();
	return has;
}

/**
 * vdso_task_publish_current() - show what current has now
 *
 * Without a switch, which a nohz_full thread may never have.
 */
void vdso_task_publish_current(void)
{
	struct vdso_task_slot *slot;
	unsigned long flags;
	u64 base, clock;

	local_irq_save(flags);
	slot = vdso_task_slot(current->mm);
	if (slot && vdso_task_exposes_cputime(current)) {
		base = vdso_task_current_base(&clock);
		vdso_task_publish_base(slot, current, base, clock);
	} else if (slot) {
		vdso_task_publish(slot, current);
	}
	local_irq_restore(flags);
}

/* Current's base is another one now. With interrupts off. */
void vdso_task_clear_base(const struct mm_struct *mm)
{
	struct vdso_task_slot *slot = vdso_task_slot(mm);

	if (slot)
		WRITE_ONCE(slot->base, 0);
}

#else /* !CONFIG_VDSO_TASK_SLOTS */

/**
 * __vdso_task_publish_base() - what a thread's CPU time is computed with
 * @next: the incoming thread, or current, whose time is exposed
 * @base: sched_clock() at which its CPU time was 0, 0 if it cannot be computed
 *
 * Context: interrupts off, on the CPU that @next runs on or is switched to.
 */
void __vdso_task_publish_base(struct task_struct *next, u64 base)
{
	struct vdso_task_record *record = vdso_task_own_record(next);

	vdso_task_delay(VDSO_TASK_DELAY_PUBLISH, next);
	if (record)
		WRITE_ONCE(record->base, base);
}

bool vdso_task_reachable(const struct vdso_task_area *area)
{
	return vdso_task_line(area, 0);
}

bool vdso_task_has_base(const struct mm_struct *mm)
{
	const struct vdso_task_record *record = vdso_task_own_record(current);

	return record && READ_ONCE(record->base);
}

void vdso_task_publish_current(void)
{
	unsigned long flags;
	u64 clock;

	local_irq_save(flags);
	arch_vdso_task_publish(current);
	if (vdso_task_exposes_cputime(current))
		__vdso_task_publish_base(current, vdso_task_current_base(&clock));
	local_irq_restore(flags);
}

void vdso_task_clear_base(const struct mm_struct *mm)
{
	struct vdso_task_record *record = vdso_task_own_record(current);

	if (record)
		WRITE_ONCE(record->base, 0);
}

#endif /* CONFIG_VDSO_TASK_SLOTS */

/* See vdso_task_irqtime_accounted(). */
void __vdso_task_irqtime_accounted(void)
{
	if (current->mm)
		vdso_task_clear_base(current->mm);
}
