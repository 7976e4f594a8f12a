// SPDX-License-Identifier: GPL-2.0
/*
 * Whoever watches system calls sees the vDSO's as well, from the very moment on
 * from which he would see the system call, and may change what it returns.
 *
 * Fails when: a slot is filled although the task has system call work; the
 * work is set without a drop (seccomp-errno, user-dispatch) or without a
 * generation for threads that run on other CPUs (seccomp-tsync, tracepoint);
 * the generation is opened only after the change; what may not be answered
 * stays readable (slot-zero).
 */
#include "ids.h"
#include "policy.h"

int main(void)
{
	static const struct vt_case cases[] = {
		{ "ptrace-syscall", check_ptrace_syscall, NULL, 0 },
		{ "ptrace-attach", check_ptrace_attach, NULL, 0 },
		{ "ptrace-rewrite", check_ptrace_rewrite, NULL, 0 },
		{ "ptrace-sysemu", check_ptrace_sysemu, NULL, 0 },
		{ "singlestep", check_singlestep, NULL, 120 },
		{ "seccomp-errno", check_seccomp_errno, NULL, 0 },
		{ "seccomp-trap", check_seccomp_trap, NULL, 0 },
		{ "seccomp-allow", check_seccomp_allow, NULL, 0 },
		{ "seccomp-tsync", check_seccomp_tsync, NULL, 120 },
		{ "seccomp-strict", check_seccomp_strict, NULL, 0 },
		{ "seccomp-inherited", check_seccomp_inherited, NULL, 0 },
		{ "slot-zero", check_slot_zero, NULL, 0 },
		{ "tracepoint", check_tracepoint, NULL, 60 },
		{ "user-dispatch", check_user_dispatch, NULL, 0 },
	};

	return vt_run(cases, VT_ARRAY_SIZE(cases));
}
