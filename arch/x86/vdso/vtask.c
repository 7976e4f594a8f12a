// SPDX-License-Identifier: GPL-2.0
/*
 * The x86 vDSO functions that read task records, compiled for 64 and for 32 bits.
 * The x32 image is converted from the 64-bit objects.
 */
#ifdef BUILD_VDSO32
#include <vdso/task.h>
#define ENTRIES(X)	VDSO_TASK_ENTRIES_IA32(X)
#else
#include <vdso/task_clock.h>
#define ENTRIES(X)	VDSO_TASK_ENTRIES_X86_64(X)
#endif

/* The system call number for each field of a record. */
#define FIELD_NR(name, symbol, field, type, nr)				\
	[offsetof(struct vdso_task_record, field) / sizeof(u32)] = __NR_##nr,

static const u16 field_nr[] = { ENTRIES(FIELD_NR) };

/*
 * One copy for all entries: programs that read images, such as CRIU, limit their pages.
 * Where addressing is RIP-relative, an entry passes the address of the field in record 0,
 * which costs no more than its offset.
 */
#ifdef BUILD_VDSO32
#define FIELD(field)	offsetof(struct vdso_task_record, field)
#define OFFSET(at)	(at)
#else
#define FIELD(field)							\
	((unsigned long)&((struct vdso_task_record *)vdso_task_records)->field)
#define OFFSET(at)	((at) - (unsigned long)vdso_task_records)
#endif

static noinline notrace u32 get(unsigned long at)
{
	return __vdso_task_get(OFFSET(at), field_nr[OFFSET(at) / sizeof(u32)]);
}

#define ENTRY(name, symbol, field, type, nr)				\
type symbol(void);							\
notrace type symbol(void)						\
{									\
	return (type)get(FIELD(field));					\
}

ENTRIES(ENTRY)
