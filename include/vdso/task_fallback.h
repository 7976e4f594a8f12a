/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __VDSO_TASK_FALLBACK_H
#define __VDSO_TASK_FALLBACK_H

/*
 * What the generic vDSO functions do with clocks that the shared data do not
 * answer: images that read the CPU-time clocks try those, all others make the system
 * call.
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
