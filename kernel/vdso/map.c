// SPDX-License-Identifier: GPL-2.0
/*
 * Task slots: what is mapped at the low end of [vvar], and when.
 *
 * Pay per use. The first touch maps the kernel's page of zeros, in which no slot
 * ever answers, so a process that calls once pays a minor fault and owns
 * nothing. From then on its system calls are counted; after VDSO_TASK_HOT of
 * them the page table entries are removed, and the next touch maps slots of the
 * process's own.
 *
 *   heat == 0             the slots were never touched
 *   0 < heat < HOT        the page of zeros may be mapped, calls are counted
 *   heat == HOT           the next fault creates the area
 *
 * heat is a hint: it is written without a lock, a lost count delays the area
 * by one call.
 */

#include <linux/mm.h>
#include <linux/pgtable.h>

#include "internal.h"

/*
 * Take away the page of zeros, so that the next touch comes to the fault handler.
 * Gives up if the lock is not free, as getpid() does not wait for an mmap(), or
 * if [vvar] is not where the code looks for it.
 */
static bool unmap_nothing(struct mm_struct *mm)
{
	unsigned long size = vdso_task_nr_pages() * PAGE_SIZE;
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
static noinline void become_hot(struct mm_struct *mm)
{
	if (!READ_ONCE(vdso_task_armed) || !READ_ONCE(vdso_task_allowed))
		return;
	/*
	 * First the mark, then the entry: a fault that comes after the removal
	 * sees the mark, at its begin or at its end.
	 */
	WRITE_ONCE(mm->vdso_task.heat, VDSO_TASK_HOT);
	smp_mb();	/* pairs with the one in map_nothing() */
	if (!unmap_nothing(mm))
		WRITE_ONCE(mm->vdso_task.heat, 1);
}

/**
 * vdso_task_heat_up() - count a call of a process that has no slots yet
 * @mm: the current mm, touched before
 */
void vdso_task_heat_up(struct mm_struct *mm)
{
	unsigned int heat = READ_ONCE(mm->vdso_task.heat);

	if (heat + 1 < VDSO_TASK_HOT)
		WRITE_ONCE(mm->vdso_task.heat, heat + 1);
	else if (heat < VDSO_TASK_HOT)
		become_hot(mm);
}

static bool is_hot(struct mm_struct *mm)
{
	return READ_ONCE(mm->vdso_task.area) ||
	       (READ_ONCE(mm->vdso_task.heat) >= VDSO_TASK_HOT &&
		READ_ONCE(vdso_task_allowed));
}

/*
 * The page to map for a hot process, NULL for the page of zeros. An area that
 * exists is mapped whatever the switches say: they decide what is filled in.
 */
static void *page_for(struct mm_struct *mm, unsigned long index)
{
	struct vdso_task_area *area = vdso_task_area_get(mm);
	void *page = area ? vdso_task_area_page(area, index) : NULL;

	if (!page)
		vdso_task_count(VDSO_TASK_STAT_NOMEM, 1);
	return page;
}

/*
 * Map the page of zeros: the process is not hot, answers are switched off, or
 * there is no memory. The entry must not stay under the mark that the process is
 * hot, or no call would be counted and nothing would ever remove it. So where the
 * mark is there after the insertion, the count starts again, also if another
 * thread's fault has made the area meanwhile: that fault leaves an entry that it
 * finds in its way.
 *
 *   CPU 0: fault                            CPU 1: the call that makes it hot
 *   ------------                            ---------------------------------
 *   is_hot()? no
 *                                           heat = HOT
 *                                           smp_mb()
 *                                           remove entry, if there is one
 *   insert entry
 *   smp_mb()
 *   heat == HOT? heat = 1
 *
 * Either CPU 1 finds the entry or CPU 0 the mark, or both. The page table lock
 * alone does not do: where there is no page table yet CPU 1 does not take it.
 */
static vm_fault_t map_nothing(struct vm_area_struct *vma, unsigned long addr)
{
	struct mm_struct *mm = vma->vm_mm;
	vm_fault_t ret;

	vdso_task_delay(VDSO_TASK_DELAY_FAULT, current);
	ret = vmf_insert_pfn(vma, addr, my_zero_pfn(addr));
	smp_mb();	/* pairs with the one in become_hot() */
	if (READ_ONCE(mm->vdso_task.heat) >= VDSO_TASK_HOT)
		WRITE_ONCE(mm->vdso_task.heat, 1);
	return ret;
}

/**
 * vdso_task_fault() - a fault in the slot pages of a [vvar]
 * @vma: the mapping
 * @vmf: the fault
 * @index: 0 for the page that all processes share, then 1 for the uppermost slot
 *	   page and so on downwards
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
	void *page = NULL;

	if (current->mm != mm ||
	    current->flags & (PF_KTHREAD | PF_USER_WORKER))
		return VM_FAULT_SIGBUS;

	if (!index)
		return vmf_insert_pfn(vma, addr,
				      PHYS_PFN(__pa_symbol(vdso_task_global_page())));
	index--;
	vdso_task_arm();
	/* Before the first entry, for who looks for entries: vdso_task_zap_start(). */
	if (!READ_ONCE(mm->vdso_task.heat))
		WRITE_ONCE(mm->vdso_task.heat, 1);
	/* The lines of CPUs that this kernel does not have. */
	if (index >= vdso_task_nr_pages())
		return vmf_insert_pfn(vma, addr, my_zero_pfn(addr));

	if (is_hot(mm))
		page = page_for(mm, index);
	if (!page)
		return map_nothing(vma, addr);
	vdso_task_delay(VDSO_TASK_DELAY_MAP, current);
	return vmf_insert_pfn(vma, addr, PHYS_PFN(__pa(page)));
}
