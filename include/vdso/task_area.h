/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __VDSO_TASK_AREA_H
#define __VDSO_TASK_AREA_H

/*
 * How large the area of task records is, and where in it things lie. Safe to include
 * from assembly, and in 32-bit images, which cannot see the kernel's own types.
 *
 * All sizes are constants, neither of the build nor of the machine: checkpoint and
 * restore compares the size of [vvar] between two machines, and no number that a CPU
 * reports, not even a wrong one, leads out of [vvar].
 *
 * Records lie below record 0, which belongs to nobody and is all zeros, one below the
 * other. With CONFIG_VDSO_TASK_SLOTS there is a slot for each CPU number above it, and
 * record 0 is in the middle of a page, so that a process of few threads on a machine of
 * few CPUs has all in one page:
 *
 *	low                                                          high
 *	| ... | record 2 | record 1 | record 0 | slot 0 | slot 1 ... | global page
 *	                            ^                                ^
 *	                            vdso_task_records                vdso_task_end
 */

#include <generated/vdso_task_layout.h>

/* Room for about as many records, and for a slot for each number of 12 bits. */
#define VDSO_TASK_LINES		4096
#define VDSO_TASK_LINE_PAGES						\
	((VDSO_TASK_LINES << VDSO_TASK_LINE_SHIFT) / PAGE_SIZE)

/* Where in its page record 0 is, and how many pages lie above that one. */
#ifdef CONFIG_VDSO_TASK_SLOTS
#define VDSO_TASK_NR_SLOTS	VDSO_TASK_LINES
#define VDSO_TASK_FIRST_OFFSET	(PAGE_SIZE / 2)
#define VDSO_TASK_SLOT_PAGES	VDSO_TASK_LINE_PAGES
#else
#define VDSO_TASK_NR_SLOTS	0
#define VDSO_TASK_FIRST_OFFSET	(PAGE_SIZE - VDSO_TASK_LINE_SIZE)
#define VDSO_TASK_SLOT_PAGES	0
#endif

/* From record 0 to vdso_task_end. */
#define VDSO_TASK_TOP_SIZE						\
	((VDSO_TASK_SLOT_PAGES + 1) * PAGE_SIZE - VDSO_TASK_FIRST_OFFSET)

/* From the area's start to record 0. */
#define VDSO_TASK_RECORDS_SIZE						\
	((VDSO_TASK_LINE_PAGES - 1) * PAGE_SIZE + VDSO_TASK_FIRST_OFFSET)
#define VDSO_TASK_NR_RECORDS						\
	((VDSO_TASK_RECORDS_SIZE >> VDSO_TASK_LINE_SHIFT) + 1)

/* Pages that we take at the low end of [vvar]: the area and the global page above it. */
#define VDSO_TASK_AREA_PAGES	(VDSO_TASK_LINE_PAGES + VDSO_TASK_SLOT_PAGES)
#define VDSO_TASK_AREA_SIZE	(VDSO_TASK_AREA_PAGES * PAGE_SIZE)
#define VDSO_TASK_PAGES		(VDSO_TASK_AREA_PAGES + 1)

#endif /* __VDSO_TASK_AREA_H */
