// SPDX-License-Identifier: GPL-2.0
/* Syscall user dispatch, set by the thread or by its tracer. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "ids.h"
#include "policy.h"

#define CALLS	50

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH	59
#endif

/* Not in every C library, nor in every kernel's headers. */
#define SET_DISPATCH_CONFIG	0x4210
#define ALLOW			0
#define BLOCK			1

struct dispatch_config {
	__u64 mode, selector, offset, len;
};

static volatile char selector;
static volatile sig_atomic_t dispatched;
static volatile long dispatched_nr;

static void on_sigsys(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	selector = ALLOW;
	dispatched++;
	dispatched_nr = info->si_syscall;
}

/* Calls an entry; returns how many SIGSYS it got. */
static int call_blocked(const struct vt_id *id)
{
	int before = dispatched;

	selector = BLOCK;
	id->fn();
	selector = ALLOW;
	return dispatched - before;
}

/* Dispatch without an allowed range: calls from the vDSO are dispatched, too. */
int check_user_dispatch(const void *arg)
{
	struct sigaction sa = { .sa_sigaction = on_sigsys,
				.sa_flags = SA_SIGINFO };
	unsigned int i, round;

	(void)arg;
	if (vt_ids_init() || !vt_promote())
		return VT_FAIL;
	VT_NEED(!sigaction(SIGSYS, &sa, NULL));
	if (prctl(PR_SET_SYSCALL_USER_DISPATCH, 1, 0, 0, &selector))
		return errno == EINVAL ?
		       vt_skip("no syscall user dispatch on this architecture") :
		       vt_fail("prctl: %m");
	for (round = 0; round < CALLS; round++) {
		for (i = 0; i < vt_nr_ids; i++) {
			int n = call_blocked(&vt_ids[i]);

			VT_CHECK(n == 1 && dispatched_nr == vt_ids[i].nr,
				 "%s: %d SIGSYS, last for system call %ld",
				 vt_ids[i].name, n, dispatched_nr);
		}
	}
	VT_NEED(!prctl(PR_SET_SYSCALL_USER_DISPATCH, 0, 0, 0, 0));
	return vt_result(vt_promoted_and_same("after the dispatch"));
}

struct handshake {
	volatile int promoted, on;
};

/* Reads until another process has set the dispatch and then @on. */
static int dispatched_body(void *arg)
{
	struct sigaction sa = { .sa_sigaction = on_sigsys,
				.sa_flags = SA_SIGINFO };
	struct handshake *m = arg;
	unsigned int i, call;

	VT_NEED(!sigaction(SIGSYS, &sa, NULL));
	if (!vt_promote())
		return VT_FAIL;
	selector = BLOCK;
	vt_store(&m->promoted, 1);
	while (!vt_load(&m->on)) {
		vt_ids[0].fn();
		selector = BLOCK;
	}
	for (call = 0; call < CALLS; call++) {
		for (i = 0; i < vt_nr_ids; i++) {
			int n = call_blocked(&vt_ids[i]);

			VT_CHECK(n == 1 && dispatched_nr == vt_ids[i].nr,
				 "%s: call %u, %d SIGSYS", vt_ids[i].name, call, n);
		}
	}
	return VT_PASS;
}

static int set_dispatch(pid_t pid)
{
	struct dispatch_config config = {
		1, (unsigned long)&selector, 0, 0,
	};
	int status;

	VT_NEED(!ptrace(PTRACE_SEIZE, pid, NULL, NULL));
	VT_NEED(!ptrace(PTRACE_INTERRUPT, pid, NULL, NULL));
	VT_NEED(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
	if (vt_syscall6(__NR_ptrace, SET_DISPATCH_CONFIG, pid, sizeof(config),
			(long)&config, 0, 0))
		return vt_skip("no syscall user dispatch on this architecture");
	VT_NEED(!ptrace(PTRACE_DETACH, pid, NULL, NULL));
	return VT_PASS;
}

int check_dispatch_by_tracer(const void *arg)
{
	struct handshake *m = vt_shared(sizeof(*m));
	int round, result = VT_PASS;

	(void)arg;
	VT_NEED(m);
	if (vt_ids_init() || !vt_promote())
		return VT_FAIL;
	for (round = 0; round < 10 && !result; round++) {
		pid_t pid;

		*m = (struct handshake){ 0 };
		pid = vt_child(dispatched_body, m);
		VT_IN_TIME(vt_await(&m->promoted, 1, 10000), "the process gets no record");
		result = set_dispatch(pid);
		vt_store(&m->on, 1);
		result = vt_finish(result, pid, "dispatched process");
	}
	return result;
}
