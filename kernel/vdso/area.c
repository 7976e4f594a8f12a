// SPDX-License-Identifier: GPL-2.0
/*
 * Task slots: the pages of an mm, from the first hot fault to the last mmput.
 *
 * Lifetime. An area is created in the page fault handler, published once in
 * mm->vdso_task.area and given up when the last user of the mm is gone. By then
 * exit_mmap() has removed every page table entry that points to its pages and
 * flushed the TLBs. The context switch reaches an area through the mm of the
 * incoming thread, which is a user of it. Who changes answers of another task
 * reaches it through that task under RCU, so it is freed a grace period later.
 * It does not wait for the last mmdrop(): an idle CPU keeps the mm that it ran
 * last for as long as it likes.
 *
 * Uniqueness of seq. A reader interrupted by a signal may fork in the handler;
 * the child then finishes the same read on slots of its own. Were their seq to
 * count from 0, the child could meet the very value that it had read from its
 * parent's slot. So the slots of an area start at the time in nanoseconds at
 * which it was created: a slot is filled less than once a nanosecond, hence
 * every seq that the parent ever showed lies below its child's first. A random
 * constant is added, so that a time namespace does not learn the host's clock.
 */

#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "internal.h"

/* Never fails a fault, never wakes the OOM killer: a system call will do. */
#define VDSO_TASK_GFP	(GFP_KERNEL_ACCOUNT | __GFP_NORETRY | __GFP_NOWARN)

static u64 seq_offset __ro_after_init;

DEFINE_PER_CPU_READ_MOSTLY(struct vdso_task_place, vdso_task_place);

/* Before the first area. */
void __init vdso_task_area_init(void)
{
	unsigned int cpu;

	seq_offset = get_random_u64();
	for_each_possible_cpu(cpu) {
		struct vdso_task_place *place = &per_cpu(vdso_task_place, cpu);
		unsigned int line = cpu + 1;

		place->page = line / VDSO_TASK_LINES_PER_PAGE;
		place->offset = vdso_task_line(NULL, line) - NULL;
	}
}

static void area_free(struct rcu_head *rcu)
{
	struct vdso_task_area *area;
	unsigned int i;

	area = container_of(rcu, struct vdso_task_area, rcu);
	for (i = 0; i < vdso_task_nr_pages(); i++)
		free_page((unsigned long)area->pages[i]);
	kfree(area);
}

/* What nobody owns any more is not counted, also where it waits to be freed. */
static void area_discount(const struct vdso_task_area *area)
{
	unsigned int i;

	for (i = 0; i < vdso_task_nr_pages(); i++)
		vdso_task_count(VDSO_TASK_STAT_PAGES, -!!area->pages[i]);
	vdso_task_count(VDSO_TASK_STAT_AREAS, -1);
}

/* An area that was never published. */
static void area_discard(struct vdso_task_area *area)
{
	area_discount(area);
	area_free(&area->rcu);
}

/**
 * vdso_task_mm_free() - the last user of an address space is gone
 * @mm: an mm whose mappings were removed
 *
 * Context: any in which mmput() may sleep.
 */
void vdso_task_mm_free(struct mm_struct *mm)
{
	struct vdso_task_area *area = mm->vdso_task.area;

	if (!area)
		return;
	mm->vdso_task.area = NULL;
	area_discount(area);
	call_rcu(&area->rcu, area_free);
}

/**
 * vdso_task_area_page() - the slot page at a distance from the top of an area
 * @area: the area
 * @index: 0 for the uppermost page
 *
 * Context: process context of the mm, may sleep.
 * Return: the page's kernel address, NULL if there is no memory or no CPU has
 * its slot there.
 */
void *vdso_task_area_page(struct vdso_task_area *area, unsigned long index)
{
	void *page, *old;
	unsigned int i;

	if (index >= vdso_task_nr_pages())
		return NULL;
	page = READ_ONCE(area->pages[index]);
	if (page)
		return page;
	page = (void *)__get_free_page(VDSO_TASK_GFP | __GFP_ZERO);
	if (!page)
		return NULL;
	for (i = index ? 0 : 1; i < VDSO_TASK_LINES_PER_PAGE; i++) {
		struct vdso_task_slot *slot = vdso_task_line(page, i);

		slot->seq = area->start;
	}
	old = cmpxchg(&area->pages[index], NULL, page);
	if (old) {
		free_page((unsigned long)page);
		return old;
	}
	vdso_task_count(VDSO_TASK_STAT_PAGES, 1);
	return page;
}

static struct vdso_task_area *area_alloc(void)
{
	struct vdso_task_area *area;
	void *page;

	area = kzalloc(struct_size(area, pages, vdso_task_nr_pages()),
		       VDSO_TASK_GFP);
	if (!area)
		return NULL;
	vdso_task_count(VDSO_TASK_STAT_AREAS, 1);
	area->start = ktime_get_ns() + seq_offset;
	page = vdso_task_area_page(area, 0);
	if (!page) {
		area_discard(area);
		return NULL;
	}
	area->header = vdso_task_line(page, 0);
	/* A task that never refreshed has generation 0, which is never valid. */
	area->header->begin = 1;
	return area;
}

/**
 * vdso_task_area_get() - the area of an mm, created if need be
 * @mm: the current mm
 *
 * Context: process context, may sleep.
 * Return: the area, NULL if there is no memory.
 */
struct vdso_task_area *vdso_task_area_get(struct mm_struct *mm)
{
	struct vdso_task_area *area, *old;

	area = READ_ONCE(mm->vdso_task.area);
	if (area)
		return area;
	area = area_alloc();
	if (!area)
		return NULL;
	old = cmpxchg(&mm->vdso_task.area, NULL, area);
	if (old) {
		area_discard(area);
		return old;
	}
	return area;
}
