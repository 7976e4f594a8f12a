/* SPDX-License-Identifier: GPL-2.0 */
/* /sys/kernel/debug/vdso_task/stats */
#ifndef VDSO_TASK_STATS_H
#define VDSO_TASK_STATS_H

#include "vt.h"

/*
 * Mounts debugfs if need be. A kernel without debugfs is a reason to skip; one
 * with debugfs and without our file is a failure.
 */
int vt_stats_init(void);

/* The value of @key, -1 after a message. */
long vt_stat(const char *key);

/* @key once it has stayed the same for a while: freeing waits for RCU. */
long vt_settled(const char *key);

/* Waits for @key to become @value; a message and false after ten seconds. */
bool vt_stat_becomes(const char *key, long value);

/* Calls that any process made in place of an answer by a record, for any reason. */
long vt_fallbacks(void);

#endif /* VDSO_TASK_STATS_H */
