/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __VDSO_TASK_FALLBACK_H
#define __VDSO_TASK_FALLBACK_H

/*
 * What the generic vDSO functions do with clocks that the shared data do not
 * answer: images with task slots ask those, all others make the system call.
 */

/* Without POSIX timers these calls say EINVAL, and so does the kernel alone. */
#if defined(VDSO_HAS_TASK_CLOCKS) && defined(CONFIG_POSIX_TIMERS)

#define __vdso_task_hidden	__attribute__((visibility("hidden")))

int __vdso_task_clock_gettime(clockid_t clock, struct __kernel_timespec *ts)
	__vdso_task_hidden;
int __vdso_task_clock_getres(clockid_t clock, struct __kernel_timespec *res)
	__vdso_task_hidden;
#ifdef BUILD_VDSO32
int __vdso_task_clock_gettime32(clockid_t clock, struct old_timespec32 *ts)
	__vdso_task_hidden;
int __vdso_task_clock_getres32(clockid_t clock, struct old_timespec32 *res)
	__vdso_task_hidden;
#endif

#else /* no clocks of tasks */

#define __vdso_task_clock_gettime	clock_gettime_fallback
#define __vdso_task_clock_gettime32	clock_gettime32_fallback
#define __vdso_task_clock_getres	clock_getres_fallback
#define __vdso_task_clock_getres32	clock_getres32_fallback

#endif /* VDSO_HAS_TASK_CLOCKS && CONFIG_POSIX_TIMERS */

#endif /* __VDSO_TASK_FALLBACK_H */
