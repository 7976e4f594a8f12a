/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /sys/kernel/debug/vdso_task/delays: points in the kernel at which a task can
 * be made to wait, so that a race is run through and not hoped for. A program
 * that links delays.c has all of them switched off after each case, also one
 * that died.
 */
#ifndef VDSO_TASK_DELAYS_H
#define VDSO_TASK_DELAYS_H

#include "vt.h"

/* Longer than it takes another CPU to do its part, also without KVM. */
#define VT_DELAY_US	30000

/* VT_PASS, or the result to return: the kernel must have the file. */
int vt_delays_init(void);

/*
 * At @point, which must exist, there is a wait of @usec whenever it is about a
 * thread of the process @pid (0: about any): in an invalidation the thread whose
 * answers change; kernel/vdso/debug.c has the others. False after a message.
 */
bool vt_delay(const char *point, unsigned int usec, pid_t pid);

void vt_delays_off(void);

#endif /* VDSO_TASK_DELAYS_H */
