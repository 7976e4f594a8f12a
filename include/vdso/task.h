/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __VDSO_TASK_H
#define __VDSO_TASK_H

/*
 * The reader of the task slots, compiled into the vDSO images. The algorithm
 * and its races are described in kernel/vdso/slot.c.
 */

#include <linux/compiler.h>
#include <linux/stddef.h>
#include <linux/types.h>
#include <generated/vdso_task_layout.h>

/* First byte above the area: the start of what [vvar] was without slots. */
extern char vdso_task_end[] __attribute__((visibility("hidden")));

#include <asm/vdso/task.h>

#define __vdso_task_header						\
	((const struct vdso_task_header *)				\
	 (vdso_task_end - VDSO_TASK_SLOT_SIZE))

/* Once, and once more if a fill came between; then the system call. */
#define VDSO_TASK_TRIES	2

/**
 * __vdso_task_answer() - one answer of the calling thread
 * @field: offset of the answer in the slot, in bytes
 *
 * All loads are volatile, which keeps their order in the program; that is all
 * the order they need.
 *
 * Return: the value plus 1, 0 if the system call must be made.
 */
static __always_inline u32 __vdso_task_answer(size_t field)
{
	unsigned int tries = VDSO_TASK_TRIES;

	do {
		unsigned long cpu = __arch_vdso_task_cpu();
		const struct vdso_task_slot *slot = __arch_vdso_task_slot(cpu);
		u64 seq = READ_ONCE(slot->seq);
		u32 answer = READ_ONCE(*(const u32 *)((const char *)slot + field));
		u64 gen = READ_ONCE(slot->gen);

		if (unlikely(!answer))
			return 0;
		if (unlikely(gen != READ_ONCE(__vdso_task_header->begin)))
			return 0;
		if (likely(__arch_vdso_task_cpu() == cpu &&
			   READ_ONCE(slot->seq) == seq))
			return answer;
	} while (--tries);

	return 0;
}

/* An entry of the table: see VDSO_TASK_ENTRIES_*() in the generated header. */
#define VDSO_TASK_ENTRY(name, symbol, field, type, nr)			\
type symbol(void);							\
notrace type symbol(void)						\
{									\
	u32 answer;							\
									\
	answer = __vdso_task_answer(offsetof(struct vdso_task_slot, field)); \
	if (likely(answer))						\
		return (type)(answer - 1);				\
	return (type)__arch_vdso_task_syscall(nr);			\
}

#endif /* __VDSO_TASK_H */
