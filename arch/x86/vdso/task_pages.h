/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ARCH_X86_VDSO_TASK_PAGES_H
#define _ARCH_X86_VDSO_TASK_PAGES_H

/* Task records: definitions for the linker scripts. */

#include <linux/vdso_task_types.h>

#ifdef CONFIG_VDSO_TASK
#define VDSO_TASK_IMAGE_PAGES		VDSO_TASK_PAGES
#define VDSO_TASK_IMAGE_SYMBOLS(end)					\
	vdso_task_end = end - PAGE_SIZE;				\
	vdso_task_records = vdso_task_end - VDSO_TASK_TOP_SIZE;
/* Saves space: programs that read images, such as CRIU, limit their pages. */
#define VDSO_TASK_IMAGE_DISCARD		*(.comment)
#else
#define VDSO_TASK_IMAGE_PAGES		0
#define VDSO_TASK_IMAGE_SYMBOLS(end)
#define VDSO_TASK_IMAGE_DISCARD
#endif

#endif /* _ARCH_X86_VDSO_TASK_PAGES_H */
