/* SPDX-License-Identifier: GPL-2.0 */
/* Cases of the program `policy`, one file for each kind of observer. */
#ifndef VDSO_TASK_POLICY_H
#define VDSO_TASK_POLICY_H

/* policy_ptrace.c */
int check_ptrace_syscall(const void *arg);
int check_ptrace_attach(const void *arg);
int check_ptrace_rewrite(const void *arg);
int check_ptrace_sysemu(const void *arg);
int check_singlestep(const void *arg);

/* policy_filter.c */

/* What the filters of the tests answer in place of an id. */
#define POLICY_ERRNO	EDOM

/* VT_PASS, or the result to return without CONFIG_SECCOMP. */
int policy_no_seccomp(void);

/* @verdict for the system call of every entry in vt_ids[], all others are allowed. */
int policy_filter(unsigned int flags, unsigned int verdict);

/*
 * As containers have it: each number allowed by name, for both architectures,
 * EPERM for the rest, and for the entries of @mask (bit i: vt_ids[i]).
 */
int policy_allow_list(unsigned int mask);

/* Refuses vt_ids[@entry] if its first argument is @argument. */
int policy_argument_filter(unsigned int entry, unsigned int argument);

/* A result: does each entry return @want? */
int policy_answers(int want, const char *where);

/* policy_seccomp.c */
int check_seccomp_errno(const void *arg);
int check_seccomp_trap(const void *arg);
int check_seccomp_allow(const void *arg);
int check_seccomp_strict(const void *arg);
int check_seccomp_inherited(const void *arg);
int check_slot_zero(const void *arg);

/* policy_cache.c */
int check_cache_allow_list(const void *arg);
int check_cache_deny_one(const void *arg);
int check_cache_stacked(const void *arg);
int check_cache_arguments(const void *arg);
int check_cache_inherited(const void *arg);

/* policy_tsync.c; @arg of the forced ones: the delay point */
int check_seccomp_tsync(const void *arg);
int check_tsync_writer(const void *arg);
int check_tsync_refresh(const void *arg);

/* policy_trace.c; @arg: delay point, or NULL */
int check_tracepoint(const void *arg);

/* policy_dispatch.c */
int check_user_dispatch(const void *arg);
int check_dispatch_by_tracer(const void *arg);

#endif /* VDSO_TASK_POLICY_H */
