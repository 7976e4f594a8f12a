// SPDX-License-Identifier: GPL-2.0
/*
 * Task records: how the vDSO finds and reads a thread's answers.
 *
 * A thread of a promoted process has a record, a line of 64 bytes in an area of its
 * address space. It is written when an answer changes:
 *
 *   1. refresh (refresh.c): if the vDSO finds no answer and falls back, the system call
 *      computes all answers of current and stores them in its record.
 *   2. invalidate (invalidate.c): an answer becomes 0 before another task changes it, and
 *      after its own task changed it, before that returns to user mode.
 *   3. read (include/vdso/task.h): the vDSO finds the record and loads the answer.
 *
 * If a register holds the record's distance (arm64, TPIDRRO_EL0), a reader finds it by:
 *
 *	reader T                                the kernel
 *	--------                                ----------
 *	a = register
 *	v = record[a].answer
 *	register == a ?
 *
 *   The register belongs to the thread, and only T has a. If T forks in a signal handler
 *   between the two loads of the register, the child has 0 or its own record's distance
 *   there. (The child may return a v from before the fork, like one that is forked right
 *   after a system call.) A process restored between them has 0 or its own record there,
 *   too; if the distance is the same, it is that of its own record.
 *
 * Where user mode has no such register (x86), the context switch writes a slot of the
 * CPU, which holds the distance of the record of the thread that runs there:
 *
 *	reader T on CPU c                       other tasks on CPU c
 *	-----------------                       --------------------
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
 *   Let P be the last publication in slot[c] before the second load of the CPU number. T
 *   runs on c at that moment, and every switch to a thread of this mm publishes, so P is
 *   T's own. Every publication changes seq, so if seq is still s, the loads from the slot
 *   came after P and saw P's stores: a is T's record. A load that T made on another CPU in
 *   between, while the slot had another thread's record, came before P, so its seq
 *   differs. Winner: the publication, always; the reader falls back.
 *
 *   A slot that leads to T's record already is published all the same: the record may
 *   have had another owner (area.c), whose answer T may have read there.
 *
 *   This needs precise exceptions and the coherence of one CPU with itself, and no memory
 *   barrier.
 *
 *   A process that is not promoted has the zero page there, on every CPU, and so has a
 *   child that is forked, or a process that is restored, in the middle of a read. A
 *   reader that finds seq 0 falls back.
 *
 * The CPU-time clocks also need base, which differs in each stint of a thread: the switch
 * stores it, in the slot or, without slots, in the record. The architecture's
 * vdso/task_counter.h has its reader. Only the CPU on which the thread runs writes base:
 * with interrupts off in the switch, in a refresh or fault, and in irq exit. A thread that
 * leaves its mm clears the base in its record with interrupts on: it has cleared
 * exposes_cputime before, without which no switch and no irq exit writes base there
 * (__vdso_task_detach()).
 *
 * Models of these algorithms are searched for wrong answers, outside of the kernel's tree.
 * A comment "model: x.y" marks step y of function x in them: if the order of such steps
 * changes here, the models must follow.
 */

#include <linux/init.h>
#include <linux/irqflags.h>

#include "internal.h"

/* Words of a record, of which vdso_task_store() leaves out base. */
#define VDSO_TASK_WORDS	(sizeof(struct vdso_task_record) / sizeof(u64))
#define VDSO_TASK_BASE_WORD	(offsetof(struct vdso_task_record, base) / sizeof(u64))

/**
 * vdso_task_store() - store answers in current's record
 * @answers: all answers; its base is not stored
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
 * vdso_task_far_slot() - get the slot of this CPU if slots lie in several pages
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
 * The pages that a reader touches before it has a record are created by page faults. If
 * there was no memory for one, the zero page is mapped there and must be removed first.
 *
 * Return: true if the pages of this CPU's slot and of record 0 exist.
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
 * __vdso_task_is_published() - does the slot of this CPU lead to current's record?
 *
 * Another thread may have created the slot's page, by a fault on another CPU whose slot
 * is in it. Then this CPU has published nothing there, and may not switch for long.
 *
 * Return: true if so.
 */
bool __vdso_task_is_published(void)
{
	const struct vdso_task_slot *slot;
	bool published;

	preempt_disable();
	slot = vdso_task_slot(current->mm);
	published = slot && (s64)slot->record == current->vdso_task.locator;
	preempt_enable();
	return published;
}

/* Is current's base published? Irq exit may have cleared it. */
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
 * vdso_task_publish_current() - publish current without a context switch
 *
 * A nohz_full thread may never be switched out.
 */
void vdso_task_publish_current(void)
{
	struct vdso_task_slot *slot;
	unsigned long flags;
	u64 base, clock;

	local_irq_save(flags);	/* model: current.irqs-off */
	slot = vdso_task_slot(current->mm);
	if (slot && vdso_task_exposes_cputime(current)) {
		base = vdso_task_current_base(&clock);
		/* model: current.publish-base */
		vdso_task_publish_base(slot, current, base, clock);
	} else if (slot) {
		vdso_task_publish(slot, current);	/* model: current.publish */
	}
	local_irq_restore(flags);	/* model: current.irqs-on */
}

/* Clear current's base: it is not valid after an interrupt. Interrupts are off. */
void vdso_task_clear_base(const struct mm_struct *mm)
{
	struct vdso_task_slot *slot = vdso_task_slot(mm);

	if (slot)
		WRITE_ONCE(slot->base, 0);
}

#else /* !CONFIG_VDSO_TASK_SLOTS */

/**
 * __vdso_task_publish_base() - store the base of a thread's CPU time in its record
 * @next: the incoming thread, or current, whose time is exposed
 * @base: sched_clock() at which its CPU time was 0; 0 if that cannot be computed
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

/* See vdso_task_irqtime_accounted() and vdso_task_proxy(). */
void __vdso_task_irqtime_accounted(void)
{
	if (current->mm)
		vdso_task_clear_base(current->mm);
}
