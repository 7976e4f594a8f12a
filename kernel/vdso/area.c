// SPDX-License-Identifier: GPL-2.0
/*
 * Task records: the pages of an mm, from its promotion to the last mmput().
 *
 * Lifetime of an area. The page fault handler creates it and publishes it once in
 * mm->vdso_task.area; the last mmput() frees it. By then exit_mmap() has removed every
 * page table entry that points to its pages and flushed the TLBs. The context switch
 * reaches an area through the mm of the incoming thread, which is a user of it. A task
 * that invalidates another task's answers reaches the record through that task under
 * RCU, so the area is freed a grace period later. The area does not wait for the last
 * mmdrop(): an idle CPU keeps the mm that it ran last for an unlimited time.
 *
 * Lifetime of a record. A thread gets one at its first refresh in the mm, the lowest
 * free one, so that records in use share pages. The thread gives it back when it leaves
 * the mm, and another thread may get it at once. The owner's locator leads to it, and so
 * do slots of CPUs where the owner ran last, up to their next publication; a reader that
 * finds it through such a slot has left the CPU (publish.c). Another task may still be
 * about to invalidate it:
 *
 *	CPU 0: invalidates T's answers          CPU 1: T leaves the mm, then U refreshes
 *	------------------------------          ----------------------------------------
 *	record = T.record
 *	                                        T.record = NULL
 *	                                        record.* = 0
 *	                                        vdso_task_record_put()
 *	                                        U: vdso_task_record_get(), store
 *	record.field = 0
 *
 *	Winner: CPU 0. U falls back once without need, and stores its answer again.
 *
 * Uniqueness of seq. A reader interrupted by a signal may fork in the handler; the child
 * then finishes the same read on slots of its own. If their seq counted from 0, the child
 * could find the value that it had read from its parent's slot. So the slots of an area
 * start at the time in nanoseconds at which the area was created: a slot is published
 * less than once a nanosecond, hence every seq of the parent's slots is below the child's
 * first. A random constant is added to hide the host's clock from a time namespace.
 */

#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "internal.h"

/* No retries, no OOM killer: without memory the thread falls back. */
#define VDSO_TASK_GFP	(GFP_KERNEL_ACCOUNT | __GFP_NORETRY | __GFP_NOWARN)

static u64 seq_offset __ro_after_init;

/* Runs before the first area is created. */
void __init vdso_task_area_init(void)
{
	seq_offset = get_random_u64();
}

static void area_free(struct rcu_head *rcu)
{
	struct vdso_task_area *area;
	unsigned int i;

	area = container_of(rcu, struct vdso_task_area, rcu);
	for (i = 0; i < vdso_task_nr_pages(); i++)
		free_page((unsigned long)area->pages[i]);
	ida_destroy(&area->records);
	kfree(area);
}

/* Statistics leave out an area that only waits for its grace period. */
static void area_uncount(const struct vdso_task_area *area)
{
	unsigned int i;

	for (i = 0; i < vdso_task_nr_pages(); i++)
		vdso_task_count(VDSO_TASK_STAT_PAGES, -!!area->pages[i]);
	vdso_task_count(VDSO_TASK_STAT_AREAS, -1);
}

/**
 * vdso_task_mm_free() - free the area of an mm after its last user
 * @mm: an mm whose mappings were removed
 *
 * Context: any in which mmput() may sleep.
 */
void vdso_task_mm_free(struct mm_struct *mm)
{
	struct vdso_task_area *area = mm->vdso_task.area;

	if (!area)
		return;
	WRITE_ONCE(mm->vdso_task.area, NULL);
#ifdef CONFIG_VDSO_TASK_SLOTS
	WRITE_ONCE(mm->vdso_task.slots, NULL);
#endif
	area_uncount(area);
	call_rcu(&area->rcu, area_free);
}

/* Point context switches to the slots of an area once their page exists. */
static void set_mm_slots(const struct vdso_task_area *area)
{
#ifdef CONFIG_VDSO_TASK_SLOTS
	void *first = vdso_task_line(area, vdso_task_slot_distance(0));

	if (vdso_task_many_pages)
		first = VDSO_TASK_SLOTS_FAR;
	/* Never reset to NULL: a switch would leave the previous thread's record there. */
	if (first)
		WRITE_ONCE(area->mm->vdso_task.slots, first);
#endif
}

