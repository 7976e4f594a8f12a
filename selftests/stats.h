/* SPDX-License-Identifier: GPL-2.0 */
/* /sys/kernel/debug/vdso_task/stats */
#ifndef VDSO_TASK_STATS_H
#define VDSO_TASK_STATS_H

#include "vt.h"

/*
 * Mounts debugfs if it is not mounted. The case is skipped on a kernel without
 * debugfs and fails if debugfs lacks the file.
 */
int vt_stats_init(void);

/* The value of @key, -1 after a message. */
long vt_stat(const char *key);

/* @key once it has not changed for a while: areas and pages are freed by RCU. */
long vt_stable_stat(const char *key);

/* Waits for @key to become @value; a message and false after ten seconds. */
bool vt_stat_becomes(const char *key, long value);

/* Fallbacks to the system call, of all processes and for all reasons. */
long vt_fallbacks(void);

#endif /* VDSO_TASK_STATS_H */
