/* SPDX-License-Identifier: GPL-2.0 */
/* The few facts that differ between architectures. */
#ifndef VDSO_TASK_ARCH_H
#define VDSO_TASK_ARCH_H

/*
 * Pages between the slots and the image, from the table's vvar rows: what
 * [vvar] was before the slots came to its low end, and the page that all
 * processes share.
 */
#if defined(__x86_64__) || defined(__i386__)
#define VT_VVAR_PAGES	5
#elif defined(__aarch64__)
#define VT_VVAR_PAGES	3
#else
#error "no vDSO task slots on this architecture"
#endif

#endif /* VDSO_TASK_ARCH_H */
