// SPDX-License-Identifier: GPL-2.0
/*
 * Task records: /sys/kernel/debug/vdso_task/stats, one "key value" a line.
 *
 *   areas             processes that own an area now
 *   pages             pages that they own now
 *   records           threads that have a record now
 *   refresh           calls that stored all answers, or published the slot again
 *   remote            invalidations of a record by another task
 *   self_invalidate   invalidations of a record by its own task
 *   fallback_unpromoted  calls that count towards the promotion of their process
 *   fallback_direct   calls although the record had the answer: by a program that
 *		       does not use the vDSO, or after the reader lost a race
 *   fallback_nomem    touches and calls for which there was no memory or no record
 *   fallback_off      calls while kernel.vdso_task is off or a CPU number is wrong
 *   fallback_policy   calls of a task that is traced, audited or filtered
 *   fallback_stale    calls that lost against an invalidation
 *   fallback_clock    CPU-time clock calls where user mode cannot compute the
 *		       scheduler's clock: see clock.c
 *   fallback_threads  calls for the process's clock while it has other threads or
 *		       CPU timers
 *   fallback_none     calls of threads for which some entry has no answer, such as
 *		       a user ID that is not mapped in the caller's namespace
 *
 * Counters are per CPU and summed without a lock: a line is exact once the
 * system is quiet.
 */

#include <linux/debugfs.h>
#include <linux/init.h>
#include <linux/seq_file.h>

#include "internal.h"

DEFINE_PER_CPU(long [VDSO_TASK_NR_STATS], vdso_task_stats);

static const char * const names[VDSO_TASK_NR_STATS] = {
	[VDSO_TASK_STAT_AREAS]		= "areas",
	[VDSO_TASK_STAT_PAGES]		= "pages",
	[VDSO_TASK_STAT_RECORDS]	= "records",
	[VDSO_TASK_STAT_REFRESH]	= "refresh",
	[VDSO_TASK_STAT_REMOTE]		= "remote",
	[VDSO_TASK_STAT_SELF_INVALIDATE] = "self_invalidate",
	[VDSO_TASK_STAT_UNPROMOTED]	= "fallback_unpromoted",
	[VDSO_TASK_STAT_DIRECT]		= "fallback_direct",
	[VDSO_TASK_STAT_NOMEM]		= "fallback_nomem",
	[VDSO_TASK_STAT_OFF]		= "fallback_off",
	[VDSO_TASK_STAT_POLICY]		= "fallback_policy",
	[VDSO_TASK_STAT_STALE]		= "fallback_stale",
	[VDSO_TASK_STAT_CLOCK]		= "fallback_clock",
	[VDSO_TASK_STAT_THREADS]	= "fallback_threads",
	[VDSO_TASK_STAT_NONE]		= "fallback_none",
};

static int stats_show(struct seq_file *m, void *v)
{
	unsigned int i, cpu;

	for (i = 0; i < VDSO_TASK_NR_STATS; i++) {
		long sum = 0;

		for_each_possible_cpu(cpu)
			sum += READ_ONCE(per_cpu(vdso_task_stats, cpu)[i]);
		seq_printf(m, "%s %ld\n", names[i], sum);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

/* The directory of all files here; the first initcall that needs it creates it. */
struct dentry *vdso_task_debugfs(void)
{
	static struct dentry *dir;

	if (!dir)
		dir = debugfs_create_dir("vdso_task", NULL);
	return dir;
}

static int __init stats_init(void)
{
	debugfs_create_file("stats", 0444, vdso_task_debugfs(), NULL,
			    &stats_fops);
	return 0;
}
late_initcall(stats_init);
