/* SPDX-License-Identifier: GPL-2.0 */
/* Made by vdsogen of input.tbl. Change that instead. */
#ifndef _VDSO_TASK_LAYOUT_H
#define _VDSO_TASK_LAYOUT_H

#define VDSO_TASK_LINE_SHIFT	6
#define VDSO_TASK_LINE_SIZE	64


#if !defined(__ASSEMBLY__) && !defined(__ASSEMBLER__) && !defined(LINKER_SCRIPT)

#include <linux/types.h>

#ifdef __cplusplus
#define VDSO_TASK_ASSERT(x)	static_assert(x, #x)
#else
#define VDSO_TASK_ASSERT(x)	_Static_assert(x, #x)
#endif

/**
 * struct vdso_task_global - start of the page that all processes share
 * @reserved_0: zero
 */
struct vdso_task_global {
	__u32 reserved_0[16];
};

VDSO_TASK_ASSERT(__builtin_offsetof(struct vdso_task_global, reserved_0) == 0);
VDSO_TASK_ASSERT(sizeof(struct vdso_task_global) == VDSO_TASK_LINE_SIZE);

/**
 * struct vdso_task_record - answers for one thread
 * @reserved_0: zero
 */
struct vdso_task_record {
	__u32 reserved_0[16];
};

VDSO_TASK_ASSERT(__builtin_offsetof(struct vdso_task_record, reserved_0) == 0);
VDSO_TASK_ASSERT(sizeof(struct vdso_task_record) == VDSO_TASK_LINE_SIZE);

/**
 * struct vdso_task_slot - which thread runs on one CPU
 * @reserved_0: zero
 */
struct vdso_task_slot {
	__u32 reserved_0[16];
};

VDSO_TASK_ASSERT(__builtin_offsetof(struct vdso_task_slot, reserved_0) == 0);
VDSO_TASK_ASSERT(sizeof(struct vdso_task_slot) == VDSO_TASK_LINE_SIZE);

/* X(field, kernel expression): the answers that a record holds */
#define VDSO_TASK_ANSWERS(X)

/* X(name, symbol, field, type, nr of __NR_nr): record entries of a64 */
#define VDSO_TASK_ENTRIES_A64(X)

/* X(field, nr of __NR_nr): fixed fields and calls that they answer on a64 */
#define VDSO_TASK_USES_A64(X)

#endif

#endif /* _VDSO_TASK_LAYOUT_H */
