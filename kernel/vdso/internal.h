/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KERNEL_VDSO_INTERNAL_H
#define _KERNEL_VDSO_INTERNAL_H

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/idr.h>
#include <linux/math.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched/clock.h>
#include <linux/vdso_task.h>
#include <linux/vdso_task_compat.h>

#include "publish.h"

/*
 * Each file calls only those before it:
 *
 *	area		pages, records
 *	publish		what the owner and the switch write
 *	invalidate	answers that others change
 *	clock		the CPU-time clocks
 *	policy		what a filter or tracer wants to see
 *	refresh		the system calls
 *
 * Beside them map (page faults, promotion) and control (static key, sysctl, CPUs).
 */

/**
 * struct vdso_task_area - the pages of one mm, as the kernel sees them
 * @mm: the mm
 * @start: first value of every slot's seq, see area.c
 * @records: which records have an owner
 * @wait: calls that do not try to get a record, as there was none
 * @made: pages that are made though no fault has asked for them
 * @unmapped: of these, as of when zero pages were last taken away
 * @rcu: for the grace period after the last user of the mm
 * @pages: kernel addresses of the pages, from the lowest that this kernel uses
 *	   upwards; NULL where there is no owner's record and no slot of a CPU on which
 *	   the area was touched
 */
struct vdso_task_area {
	struct mm_struct *mm;
	u64		start;
	struct ida	records;
	unsigned int	wait;
	atomic_t	made;
	int		unmapped;
	struct rcu_head	rcu;
	void		*pages[];
};

#define VDSO_TASK_LINES_PER_PAGE	(PAGE_SIZE >> VDSO_TASK_LINE_SHIFT)

/* Where a line lies in the pages of an area: @distance in bytes from record 0. */
static inline size_t vdso_task_byte(long distance)
{
	return VDSO_TASK_RECORDS_SIZE + distance;
}

static inline long vdso_task_slot_distance(unsigned int cpu)
{
	return (cpu + 1l) << VDSO_TASK_LINE_SHIFT;
}

/* Up to that of record 0, or of the slot of the last CPU that this kernel has. */
static inline unsigned int vdso_task_nr_pages(void)
{
	unsigned int slots = min_t(unsigned int, nr_cpu_ids, VDSO_TASK_NR_SLOTS);

	return vdso_task_byte((long)slots << VDSO_TASK_LINE_SHIFT) / PAGE_SIZE + 1;
}

/* stats.c */
enum vdso_task_stat {
	VDSO_TASK_STAT_AREAS,
	VDSO_TASK_STAT_PAGES,
	VDSO_TASK_STAT_RECORDS,
	VDSO_TASK_STAT_REFRESH,
	VDSO_TASK_STAT_REMOTE,
	VDSO_TASK_STAT_DROP,
	VDSO_TASK_STAT_UNPROMOTED,
	VDSO_TASK_STAT_DIRECT,
	VDSO_TASK_STAT_NOMEM,
	VDSO_TASK_STAT_OFF,
	VDSO_TASK_STAT_POLICY,
	VDSO_TASK_STAT_STALE,
	VDSO_TASK_STAT_CLOCK,
	VDSO_TASK_STAT_THREADS,
	VDSO_TASK_STAT_NONE,
	VDSO_TASK_NR_STATS,
};

#ifdef CONFIG_DEBUG_FS
DECLARE_PER_CPU(long [VDSO_TASK_NR_STATS], vdso_task_stats);

struct dentry *vdso_task_debugfs(void);

static inline void vdso_task_count(enum vdso_task_stat stat, long n)
{
	this_cpu_add(vdso_task_stats[stat], n);
}
#else
static inline void vdso_task_count(enum vdso_task_stat stat, long n) { }
#endif

/* area.c */
void vdso_task_area_init(void);
struct vdso_task_area *vdso_task_area_get(struct mm_struct *mm);
void *vdso_task_area_page(struct vdso_task_area *area, unsigned int index);
void *vdso_task_line(const struct vdso_task_area *area, long distance);
struct vdso_task_record *vdso_task_record_get(struct vdso_task_area *area,
					      s32 *locator);
void vdso_task_record_put(struct vdso_task_area *area, s32 locator);

/* publish.c */
#ifdef CONFIG_VDSO_TASK_SLOTS
/* Are there pages of slots beside the one that record 0 is in? */
extern bool vdso_task_many_pages;

bool __vdso_task_is_shown(void);

static __always_inline bool vdso_task_is_shown(void)
{
	return likely(!vdso_task_many_pages) || __vdso_task_is_shown();
}
#else
static inline bool vdso_task_is_shown(void)
{
	return true;
}
#endif
bool vdso_task_reachable(const struct vdso_task_area *area);
bool vdso_task_has_base(const struct mm_struct *mm);
void vdso_task_clear_base(const struct mm_struct *mm);
void vdso_task_store(const struct vdso_task_record *answers);
void vdso_task_publish_current(void);

/* This task's record; only the task itself sets it. */
static inline struct vdso_task_record *vdso_task_own_record(struct task_struct *p)
{
	return rcu_dereference_protected(p->vdso_task.record, true);
}

/* ../sched/vdso_task.c */
u64 vdso_task_current_base(u64 *clock);
void vdso_task_sync_all_runtimes(void);
bool vdso_task_clock_past_rqs(void);
bool vdso_task_time_stolen(void);

/* invalidate.c */
void vdso_task_invalidate_all(void);

/* clock.c */
void vdso_task_clock_init(void);
bool vdso_task_clock_published(void);
void vdso_task_clock_publish(void);
void *vdso_task_global_page(void);
bool vdso_task_clock_usable(void);
void vdso_task_allow_counter(struct vdso_task_area *area);
void vdso_task_compute_clocks(struct vdso_task_record *answers);
void vdso_task_expose_cputime(void);
bool vdso_task_can_answer(enum vdso_task_kind kind, enum vdso_task_stat *why);

/* refresh.c */
enum vdso_task_stat vdso_task_try_store(struct vdso_task_record *answers, bool clocks);

/* policy.c */
u16 vdso_task_mask_filtered(struct vdso_task_record *answers);

/* Of the answer at an offset, in struct vdso_task's masked. */
static inline u16 vdso_task_mask_bit(size_t field)
{
	return BIT(field / sizeof(u32));
}

/* map.c */
void vdso_task_count_fallback(struct mm_struct *mm);
bool vdso_task_unmap(struct mm_struct *mm);

/* control.c */
extern bool vdso_task_allowed;
extern bool vdso_task_enabled;

void vdso_task_enable(void);

/* Make the kernel take its clock for unstable, up to the next boot. */
static inline int vdso_task_mark_unstable(void)
{
#ifdef CONFIG_HAVE_UNSTABLE_SCHED_CLOCK
	clear_sched_clock_stable();
	return 0;
#else
	return -EOPNOTSUPP;
#endif
}

#endif /* _KERNEL_VDSO_INTERNAL_H */