/* Slots lie above record 0, in its page and in the pages above. */
static void init_slots(const struct vdso_task_area *area, void *page,
		       unsigned int index)
{
#ifdef CONFIG_VDSO_TASK_SLOTS
	size_t first = vdso_task_byte(vdso_task_slot_distance(0));
	size_t at = index * PAGE_SIZE, end = at + PAGE_SIZE;

	for (at = max(at, first); at < end; at += VDSO_TASK_LINE_SIZE) {
		struct vdso_task_slot *slot = page + at % PAGE_SIZE;

		slot->seq = area->seq_start;
		/* Above any counter value read before the fork that made this mm. */
		slot->stamp = U64_MAX;
	}
#endif
}

/**
 * vdso_task_area_page() - get a page of an area, create it if it is missing
 * @area: the area
 * @index: 0 for the lowest that this kernel uses
 *
 * Context: process context of the mm, may sleep.
 *
 * Return: the page's kernel address, NULL if there is no memory.
 */
void *vdso_task_area_page(struct vdso_task_area *area, unsigned int index)
{
	void *page, *old;

	page = READ_ONCE(area->pages[index]);
	if (page) {
		set_mm_slots(area);
		return page;
	}
	page = (void *)__get_free_page(VDSO_TASK_GFP | __GFP_ZERO);
	if (!page)
		return NULL;
	init_slots(area, page, index);
	old = cmpxchg(&area->pages[index], NULL, page);
	if (old) {
		free_page((unsigned long)page);
		set_mm_slots(area);
		return old;
	}
	set_mm_slots(area);
	vdso_task_count(VDSO_TASK_STAT_PAGES, 1);
	return page;
}

/**
 * vdso_task_line() - find a record or slot of an area
 * @area: the area
 * @distance: from record 0 in bytes
 *
 * Return: its kernel address, NULL if its page does not exist.
 */
void *vdso_task_line(const struct vdso_task_area *area, long distance)
{
	size_t byte = vdso_task_byte(distance);
	void *page = READ_ONCE(area->pages[byte / PAGE_SIZE]);

	return page ? page + byte % PAGE_SIZE : NULL;
}

/**
 * vdso_task_area_get() - get the area of an mm, create it if it is missing
 * @mm: the current mm
 *
 * Context: process context, may sleep.
 *
 * Return: the area, NULL if there is no memory.
 */
struct vdso_task_area *vdso_task_area_get(struct mm_struct *mm)
{
	struct vdso_task_area *area, *old;

	area = READ_ONCE(mm->vdso_task.area);
	if (area)
		return area;
	area = kzalloc(struct_size(area, pages, vdso_task_nr_pages()),
		       VDSO_TASK_GFP);
	if (!area)
		return NULL;
	ida_init(&area->records);
	area->mm = mm;
	area->seq_start = ktime_get_ns() + seq_offset;
	old = cmpxchg(&mm->vdso_task.area, NULL, area);
	if (old) {
		kfree(area);
		return old;
	}
	vdso_task_count(VDSO_TASK_STAT_AREAS, 1);
	return area;
}

/**
 * vdso_task_record_get() - allocate a free record
 * @area: the area of the current mm
 * @locator: set to the record's distance from record 0 in bytes
 *
 * A zero page may be mapped in place of a new page; area->unfaulted counts these.
 *
 * Context: process context, may sleep.
 *
 * Return: the record, all zeros; NULL if there is no memory or no record left.
 */
struct vdso_task_record *vdso_task_record_get(struct vdso_task_area *area,
					      s32 *locator)
{
	long distance;
	int id;

	id = ida_alloc_range(&area->records, 1, VDSO_TASK_NR_RECORDS - 1,
			     VDSO_TASK_GFP);
	if (id < 0)
		return NULL;
	distance = -((long)id << VDSO_TASK_LINE_SHIFT);
	if (!vdso_task_line(area, distance))
		atomic_inc(&area->unfaulted);
	if (!vdso_task_area_page(area, vdso_task_byte(distance) / PAGE_SIZE)) {
		ida_free(&area->records, id);
		return NULL;
	}
	vdso_task_count(VDSO_TASK_STAT_RECORDS, 1);
	*locator = distance;
	return vdso_task_line(area, distance);
}

/**
 * vdso_task_record_put() - free a record that its owner has zeroed
 * @area: the area that it is in
 * @locator: the distance that vdso_task_record_get() stored
 *
 * Context: any but hard interrupts; does not sleep.
 */
void vdso_task_record_put(struct vdso_task_area *area, s32 locator)
{
	ida_free(&area->records, -locator >> VDSO_TASK_LINE_SHIFT);
	vdso_task_count(VDSO_TASK_STAT_RECORDS, -1);
}
