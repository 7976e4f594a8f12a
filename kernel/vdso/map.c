// SPDX-License-Identifier: GPL-2.0
/*
 * Task records: what is mapped at the low end of [vvar], and when.
 *
 * Pay per use. The first touch maps the kernel's zero page, in which no record
 * answers, so a process that calls once pays a minor fault and owns nothing. From
 * then on its system calls are counted; after VDSO_TASK_PROMOTE of them the process is
 * promoted: the page table entries are removed, and the next touch maps pages of the
 * process's own.
 *
 *   fallbacks == 0              neither the area nor the page that all processes share
 *                               was ever touched
 *   0 < fallbacks < PROMOTE     the zero page may be mapped, calls are counted
 *   fallbacks == PROMOTE        the next fault creates the area
 *
 * fallbacks is a hint: it is written without a lock, a lost count delays the area
 * by one call.
 */

#include <linux/mm.h>
#include <linux/pgtable.h>

#include "internal.h"

/**
 * vdso_task_unmap() - take away zero pages, so that the next touch is a fault
 * @mm: the current mm
 *
 * Gives up if the lock is not free, as getpid() does not wait for an mmap(), or if
 * [vvar] is not where the code looks for it.
 *
 * Return: false if it gave up.
 */
bool vdso_task_unmap(struct mm_struct *mm)
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
		zap_vma_ptes(vma, start, size);
		done = true;
	}
	mmap_read_unlock(mm);
	return done;
}

/* Out of line, for a counted call not to pay for its registers. */
static noinline void promote(struct mm_struct *mm)
{
	if (!READ_ONCE(vdso_task_enabled) || !READ_ONCE(vdso_task_allowed))
		return;
	/*
	 * First the mark, then the entry: a fault that comes after the removal
	 * sees the mark, at its begin or at its end.
	 */
	WRITE_ONCE(mm->vdso_task.fallbacks, VDSO_TASK_PROMOTE);
	smp_mb();	/* pairs with the one in map_zero_page() */
	if (!vdso_task_unmap(mm))
		WRITE_ONCE(mm->vdso_task.fallbacks, 1);
}

/**
 * vdso_task_count_fallback() - count a call of a process that has the zero page
 * @mm: the current mm, touched before
 */
void vdso_task_count_fallback(struct mm_struct *mm)
{
	unsigned int fallbacks = READ_ONCE(mm->vdso_task.fallbacks);

	if (fallbacks + 1 < VDSO_TASK_PROMOTE)
		WRITE_ONCE(mm->vdso_task.fallbacks, fallbacks + 1);
	else if (fallbacks < VDSO_TASK_PROMOTE)
		promote(mm);
}

/* An area that exists is mapped whatever the switches say: records decide. */
static bool is_promoted(struct mm_struct *mm)
{
	return READ_ONCE(mm->vdso_task.area) ||
	       (READ_ONCE(mm->vdso_task.fallbacks) >= VDSO_TASK_PROMOTE &&
		READ_ONCE(vdso_task_allowed));
}

/*
 * The entry must not stay under the mark that the process is promoted, or beside its
 * area, for nothing would ever remove it:
 *
 *   CPU 0: fault                            CPU 1: the call that promotes
 *   ------------                            -----------------------------
 *   is_promoted()? no
 *                                           fallbacks = PROMOTE
 *                                           smp_mb()
 *                                           remove entry, if there is one
 *   insert entry
 *   smp_mb()
 *   is_promoted()? remove entry
 *
 * Either CPU 1 finds the entry or CPU 0 the mark, or both. The page table lock
 * alone does not do: where there is no page table yet CPU 1 does not take it.
 *
 * Where answers were switched off meanwhile the count starts again.
 */
static vm_fault_t map_zero_page(struct vm_area_struct *vma, unsigned long addr)
{
	struct mm_struct *mm = vma->vm_mm;
	vm_fault_t ret;

	vdso_task_delay(VDSO_TASK_DELAY_FAULT, current);
	ret = vmf_insert_pfn(vma, addr, my_zero_pfn(addr));
	smp_mb();	/* pairs with the one in promote() */
	if (is_promoted(mm))
		zap_vma_ptes(vma, addr, PAGE_SIZE);
	else if (READ_ONCE(mm->vdso_task.fallbacks) >= VDSO_TASK_PROMOTE)
		WRITE_ONCE(mm->vdso_task.fallbacks, 1);
	return ret;
}

