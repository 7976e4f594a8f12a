/* SPDX-License-Identifier: GPL-2.0 */
/* A seccomp filter for one system call. */
#ifndef VDSO_TASK_FILTER_H
#define VDSO_TASK_FILTER_H

/**
 * vt_refuse_call() - make a system call fail from now on
 * @nr: its number
 * @error: what it fails with, positive
 * @flags: SECCOMP_FILTER_FLAG_...; 0: for the calling thread and its descendants
 *
 * Sets no_new_privs.
 *
 * Return: 0, or the negative error of the call that failed
 */
long vt_refuse_call(long nr, int error, unsigned int flags);

#endif /* VDSO_TASK_FILTER_H */
