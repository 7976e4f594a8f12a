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

/* policy_seccomp.c */
int check_seccomp_errno(const void *arg);
int check_seccomp_trap(const void *arg);
int check_seccomp_allow(const void *arg);
int check_seccomp_tsync(const void *arg);
int check_seccomp_strict(const void *arg);
int check_seccomp_inherited(const void *arg);
int check_slot_zero(const void *arg);

/* policy_trace.c */
int check_tracepoint(const void *arg);
int check_user_dispatch(const void *arg);

#endif /* VDSO_TASK_POLICY_H */
