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

/* The error that the tests' filters return in place of an id. */
#define POLICY_ERRNO	EDOM

/* VT_PASS, or the result to return on a kernel without CONFIG_SECCOMP. */
int policy_no_seccomp(void);

/* Installs @verdict for the system calls of vt_ids[]; all others are allowed. */
int policy_filter(unsigned int flags, unsigned int verdict);

/*
 * Installs an allow list as containers do: each number of both architectures by itself,
 * EPERM for the rest and for the entries of @mask (bit i: vt_ids[i]).
 */
int policy_allow_list(unsigned int mask);

/* Refuses vt_ids[@entry] if its first argument is @argument. */
int policy_argument_filter(unsigned int entry, unsigned int argument);

/* Checks that each entry returns @want; VT_PASS or VT_FAIL. */
int policy_answers(int want, const char *where);

/* policy_seccomp.c */
int check_seccomp_errno(const void *arg);
int check_seccomp_trap(const void *arg);
int check_seccomp_allow(const void *arg);
int check_seccomp_strict(const void *arg);
int check_seccomp_inherited(const void *arg);
int check_record_zero(const void *arg);

/* policy_cache.c */
int check_cache_allow_list(const void *arg);
int check_cache_deny_one(const void *arg);
int check_cache_stacked(const void *arg);
int check_cache_arguments(const void *arg);
int check_cache_inherited(const void *arg);

/* policy_tsync.c; @arg of the last two: the delay point */
int check_seccomp_tsync(const void *arg);
int check_tsync_writer(const void *arg);
int check_tsync_refresh(const void *arg);

/* policy_trace.c; @arg: delay point, or NULL */
int check_tracepoint(const void *arg);

/* policy_dispatch.c */
int check_user_dispatch(const void *arg);
int check_dispatch_by_tracer(const void *arg);

#endif /* VDSO_TASK_POLICY_H */
