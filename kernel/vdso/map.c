// SPDX-License-Identifier: GPL-2.0
/*
 * Task records: page faults at the low end of [vvar], and the promotion of a process.
 *
 * Pay per use. The first touch maps the kernel's zero page, in which no record has
 * answers, so a process that calls once pays a minor fault and owns no page. From then
 * on its fallbacks are counted. VDSO_TASK_PROMOTE - 1 of them promote the process: its
 * page table entries are removed, and the next touch maps pages of its own.
 *
 *   fallbacks == 0              the process never touched the area or the page that all
 *                               processes share
 *   0 < fallbacks < PROMOTE     the zero page may be mapped, calls are counted
 *   fallbacks == PROMOTE        the next fault creates the area
 *
 * fallbacks is a hint, written without a lock: a lost increment delays the area by one
 * call.
 */

#include <linux/mm.h>
#include <linux/pgtable.h>

#include "internal.h"

/**
 * vdso_task_zap_zero_pages() - remove zero pages, so that the next touch faults
 * @mm: the current mm
 *
 * Fails if mmap_lock is taken, as getpid() must not wait for an mmap(), or if [vvar] is
 * not at its distance from [vdso].
 *
 * Return: false if it failed.
 */
bool vdso_task_zap_zero_pages(struct mm_struct *mm)
{
	unsigned long size = VDSO_TASK_AREA_SIZE;
	struct vm_area_struct *vma;
	unsigned long start;
	bool done = false;

	if (!mmap_read_trylock(mm))
		return false;
	start = arch_vdso_task_end(mm) - size;
	vma = find_vma(mm, start);
	if (vma && arch_vdso_task_vma(vma) &&
	    range_in_vma(vma, start, start + size)) {
		vdso_task_zap_ptes(vma, start, size);
		done = true;
	}
	mmap_read_unlock(mm);
	return done;
}

/* Out of line, so that a call that only counts saves no registers for this. */
static noinline void promote(struct mm_struct *mm)
{
	if (!READ_ONCE(vdso_task_enabled) || !READ_ONCE(vdso_task_allowed))
		return;
	/*
	 * First set fallbacks, then remove the entry: a fault that inserts one
	 * later sees fallbacks at its start or at its end.
	 */
	WRITE_ONCE(mm->vdso_task.fallbacks, VDSO_TASK_PROMOTE);
	smp_mb();	/* pairs with the one in map_zero_page() */
	if (!vdso_task_zap_zero_pages(mm))
		WRITE_ONCE(mm->vdso_task.fallbacks, 1);
}

/**
 * vdso_task_count_fallback() - count a fallback, promote the process after enough
 * @mm: the current mm, whose area was touched before
 */
void vdso_task_count_fallback(struct mm_struct *mm)
{
	unsigned int fallbacks = READ_ONCE(mm->vdso_task.fallbacks);

	if (fallbacks + 1 < VDSO_TASK_PROMOTE)
		WRITE_ONCE(mm->vdso_task.fallbacks, fallbacks + 1);
	else if (fallbacks < VDSO_TASK_PROMOTE)
		promote(mm);
}

/* An existing area is mapped even if disabled: its records then have no answers. */
static bool is_promoted(struct mm_struct *mm)
{
	return READ_ONCE(mm->vdso_task.area) ||
	       (READ_ONCE(mm->vdso_task.fallbacks) >= VDSO_TASK_PROMOTE &&
		READ_ONCE(vdso_task_allowed));
}

/*
 * A zero page must not stay mapped once the process is promoted or has an area: nothing
 * would ever remove its page table entry.
 *
 *   CPU 0: fault                            CPU 1: promote()
 *   ------------                            ----------------
 *   is_promoted(): no
 *                                           fallbacks = PROMOTE
 *                                           smp_mb()
 *                                           remove the entry, if there is one
 *   insert the entry
 *   smp_mb()
 *   if (is_promoted()) remove the entry
 *
 * Winner: the promotion. CPU 1 finds the entry, or CPU 0 sees fallbacks, or both. The page
 * table lock does not suffice: without a page table CPU 1 does not take it.
 *
 * If the sysctl disabled answers meanwhile, the count restarts.
 */
static vm_fault_t map_zero_page(struct vm_area_struct *vma, unsigned long addr)
{
	struct mm_struct *mm = vma->vm_mm;
	vm_fault_t ret;

	vdso_task_delay(VDSO_TASK_DELAY_FAULT, current);
	ret = vmf_insert_pfn(vma, addr, vdso_task_zero_pfn(addr));
	smp_mb();	/* pairs with the one in promote() */
	if (is_promoted(mm))
		vdso_task_zap_ptes(vma, addr, PAGE_SIZE);
	else if (READ_ONCE(mm->vdso_task.fallbacks) >= VDSO_TASK_PROMOTE)
		WRITE_ONCE(mm->vdso_task.fallbacks, 1);
	return ret;
}

