/* SPDX-License-Identifier: GPL-2.0 */
/* The few facts that differ between architectures. */
#ifndef VDSO_TASK_ARCH_H
#define VDSO_TASK_ARCH_H

#include "symtab.h"

/*
 * VT_VVAR_PAGES: pages between the area and the image: those of an unpatched [vvar], and
 * the global page that all processes share.
 *
 * VT_TOP_SIZE: bytes from record 0 to the end of the area; x86 has its slots there.
 * VT_NR_RECORDS: number of records, including record 0. Both match
 * include/vdso/task_area.h.
 */
#define VT_VVAR_PAGES	VDSO_TASK_VVAR_PAGES
#define VT_LINES	4096
#if defined(__x86_64__) || defined(__i386__)
#define VT_TOP_SIZE	(VT_LINES * VDSO_TASK_LINE_SIZE + 2048ul)
#define VT_NR_RECORDS	(VT_LINES - 31)
#define VT_HAS_SLOTS
#elif defined(__aarch64__)
#define VT_TOP_SIZE	((unsigned long)VDSO_TASK_LINE_SIZE)
#define VT_NR_RECORDS	VT_LINES
#else
#error "no vDSO task records on this architecture"
#endif

#endif /* VDSO_TASK_ARCH_H */
