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
 *	publish		writes of the owner and of the context switch
 *	invalidate	answers that another task changes
 *	clock		the CPU-time clocks
 *	policy		answers that a seccomp filter masks
 *	refresh		the system calls
 *
 * Beside them map (page faults, promotion) and control (static key, sysctl, CPUs).
 */

/**
 * struct vdso_task_area - the kernel's data about the pages of one mm
 * @mm: the mm
 * @seq_start: first value of every slot's seq, see area.c
 * @records: IDs of the records that have an owner
 * @backoff: calls left that do not try to get a record, after there was none
 * @unfaulted: number of pages that were created without a fault
 * @zapped: value of @unfaulted when zero pages were last removed
 * @rcu: for the grace period after the last user of the mm
 * @pages: kernel addresses of the pages, from the lowest that this kernel uses
 *	   upwards; NULL for a page without an owned record and without the slot of
 *	   a CPU on which the area was touched
 */
struct vdso_task_area {
	struct mm_struct *mm;
	u64		seq_start;
	struct ida	records;
	unsigned int	backoff;
	atomic_t	unfaulted;
	int		zapped;
	struct rcu_head	rcu;
	void		*pages[];
};

#define VDSO_TASK_LINES_PER_PAGE	(PAGE_SIZE >> VDSO_TASK_LINE_SHIFT)

/* Offset in the pages of an area of the line at @distance bytes from record 0. */
static inline size_t vdso_task_byte(long distance)
{
	return VDSO_TASK_RECORDS_SIZE + distance;
}

static inline long vdso_task_slot_distance(unsigned int cpu)
{
	return (cpu + 1l) << VDSO_TASK_LINE_SHIFT;
}

/* Pages up to that of record 0, or of the slot of the last CPU of this kernel. */
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
	VDSO_TASK_STAT_SELF_INVALIDATE,
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
/* Do slots lie in more pages than that of record 0? */
extern bool vdso_task_many_pages;

bool __vdso_task_is_published(void);

static __always_inline bool vdso_task_is_published(void)
{
	return likely(!vdso_task_many_pages) || __vdso_task_is_published();
}
#else
static inline bool vdso_task_is_published(void)
{
	return true;
}
#endif
bool vdso_task_reachable(const struct vdso_task_area *area);
bool vdso_task_has_base(const struct mm_struct *mm);
void vdso_task_clear_base(const struct mm_struct *mm);
void vdso_task_store(const struct vdso_task_record *answers);
void vdso_task_publish_current(void);

/* The record of @p, which is current or the incoming task: only @p itself sets it. */
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

/* Bit of the answer at offset @field, in vdso_task.masked. */
static inline u16 vdso_task_mask_bit(size_t field)
{
	return BIT(field / sizeof(u32));
}

/* map.c */
void vdso_task_count_fallback(struct mm_struct *mm);
bool vdso_task_zap_zero_pages(struct mm_struct *mm);

/* control.c */
extern bool vdso_task_allowed;
extern bool vdso_task_enabled;

void vdso_task_enable(void);

/* Mark sched_clock() unstable, until the next boot. */
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
