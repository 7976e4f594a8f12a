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
 * First byte above the area: the start of the page that all processes share, a
 * page below what [vvar] was without records.
 */
extern char vdso_task_end[] __attribute__((visibility("hidden")));

/* Record 0, VDSO_TASK_TOP_SIZE below it. */
extern char vdso_task_records[] __attribute__((visibility("hidden")));

/*
 * Provides struct vdso_task_place, which has the record of the calling thread and what
 * else it takes to know that this is still so, and
 *
 *	struct vdso_task_place __arch_vdso_task_find(void);
 *	u32 __arch_vdso_task_answer(struct vdso_task_place, size_t field);
 *	bool __arch_vdso_task_is_there(struct vdso_task_place);
 */
#include <asm/vdso/task.h>

#define __vdso_task_global						\
	((const struct vdso_task_global *)vdso_task_end)

/*
 * The value, or what the system call returns. All loads are volatile, which keeps their
 * order in the program; that is all the order they need.
 *
 * A thread that was interrupted within these few instructions makes the system call. To
 * try again would take code that hardly ever runs, and a limit to it, for a thread may
 * be interrupted at each instruction, by a debugger.
 */
static __always_inline u32 __vdso_task_get(size_t field, long nr)
{
	struct vdso_task_place place = __arch_vdso_task_find();
	u32 answer = __arch_vdso_task_answer(place, field);

	if (unlikely(__builtin_sub_overflow(answer, 1, &answer) ||
		     !__arch_vdso_task_is_there(place)))
		return (u32)__arch_vdso_task_syscall(nr);
	return answer;
}

/* An entry of the table: see VDSO_TASK_ENTRIES_*() in the generated header. */
#define VDSO_TASK_ENTRY(name, symbol, field, type, nr)			\
type symbol(void);							\
notrace type symbol(void)						\
{									\
	return (type)__vdso_task_get(offsetof(struct vdso_task_record, field), \
				     __NR_##nr);			\
}

#endif /* __VDSO_TASK_H */
