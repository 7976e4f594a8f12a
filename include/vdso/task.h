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
#include <vdso/task_area.h>

/*
 * First byte above the area: the start of the page that all processes share, a
 * page below what [vvar] was without slots.
 */
extern char vdso_task_end[] __attribute__((visibility("hidden")));

#include <asm/vdso/task.h>

#define __vdso_task_header						\
	((const struct vdso_task_header *)				\
	 (vdso_task_end - VDSO_TASK_SLOT_SIZE))

#define __vdso_task_global						\
	((const struct vdso_task_global *)vdso_task_end)

#ifdef CONFIG_64BIT
#ifndef __arch_vdso_task_is
static __always_inline bool __arch_vdso_task_is(const u64 *at, u64 value)
{
	return READ_ONCE(*at) == value;
}
#endif

static __always_inline u64 __vdso_task_read_seq(const struct vdso_task_slot *slot)
{
	return READ_ONCE(slot->seq);
}

static __always_inline bool __vdso_task_is_seq(const struct vdso_task_slot *slot,
					       u64 seq)
{
	return __arch_vdso_task_is(&slot->seq, seq);
}

/* Is the generation of @slot, read between two looks at seq, the present one? */
static __always_inline bool
__vdso_task_is_now(const struct vdso_task_slot *slot,
		   const struct vdso_task_header *header)
{
	return __arch_vdso_task_is(&header->begin, READ_ONCE(slot->gen));
}
#else
/*
 * 32-bit code reads 64 bits in two halves. Both counts only ever go up.
 *
 * seq is read high half first and compared low half first. If the high half is
 * the same at both ends it did not change in between, so the low halves belong
 * to that same high half, and equal ones mean equal counts.
 *
 * begin is compared low half first with a generation that it has reached before.
 * If its high half is still the generation's when it is read, it was so before,
 * when the low half was, so begin was equal to the generation at that moment.
 */
#define __vdso_task_half(p, high)	READ_ONCE(((const u32 *)(p))[high])

static __always_inline u64 __vdso_task_read_seq(const struct vdso_task_slot *slot)
{
	u32 high = __vdso_task_half(&slot->seq, 1);
	u32 low = __vdso_task_half(&slot->seq, 0);

	return (u64)high << 32 | low;
}

static __always_inline bool __vdso_task_is_seq(const struct vdso_task_slot *slot,
					       u64 seq)
{
	return __vdso_task_half(&slot->seq, 0) == (u32)seq &&
	       __vdso_task_half(&slot->seq, 1) == (u32)(seq >> 32);
}

static __always_inline bool
__vdso_task_is_now(const struct vdso_task_slot *slot,
		   const struct vdso_task_header *header)
{
	u32 low = __vdso_task_half(&slot->gen, 0);
	u32 high = __vdso_task_half(&slot->gen, 1);

	return __vdso_task_half(&header->begin, 0) == low &&
	       __vdso_task_half(&header->begin, 1) == high;
}
#endif

/**
 * enum vdso_task_look - what a look at a slot yields
 * @VDSO_TASK_ANSWER: the answer
 * @VDSO_TASK_CALL: the system call must be made
 * @VDSO_TASK_AGAIN: a fill came between; the next look may have the answer
 */
enum vdso_task_look {
	VDSO_TASK_ANSWER,
	VDSO_TASK_CALL,
	VDSO_TASK_AGAIN,
};

/**
 * __vdso_task_look() - one answer of the calling thread
 * @field: offset of the answer in the slot, in bytes
 * @answer: gets the value plus 1
 *
 * All loads are volatile, which keeps their order in the program; that is all
 * the order they need.
 */
static __always_inline enum vdso_task_look __vdso_task_look(size_t field,
							    u32 *answer)
{
	unsigned long cpu = __arch_vdso_task_cpu();
	const struct vdso_task_slot *slot = __arch_vdso_task_slot(cpu);
	u64 seq = __vdso_task_read_seq(slot);

	*answer = READ_ONCE(*(const u32 *)((const char *)slot + field));
	if (unlikely(!*answer))
		return VDSO_TASK_CALL;
	if (unlikely(!__vdso_task_is_now(slot, __vdso_task_header)))
		return VDSO_TASK_CALL;
	if (likely(__arch_vdso_task_cpu() == cpu &&
		   __vdso_task_is_seq(slot, seq)))
		return VDSO_TASK_ANSWER;
	return VDSO_TASK_AGAIN;
}

/*
 * Looks, until a fill has come into each of them; then the system call. A thread that
 * is not single-stepped hardly ever needs a third.
 */
#define VDSO_TASK_TRIES	4

/* Out of line, so that the first look needs no register to be saved. */
static noinline notrace __cold u32 __vdso_task_get_again(size_t field, long nr)
{
	enum vdso_task_look look = VDSO_TASK_AGAIN;
	unsigned int tries = VDSO_TASK_TRIES;
	u32 answer;

	while (look == VDSO_TASK_AGAIN && --tries)
		look = __vdso_task_look(field, &answer);
	if (look == VDSO_TASK_ANSWER)
		return answer - 1;
	return (u32)__arch_vdso_task_syscall(nr);
}

/*
 * The value, or what the system call says. Which of the two answers is decided
 * here, so an architecture may have this once in an image, or once an entry.
 */
static __arch_vdso_task_inline u32 __vdso_task_get(size_t field, long nr)
{
	u32 answer;

	switch (__vdso_task_look(field, &answer)) {
	case VDSO_TASK_ANSWER:
		return answer - 1;
	case VDSO_TASK_AGAIN:
		return __vdso_task_get_again(field, nr);
	default:
		return (u32)__arch_vdso_task_syscall(nr);
	}
}

/* An entry of the table: see VDSO_TASK_ENTRIES_*() in the generated header. */
#define VDSO_TASK_ENTRY(name, symbol, field, type, nr)			\
type symbol(void);							\
notrace type symbol(void)						\
{									\
	return (type)__vdso_task_get(offsetof(struct vdso_task_slot, field), \
				     __NR_##nr);			\
}

#endif /* __VDSO_TASK_H */
