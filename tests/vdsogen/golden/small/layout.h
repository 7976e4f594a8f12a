/* SPDX-License-Identifier: GPL-2.0 */
/* Made by vdsogen of input.tbl. Change that instead. */
#ifndef _VDSO_TASK_LAYOUT_H
#define _VDSO_TASK_LAYOUT_H

#define VDSO_TASK_LINE_SHIFT	6
#define VDSO_TASK_LINE_SIZE	64

#define VDSO_TASK_GLOBAL_RATE_OFFSET	4
#define VDSO_TASK_RECORD_SEQ_OFFSET	0
#define VDSO_TASK_RECORD_FOO_OFFSET	12
#define VDSO_TASK_RECORD_CLOCK_OFFSET	16
#define VDSO_TASK_RECORD_BAR_OFFSET	60
#define VDSO_TASK_SLOT_BEGIN_OFFSET	8
#define VDSO_TASK_SLOT_FLAGS_OFFSET	4

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
 * @rate: how fast
 * @reserved_8: zero
 */
struct vdso_task_global {
	__u32 reserved_0[1];
	__u32 rate;
	__u32 reserved_8[14];
};

VDSO_TASK_ASSERT(__builtin_offsetof(struct vdso_task_global, reserved_0) == 0);
VDSO_TASK_ASSERT(__builtin_offsetof(struct vdso_task_global, rate) == 4);
VDSO_TASK_ASSERT(__builtin_offsetof(struct vdso_task_global, reserved_8) == 8);
VDSO_TASK_ASSERT(sizeof(struct vdso_task_global) == VDSO_TASK_LINE_SIZE);

/**
 * struct vdso_task_record - answers for one thread
 * @seq: count
 * @reserved_8: zero
 * @foo: getfoo()'s answer plus one; 0: make the system call
 * @clock: some time
 * @reserved_24: zero
 * @bar: getbar()'s answer plus one; 0: make the system call
 */
struct vdso_task_record {
	__u64 seq;
	__u32 reserved_8[1];
	__u32 foo;
	__u64 clock;
	__u32 reserved_24[9];
	__u32 bar;
};

VDSO_TASK_ASSERT(__builtin_offsetof(struct vdso_task_record, seq) == 0);
VDSO_TASK_ASSERT(__builtin_offsetof(struct vdso_task_record, reserved_8) == 8);
VDSO_TASK_ASSERT(__builtin_offsetof(struct vdso_task_record, foo) == 12);
VDSO_TASK_ASSERT(__builtin_offsetof(struct vdso_task_record, clock) == 16);
VDSO_TASK_ASSERT(__builtin_offsetof(struct vdso_task_record, reserved_24) == 24);
VDSO_TASK_ASSERT(__builtin_offsetof(struct vdso_task_record, bar) == 60);
VDSO_TASK_ASSERT(sizeof(struct vdso_task_record) == VDSO_TASK_LINE_SIZE);

/**
 * struct vdso_task_slot - which thread runs on one CPU
 * @reserved_0: zero
 * @flags: some flags
 * @begin: where it begins
 * @reserved_16: zero
 */
struct vdso_task_slot {
	__u32 reserved_0[1];
	__u32 flags;
	__u64 begin;
	__u32 reserved_16[12];
};

VDSO_TASK_ASSERT(__builtin_offsetof(struct vdso_task_slot, reserved_0) == 0);
VDSO_TASK_ASSERT(__builtin_offsetof(struct vdso_task_slot, flags) == 4);
VDSO_TASK_ASSERT(__builtin_offsetof(struct vdso_task_slot, begin) == 8);
VDSO_TASK_ASSERT(__builtin_offsetof(struct vdso_task_slot, reserved_16) == 16);
VDSO_TASK_ASSERT(sizeof(struct vdso_task_slot) == VDSO_TASK_LINE_SIZE);

/* X(field, kernel expression): the answers that a record holds */
#define VDSO_TASK_ANSWERS(X) \
	X(foo, foo(current, 0)) \
	X(bar, bar())

/* X(name, symbol, field, type, nr of __NR_nr): record entries of a64 */
#define VDSO_TASK_ENTRIES_A64(X) \
	X(getfoo, __vdso_getfoo, foo, foo_t, getfoo) \
	X(getbar, __bar, bar, unsigned int, getbar)

/* X(field, nr of __NR_nr): fixed fields and calls that they answer on a64 */
#define VDSO_TASK_USES_A64(X) \
	X(clock, old)

/* X(name, symbol, field, type, nr of __NR_nr): record entries of a32 */
#define VDSO_TASK_ENTRIES_A32(X) \
	X(getbar, __bar, bar, unsigned int, getbar32)

/* X(field, nr of __NR_nr): fixed fields and calls that they answer on a32 */
#define VDSO_TASK_USES_A32(X) \
	X(clock, older)

#endif

#endif /* _VDSO_TASK_LAYOUT_H */
