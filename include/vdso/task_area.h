/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __VDSO_TASK_AREA_H
#define __VDSO_TASK_AREA_H

/*
 * Size and layout of the area of task records. Safe to include from assembly, and in
 * 32-bit images, which cannot use the kernel's own types.
 *
 * All sizes depend on the architecture and the page size only: CRIU compares the size of
 * [vvar] between two machines, and no number that a CPU reports, not even a wrong one,
 * makes a reader access memory outside of [vvar].
 *
 * Records lie one below the other, below record 0, which belongs to no thread and has no
 * answers. With CONFIG_VDSO_TASK_SLOTS a slot for each CPU number lies above record 0,
 * which is in the middle of a page then: a process with few threads on a machine with few
 * CPUs needs one page.
 *
 *	low                                                          high
 *	| ... | record 2 | record 1 | record 0 | slot 0 | slot 1 ... | global page
 *	                            ^                                ^
 *	                            vdso_task_records                vdso_task_end
 */

#include <generated/vdso_task_layout.h>

/* About as many records, and one slot for each 12-bit CPU number. */
#define VDSO_TASK_LINES		4096
#define VDSO_TASK_LINE_PAGES						\
	((VDSO_TASK_LINES << VDSO_TASK_LINE_SHIFT) / PAGE_SIZE)

/* Offset of record 0 in its page, and the number of pages above that page. */
#ifdef CONFIG_VDSO_TASK_SLOTS
#define VDSO_TASK_NR_SLOTS	VDSO_TASK_LINES
#define VDSO_TASK_FIRST_OFFSET	(PAGE_SIZE / 2)
#define VDSO_TASK_SLOT_PAGES	VDSO_TASK_LINE_PAGES
#else
#define VDSO_TASK_NR_SLOTS	0
#define VDSO_TASK_FIRST_OFFSET	(PAGE_SIZE - VDSO_TASK_LINE_SIZE)
#define VDSO_TASK_SLOT_PAGES	0
#endif

/* Bytes from record 0 to vdso_task_end. */
#define VDSO_TASK_TOP_SIZE						\
	((VDSO_TASK_SLOT_PAGES + 1) * PAGE_SIZE - VDSO_TASK_FIRST_OFFSET)

/* Bytes from the area's start to record 0. */
#define VDSO_TASK_RECORDS_SIZE						\
	((VDSO_TASK_LINE_PAGES - 1) * PAGE_SIZE + VDSO_TASK_FIRST_OFFSET)
#define VDSO_TASK_NR_RECORDS						\
	((VDSO_TASK_RECORDS_SIZE >> VDSO_TASK_LINE_SHIFT) + 1)

/* Pages added at the low end of [vvar]: the area and the global page above it. */
#define VDSO_TASK_AREA_PAGES	(VDSO_TASK_LINE_PAGES + VDSO_TASK_SLOT_PAGES)
#define VDSO_TASK_AREA_SIZE	(VDSO_TASK_AREA_PAGES * PAGE_SIZE)
#define VDSO_TASK_PAGES		(VDSO_TASK_AREA_PAGES + 1)

#endif /* __VDSO_TASK_AREA_H */