/*
 * Map the zero page for lack of memory and restart the count, to try again later. The
 * thread's answers are invalidated, as its calls are not counted with them.
 *
 * The zero page must not stay mapped once another thread has the page, or the process is
 * promoted: calls would not be counted.
 *
 *   CPU 0: no memory                        CPU 1: a fault that gets the page
 *   ----------------                        ---------------------------------
 *                                           area->pages[index] = page
 *   insert the zero page                    remove the entry, if there is one
 *   smp_mb()                                insert the page
 *   if (area->pages[index] || promoted)
 *     remove the entry
 *
 * Winner: CPU 1. If area->pages[index] came before CPU 0's entry, CPU 0 sees it, else
 * CPU 1 removes that entry. vmf_insert_pfn() leaves an existing entry as it is.
 */
static vm_fault_t map_zero_page_nomem(struct vm_area_struct *vma, unsigned long addr,
				      unsigned int index)
{
	struct vdso_task_mm *mm = &vma->vm_mm->vdso_task;
	const struct vdso_task_area *area;
	vm_fault_t ret;

	vdso_task_count(VDSO_TASK_STAT_NOMEM, 1);
	WRITE_ONCE(mm->fallbacks, 1);
	vdso_task_invalidate(VDSO_TASK_ALL);
	ret = vmf_insert_pfn(vma, addr, vdso_task_zero_pfn(addr));
	smp_mb();	/* pairs with the ones in promote() and cmpxchg() of area.c */
	area = READ_ONCE(mm->area);
	if (READ_ONCE(mm->fallbacks) >= VDSO_TASK_PROMOTE ||
	    (area && READ_ONCE(area->pages[index])))
		vdso_task_zap_ptes(vma, addr, PAGE_SIZE);
	return ret;
}

/*
 * Map a page of the area, and publish the thread in this CPU's slot. Where a register
 * leads to the record, the refresh has set it.
 */
static vm_fault_t map_area_page(struct vm_area_struct *vma, unsigned long addr,
				unsigned int index)
{
	struct vdso_task_area *area = vdso_task_area_get(vma->vm_mm);
	void *page = area ? vdso_task_area_page(area, index) : NULL;

	if (!page)
		return map_zero_page_nomem(vma, addr, index);
	vdso_task_delay(VDSO_TASK_DELAY_MAP, current);
	if (IS_ENABLED(CONFIG_VDSO_TASK_SLOTS))
		vdso_task_publish_current();
	vdso_task_zap_ptes(vma, addr, PAGE_SIZE);
	return vmf_insert_pfn(vma, addr, PHYS_PFN(__pa(page)));
}

/* Without published parameters, enable the key: system calls then publish them. */
static vm_fault_t map_global_page(struct vm_area_struct *vma, unsigned long addr)
{
	const void *page = vdso_task_global_page();

	if (!vdso_task_clock_published())
		vdso_task_enable();
	return vmf_insert_pfn(vma, addr, PHYS_PFN(__pa_symbol(page)));
}

/**
 * vdso_task_fault() - handle a fault in the lower pages of a [vvar]
 * @vma: the mapping
 * @vmf: the fault
 * @index: 0 for the page that all processes share, then 1 for the uppermost page of
 *	   the area and so on downwards
 *
 * Only a task that runs in its own address space gets a page. A kernel thread, io
 * worker or device that uses the mm must not change what the owner reads, and has
 * nothing to read here.
 *
 * Return: the result of vmf_insert_pfn(), or VM_FAULT_SIGBUS for a foreign access.
 */
vm_fault_t vdso_task_fault(struct vm_area_struct *vma, struct vm_fault *vmf,
			   unsigned long index)
{
	unsigned long addr = vmf->address & PAGE_MASK;
	struct mm_struct *mm = vma->vm_mm;

	if (current->mm != mm ||
	    current->flags & (PF_KTHREAD | PF_USER_WORKER))
		return VM_FAULT_SIGBUS;

	/* Set before the first entry is inserted: vdso_task_zap_start() relies on that. */
	if (!READ_ONCE(mm->vdso_task.fallbacks))
		WRITE_ONCE(mm->vdso_task.fallbacks, 1);
	if (!index)
		return map_global_page(vma, addr);
	vdso_task_enable();
	/* Slots of CPU numbers that this kernel does not have read as zeros. */
	index = VDSO_TASK_AREA_PAGES - index;
	if (index >= vdso_task_nr_pages())
		return vmf_insert_pfn(vma, addr, vdso_task_zero_pfn(addr));

	if (is_promoted(mm))
		return map_area_page(vma, addr, index);
	return map_zero_page(vma, addr);
}
