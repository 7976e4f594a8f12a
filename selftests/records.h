/* SPDX-License-Identifier: GPL-2.0 */
/* Where the task records of this process lie, and what stands in them. */
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
 * @area:	end of the area: a page below what [vvar] of an unpatched kernel is
 */
struct vt_maps {
	unsigned long vvar, vvar_end;
	unsigned long vdso, vdso_end;
	unsigned int nr_vvar, nr_vdso;
	unsigned long vclock;
	unsigned long area;
};

/* Of process @pid, 0: this one. False after a message. */
bool vt_read_maps(struct vt_maps *m, pid_t pid);

/* Does [vvar] have room for task records? False after a message. */
bool vt_has_area(const struct vt_maps *m);

/* Lines from the start of [vvar] to the end of the area, whatever they are for. */
static inline size_t vt_nr_lines(const struct vt_maps *m)
{
	return (m->area - m->vvar) / VDSO_TASK_LINE_SIZE;
}

/* The record at a distance from record 0 in bytes, which is not positive. */
static inline volatile struct vdso_task_record *
vt_record(const struct vt_maps *m, __s32 locator)
{
	return (void *)(m->area - VT_TOP_SIZE + locator);
}

/* The distance of the record of a number. */
static inline __s32 vt_locator(unsigned int number)
{
	return -(__s32)(number * VDSO_TASK_LINE_SIZE);
}

#ifdef VT_HAS_SLOTS
/* Upwards, above record 0. */
static inline volatile struct vdso_task_slot *vt_slot(const struct vt_maps *m,
						      unsigned int cpu)
{
	return (void *)(m->area - VT_TOP_SIZE + (cpu + 1ul) * VDSO_TASK_LINE_SIZE);
}
#endif

/*
 * A copy of [vdso], with zeroed memory of our own for [vvar] in the same distance and
 * @below bytes more under that. *@shift is how far it is from the original. False after
 * a message.
 */
bool vt_copy_image(struct vt_maps *copy, long *shift, size_t below);

/* The current CPU, by the system call. */
int vt_cpu_now(void);

/* Distance of this thread's record from record 0 in bytes; 0 if it has none. */
__s32 vt_own_locator(const struct vt_maps *m);

/* What this thread's record has at @offset; 0 if it has none. */
__u32 vt_own_field(const struct vt_maps *m, size_t offset);

/* From which this thread's CPU time is computed; 0 if it is not. */
__u64 vt_own_base(const struct vt_maps *m);

#endif /* VDSO_TASK_RECORDS_H */
