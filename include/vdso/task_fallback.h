/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __VDSO_TASK_FALLBACK_H
#define __VDSO_TASK_FALLBACK_H

/*
 * The generic vDSO functions call these for a clock that the vDSO data page cannot
 * answer. An image that reads the CPU-time clocks tries those first; any other image
 * falls back to the system call.
 */

#ifdef VDSO_HAS_TASK_CLOCKS

int __vdso_task_clock_get(clockid_t clock, struct __kernel_timespec *ts, bool resolution)
	__attribute__((visibility("hidden")));

#define __vdso_task_clock_gettime(clock, ts)				\
	__vdso_task_clock_get(clock, ts, false)
#define __vdso_task_clock_getres(clock, res)				\
	__vdso_task_clock_get(clock, res, true)

#else /* !VDSO_HAS_TASK_CLOCKS */

#define __vdso_task_clock_gettime	clock_gettime_fallback
#define __vdso_task_clock_getres	clock_getres_fallback

#endif /* VDSO_HAS_TASK_CLOCKS */

#endif /* __VDSO_TASK_FALLBACK_H */
