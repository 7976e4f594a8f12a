/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __VDSO_TASK_H
#define __VDSO_TASK_H

/*
 * The reader of the task records, compiled into the vDSO images. The algorithm and
 * its races are described in kernel/vdso/publish.c.
 */

#include <linux/compiler.h>
#include <linux/stddef.h>
#include <linux/types.h>
#include <vdso/task_area.h>

/*
 * First byte above the area: the start of the global page, which all processes share
 * and which lies below the pages of an unpatched [vvar].
 */
extern char vdso_task_end[] __attribute__((visibility("hidden")));

/* Record 0, VDSO_TASK_TOP_SIZE bytes below vdso_task_end. */
extern char vdso_task_records[] __attribute__((visibility("hidden")));

/*
 * Provides struct vdso_task_place, which has the location of the calling thread's record
 * and the values that the reader compares after it has loaded the answer, and
 *
 *	struct vdso_task_place __arch_vdso_task_find(void);
 *	u32 __arch_vdso_task_answer(struct vdso_task_place, size_t field);
 *	bool __arch_vdso_task_is_unchanged(struct vdso_task_place);
 */
#include <asm/vdso/task.h>

#define __vdso_task_global						\
	((const struct vdso_task_global *)vdso_task_end)

/*
 * The answer, or what the system call returns. All loads are volatile, so the compiler
 * keeps their order. They need no memory barrier.
 *
 * A reader that finds the place changed falls back to the system call. A retry would take
 * code that hardly ever runs, and a limit on the retries, as a debugger may stop the
 * thread at each instruction.
 */
static __always_inline u32 __vdso_task_get(size_t field, long nr)
{
	struct vdso_task_place place = __arch_vdso_task_find();	/* model: get.find */
	u32 answer = __arch_vdso_task_answer(place, field);	/* model: get.answer */

	/* model: get.none get.unchanged */
	if (unlikely(__builtin_sub_overflow(answer, 1, &answer) ||
		     !__arch_vdso_task_is_unchanged(place)))
		return (u32)__arch_vdso_task_syscall(nr);
	return answer;
}

/* The function of one table entry, for VDSO_TASK_ENTRIES_*() of the generated header. */
#define VDSO_TASK_ENTRY(name, symbol, field, type, nr)			\
type symbol(void);							\
notrace type symbol(void)						\
{									\
	return (type)__vdso_task_get(offsetof(struct vdso_task_record, field), \
				     __NR_##nr);			\
}

#endif /* __VDSO_TASK_H */
