/* SPDX-License-Identifier: GPL-2.0 */
/* Finds and reads the task records of this process. */
#ifndef VDSO_TASK_RECORDS_H
#define VDSO_TASK_RECORDS_H

#include <linux/types.h>

#include "arch.h"
#include "layout.h"
#include "vt.h"

/**
 * struct vt_maps - [vvar] and [vdso] as /proc/PID/maps shows them
 * @vvar:	start of the lowest [vvar]
 * @vvar_end:	end of the highest
 * @vdso:	start of [vdso]
 * @vdso_end:	its end
 * @nr_vvar:	how many mappings are called [vvar]
 * @nr_vdso:	how many are called [vdso]
 * @vclock:	bytes of [vvar_vclock], which newer kernels have between the two
 * @area:	end of the area: one page below the [vvar] of an unpatched kernel
 */
struct vt_maps {
	unsigned long vvar, vvar_end;
	unsigned long vdso, vdso_end;
	unsigned int nr_vvar, nr_vdso;
	unsigned long vclock;
	unsigned long area;
};

/* Reads the maps of process @pid, 0: this one. False after a message. */
bool vt_read_maps(struct vt_maps *m, pid_t pid);

/* Does [vvar] have room for task records? False after a message. */
bool vt_has_area(const struct vt_maps *m);

/* Lines of 64 bytes from the start of [vvar] to the end of the area, of any use. */
static inline size_t vt_nr_lines(const struct vt_maps *m)
{
	return (m->area - m->vvar) / VDSO_TASK_LINE_SIZE;
}

/* The record at @locator, its distance from record 0 in bytes, 0 or negative. */
static inline volatile struct vdso_task_record *
vt_record(const struct vt_maps *m, __s32 locator)
{
	return (void *)(m->area - VT_TOP_SIZE + locator);
}

/* The distance of record @number from record 0 in bytes. */
static inline __s32 vt_locator(unsigned int number)
{
	return -(__s32)(number * VDSO_TASK_LINE_SIZE);
}

#ifdef VT_HAS_SLOTS
/* Slots lie above record 0, in ascending order. */
static inline volatile struct vdso_task_slot *vt_slot(const struct vt_maps *m,
						      unsigned int cpu)
{
	return (void *)(m->area - VT_TOP_SIZE + (cpu + 1ul) * VDSO_TASK_LINE_SIZE);
}
#endif

/*
 * Copies [vdso], with zeroed private memory in place of [vvar] at the same distance and
 * @below more bytes under that. *@shift is the copy's distance from the original. False
 * after a message.
 */
bool vt_copy_image(struct vt_maps *copy, long *shift, size_t below);

/* The current CPU, by the system call. */
int vt_cpu_now(void);

/* Distance of this thread's record from record 0 in bytes; 0 if it has none. */
__s32 vt_own_locator(const struct vt_maps *m);

/* The u32 at @offset of this thread's record; 0 if it has none. */
__u32 vt_own_field(const struct vt_maps *m, size_t offset);

/* The base of this thread's CPU time; 0 if there is none. */
__u64 vt_own_base(const struct vt_maps *m);

#endif /* VDSO_TASK_RECORDS_H */
