/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /sys/kernel/debug/vdso_task/delays: points in the kernel at which a task can be
 * delayed, which forces a race instead of hoping for it. In a program that links
 * delays.c all delays are switched off after each case, also after a crash.
 */
#ifndef VDSO_TASK_DELAYS_H
#define VDSO_TASK_DELAYS_H

#include "vt.h"

/* Longer than another CPU needs for its side of a race, also without KVM. */
#define VT_DELAY_US	30000

/* VT_PASS, or the result to return if the kernel lacks the file. */
int vt_delays_init(void);

/*
 * Adds a delay of @usec at @point, for the threads of process @pid (0: of all). In an
 * invalidation that is the thread whose answers change; kernel/vdso/debug.c lists the
 * others. False after a message.
 */
bool vt_delay(const char *point, unsigned int usec, pid_t pid);

void vt_delays_off(void);

#endif /* VDSO_TASK_DELAYS_H */
