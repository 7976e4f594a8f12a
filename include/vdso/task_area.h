/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __VDSO_TASK_AREA_H
#define __VDSO_TASK_AREA_H

/*
 * How large an area of task slots is. Safe to include from assembly, and in 32-bit
 * images, which cannot see the kernel's own types.
 */

#include <generated/vdso_task_layout.h>

/*
 * Lines of an area: the header and a slot for each number that a reader can make of
 * what its CPU says. It does not look whether that number is one of this kernel's:
 * whatever it is, its slot lies in [vvar].
 */
#define VDSO_TASK_LINES	(4096 + 1)

/*
 * Pages that we take at the low end of [vvar]: the area and the global page above it.
 * A constant, neither of the build nor of the machine, because checkpoint and restore
 * compares the size of [vvar] between two machines.
 */
#define VDSO_TASK_AREA_PAGES						\
	(((VDSO_TASK_LINES << VDSO_TASK_SLOT_SHIFT) + PAGE_SIZE - 1) / PAGE_SIZE)
#define VDSO_TASK_AREA_SIZE	(VDSO_TASK_AREA_PAGES * PAGE_SIZE)
#define VDSO_TASK_PAGES		(VDSO_TASK_AREA_PAGES + 1)

#endif /* __VDSO_TASK_AREA_H */