/*
 * There is no memory: calls are counted again, and then it is tried again. What this
 * thread has in its record would keep its calls from being counted.
 *
 * The entry must not stay where another thread had the page, or where the process was
 * promoted meanwhile, for nobody would count:
 *
 *   CPU 0: no memory                        CPU 1: a fault that gets the page
 *   ----------------                        ---------------------------------
 *                                           area->pages[index] = page
 *   insert the zero page                    remove entry, if there is one
 *   smp_mb()                                insert the page
 *   page, or promoted? remove entry
 *
 * Whoever inserts first, CPU 0 finds the page if it came before its entry, and else
 * CPU 1 removes that. An insertion leaves an entry that is there alone.
 */
static vm_fault_t map_for_now(struct vm_area_struct *vma, unsigned long addr,
			      unsigned int index)
{
	struct vdso_task_mm *mm = &vma->vm_mm->vdso_task;
	const struct vdso_task_area *area;
	vm_fault_t ret;

	vdso_task_count(VDSO_TASK_STAT_NOMEM, 1);
	WRITE_ONCE(mm->fallbacks, 1);
	vdso_task_invalidate(VDSO_TASK_ALL);
	ret = vmf_insert_pfn(vma, addr, my_zero_pfn(addr));
	smp_mb();	/* pairs with the ones in promote() and cmpxchg() of area.c */
	area = READ_ONCE(mm->area);
	if (READ_ONCE(mm->fallbacks) >= VDSO_TASK_PROMOTE ||
	    (area && READ_ONCE(area->pages[index])))
		zap_vma_ptes(vma, addr, PAGE_SIZE);
	return ret;
}

/*
 * Map a page of the process's own, and show what the thread has on this CPU. Where a
 * register leads to a record, a refresh has written it.
 */
static vm_fault_t map_area_page(struct vm_area_struct *vma, unsigned long addr,
				unsigned int index)
{
	struct vdso_task_area *area = vdso_task_area_get(vma->vm_mm);
	void *page = area ? vdso_task_area_page(area, index) : NULL;

	if (!page)
		return map_for_now(vma, addr, index);
	vdso_task_delay(VDSO_TASK_DELAY_MAP, current);
	if (IS_ENABLED(CONFIG_VDSO_TASK_SLOTS))
		vdso_task_publish_current();
	zap_vma_ptes(vma, addr, PAGE_SIZE);
	return vmf_insert_pfn(vma, addr, PHYS_PFN(__pa(page)));
}

/* Where the parameters are not there yet, only a system call can publish them. */
static vm_fault_t map_global_page(struct vm_area_struct *vma, unsigned long addr)
{
	const void *page = vdso_task_global_page();

	if (!vdso_task_clock_published())
		vdso_task_enable();
	return vmf_insert_pfn(vma, addr, PHYS_PFN(__pa_symbol(page)));
}

/**
 * vdso_task_fault() - a fault in the lower pages of a [vvar]
 * @vma: the mapping
 * @vmf: the fault
 * @index: 0 for the page that all processes share, then 1 for the uppermost page of
 *	   the area and so on downwards
 *
 * Only a task that runs in its own address space gets a page. A kernel thread,
 * an io worker or a device that borrows the mm does not decide what its owner
 * sees and has nothing to read here.
 *
 * Return: VM_FAULT_NOPAGE or what vmf_insert_pfn() says, VM_FAULT_SIGBUS for a
 * foreign access.
 */
vm_fault_t vdso_task_fault(struct vm_area_struct *vma, struct vm_fault *vmf,
			   unsigned long index)
{
	unsigned long addr = vmf->address & PAGE_MASK;
	struct mm_struct *mm = vma->vm_mm;

	if (current->mm != mm ||
	    current->flags & (PF_KTHREAD | PF_USER_WORKER))
		return VM_FAULT_SIGBUS;

	/* Before the first entry, for who looks for entries: vdso_task_zap_start(). */
	if (!READ_ONCE(mm->vdso_task.fallbacks))
		WRITE_ONCE(mm->vdso_task.fallbacks, 1);
	if (!index)
		return map_global_page(vma, addr);
	vdso_task_enable();
	/* The slots of CPUs that this kernel does not have. */
	index = VDSO_TASK_AREA_PAGES - index;
	if (index >= vdso_task_nr_pages())
		return vmf_insert_pfn(vma, addr, my_zero_pfn(addr));

	if (is_promoted(mm))
		return map_area_page(vma, addr, index);
	return map_zero_page(vma, addr);
}
