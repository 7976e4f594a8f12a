// SPDX-License-Identifier: GPL-2.0
/*
 * Tracers, filters, tracepoints and user dispatch see the calls that the vDSO could
 * answer from the moment on from which they see system calls, and may change what these
 * return.
 *
 * Fails when: a refresh stores answers although the task has system call work; the work
 * is set without zeroing the task's own answers (seccomp-errno, user-dispatch) or those
 * of threads that run on other CPUs (seccomp-tsync, tracepoint); such an invalidation
 * begins only after the change, or ends before it (tsync-*, tracepoint-*); a filtered
 * answer stays readable (record-zero); a refresh checks a filter as a whole and not for
 * each number, or uses the cache of the wrong architecture (seccomp-deny-one,
 * -allow-list); answers that the old filter allowed survive a new one (seccomp-stacked).
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
		{ "tsync-writer-begin", check_tsync_writer, "begin", 60 },
		{ "tsync-writer-change", check_tsync_writer, "change", 60 },
		{ "tsync-writer-end", check_tsync_writer, "end", 60 },
		{ "tsync-refresh-computing", check_tsync_refresh, "refresh",
		  60 },
		{ "tsync-refresh-computed", check_tsync_refresh, "computed",
		  60 },
		{ "tsync-refresh-stored", check_tsync_refresh, "stored", 60 },
		{ "seccomp-strict", check_seccomp_strict, NULL, 0 },
		{ "seccomp-inherited", check_seccomp_inherited, NULL, 0 },
		{ "record-zero", check_record_zero, NULL, 0 },
		{ "seccomp-allow-list", check_cache_allow_list, NULL, 60 },
		{ "seccomp-deny-one", check_cache_deny_one, NULL, 60 },
		{ "seccomp-stacked", check_cache_stacked, NULL, 60 },
		{ "seccomp-arguments", check_cache_arguments, NULL, 60 },
		{ "seccomp-list-inherited", check_cache_inherited, NULL, 60 },
		{ "tracepoint", check_tracepoint, NULL, 60 },
		{ "tracepoint-begin", check_tracepoint, "begin", 60 },
		{ "tracepoint-change", check_tracepoint, "change", 60 },
		{ "tracepoint-end", check_tracepoint, "end", 60 },
		{ "user-dispatch", check_user_dispatch, NULL, 0 },
		{ "user-dispatch-by-tracer", check_dispatch_by_tracer, NULL,
		  0 },
	};

	return vt_run(cases, VT_ARRAY_SIZE(cases));
}
