/* SPDX-License-Identifier: GPL-2.0 */
/* Where the task slots of this process lie, and what stands in them. */
#ifndef VDSO_TASK_SLOTS_H
#define VDSO_TASK_SLOTS_H

#include <linux/types.h>

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
 * @area:	end of the slots: where [vvar] of an unpatched kernel starts
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

/* Slots that fit between the start of [vvar] and @m->area; 0: no task area. */
unsigned int vt_nr_slots(const struct vt_maps *m);

static inline const volatile struct vdso_task_header *
vt_header(const struct vt_maps *m)
{
	return (const void *)(m->area - VDSO_TASK_SLOT_SIZE);
}

/* slot(c) = area - (c + 2) * 64: downwards, below the header line. */
static inline const volatile struct vdso_task_slot *
vt_slot(const struct vt_maps *m, unsigned int cpu)
{
	return (const void *)(m->area - (cpu + 2ul) * VDSO_TASK_SLOT_SIZE);
}

static inline __u32 vt_field(const struct vt_maps *m, unsigned int cpu,
			     size_t offset)
{
	const volatile char *slot = (const volatile char *)vt_slot(m, cpu);

	return *(const volatile __u32 *)(slot + offset);
}

/*
 * A copy of [vdso], with zeroed memory of our own for [vvar] in the same distance and
 * @below bytes more under that. *@shift is how far it is from the original. False after
 * a message.
 */
bool vt_copy_image(struct vt_maps *copy, long *shift, size_t below);

/* The current CPU, by the system call. */
int vt_cpu_now(void);

/* What the slot of the current CPU says at @offset; 0 if it may not be used. */
__u32 vt_own_field(const struct vt_maps *m, size_t offset);

#endif /* VDSO_TASK_SLOTS_H */
