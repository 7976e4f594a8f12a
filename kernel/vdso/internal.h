/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KERNEL_VDSO_INTERNAL_H
#define _KERNEL_VDSO_INTERNAL_H

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/math.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched/clock.h>
#include <linux/vdso_task.h>
#include <linux/vdso_task_compat.h>

/**
 * struct vdso_task_area - the slots of one mm, as the kernel sees them
 * @header: the line above the first slot, in the uppermost page
 * @start: first value of every slot's seq, see area.c
 * @rcu: for the grace period after the last user of the mm
 * @pages: kernel addresses of the slot pages, from the uppermost downwards;
 *	   NULL where no thread has called on a CPU whose slot lies there
 */
struct vdso_task_area {
	struct vdso_task_header	*header;
	u64			start;
	struct rcu_head		rcu;
	void			*pages[];
};

/* The header line is index 0 from the top of the area, CPU c has c + 1. */
#define VDSO_TASK_LINES_PER_PAGE	(PAGE_SIZE >> VDSO_TASK_SLOT_SHIFT)

static inline unsigned int vdso_task_nr_pages(void)
{
	return DIV_ROUND_UP(nr_cpu_ids + 1, VDSO_TASK_LINES_PER_PAGE);
}

static inline void *vdso_task_line(void *page, unsigned int line)
{
	line %= VDSO_TASK_LINES_PER_PAGE;
	return page + PAGE_SIZE - ((size_t)(line + 1) << VDSO_TASK_SLOT_SHIFT);
}

/**
 * struct vdso_task_place - where the slot of a CPU lies in every area
 * @page: which of the area's pages
 * @offset: in that page, in bytes
 */
struct vdso_task_place {
	unsigned long	page;
	unsigned long	offset;
};

DECLARE_PER_CPU_READ_MOSTLY(struct vdso_task_place, vdso_task_place);

/* For who cannot be moved: the page of this CPU's slot, NULL if it does not exist. */
static __always_inline void *
vdso_task_this_page(const struct vdso_task_area *area)
{
	return READ_ONCE(area->pages[__this_cpu_read(vdso_task_place.page)]);
}

/* The slot in that page. */
static __always_inline struct vdso_task_slot *vdso_task_slot_in(void *page)
{
	return page + __this_cpu_read(vdso_task_place.offset);
}

/* Both in one; NULL if there is no page. */
static __always_inline struct vdso_task_slot *
vdso_task_this_slot(const struct vdso_task_area *area)
{
	void *page = vdso_task_this_page(area);

	return page ? vdso_task_slot_in(page) : NULL;
}

/* The header's begin is written by any CPU and read by user space. */
static inline atomic64_t *vdso_task_begin(const struct vdso_task_area *area)
{
	static_assert(sizeof(atomic64_t) == sizeof(area->header->begin));

	return (atomic64_t *)&area->header->begin;
}

/* area.c */
void vdso_task_area_init(void);
struct vdso_task_area *vdso_task_area_get(struct mm_struct *mm);
void *vdso_task_area_page(struct vdso_task_area *area, unsigned long index);

/* map.c */
void vdso_task_heat_up(struct mm_struct *mm);

/* slot.c */
bool vdso_task_compute(const struct vdso_task_area *area,
		       struct vdso_task_slot *record, bool clocks);

/* ../sched/vdso_task.c */
u64 vdso_task_current_base(void);
void vdso_task_settle_all(void);
bool vdso_task_clock_caught_up(void);
bool vdso_task_time_stolen(void);

/* change.c */
void vdso_task_end_answers(struct mm_struct *mm);
void vdso_task_end_all(void);

/* policy.c */
void vdso_task_withhold(struct vdso_task_slot *record);

/* control.c */
extern bool vdso_task_allowed;
extern bool vdso_task_armed;

void vdso_task_arm(void);

/* stats.c */
enum vdso_task_stat {
	VDSO_TASK_STAT_AREAS,
	VDSO_TASK_STAT_PAGES,
	VDSO_TASK_STAT_REFRESH,
	VDSO_TASK_STAT_GEN,
	VDSO_TASK_STAT_DROP,
	VDSO_TASK_STAT_COLD,
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

/* clock.c */
void vdso_task_clock_init(void);
bool vdso_task_clock_published(void);
void *vdso_task_global_page(void);
bool vdso_task_clock_usable(void);
void vdso_task_compute_clocks(struct vdso_task_slot *record);
void vdso_task_expose_cputime(void);
bool vdso_task_can_tell(enum vdso_task_kind kind, enum vdso_task_stat *why);

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

/* debug.c has the meaning of each. */
enum vdso_task_delay {
	VDSO_TASK_DELAY_FILL,
	VDSO_TASK_DELAY_REFRESH,
	VDSO_TASK_DELAY_COMPUTED,
	VDSO_TASK_DELAY_KEPT,
	VDSO_TASK_DELAY_BEGIN,
	VDSO_TASK_DELAY_CHANGE,
	VDSO_TASK_DELAY_END,
	VDSO_TASK_DELAY_DROP,
	VDSO_TASK_DELAY_FAULT,
	VDSO_TASK_DELAY_MAP,
	VDSO_TASK_DELAY_WAKEUP,
	VDSO_TASK_DELAY_TICK,
	VDSO_TASK_DELAY_MOVE,
	VDSO_TASK_DELAY_SETTLE,
	VDSO_TASK_NR_DELAYS,
};

/* Make the kernel take its clock for unstable, up to the next boot. */
static inline int vdso_task_clock_lose(void)
{
#ifdef CONFIG_HAVE_UNSTABLE_SCHED_CLOCK
	clear_sched_clock_stable();
	return 0;
#else
	return -EOPNOTSUPP;
#endif
}

#ifdef CONFIG_VDSO_TASK_DEBUG
DECLARE_STATIC_KEY_FALSE(vdso_task_delay_key);

void __vdso_task_delay(enum vdso_task_delay point, const struct task_struct *p);
bool vdso_task_cpu_distrusted(unsigned int cpu);

static __always_inline void vdso_task_delay(enum vdso_task_delay point,
					    const struct task_struct *p)
{
	if (static_branch_unlikely(&vdso_task_delay_key))
		__vdso_task_delay(point, p);
}
#else
static __always_inline void vdso_task_delay(enum vdso_task_delay point,
					    const struct task_struct *p) { }

static inline bool vdso_task_cpu_distrusted(unsigned int cpu)
{
	return false;
}
#endif

#endif /* _KERNEL_VDSO_INTERNAL_H */
