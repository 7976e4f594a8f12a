// SPDX-License-Identifier: GPL-2.0
/* Tracers: each system call stops the tracee, whether or not the vDSO made it. */
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "ids.h"
#include "policy.h"

#define CALLS		50
#define REWRITTEN	4242
#define STOP_SYSCALL	(SIGTRAP | 0x80)

/* A call is one read of some twenty instructions, then the system call. */
#define MAX_INSIDE	150
#define MAX_STEPS	2000

/* Not in every C library, though in every kernel. */
#define REQUEST_SYSEMU	31

#if defined(__x86_64__)
typedef struct user_regs_struct regs_t;
#define REG_NR(r)	((long)(r).orig_rax)
#define REG_RESULT(r)	((r).rax)
#define REG_PC(r)	((r).rip)
#define REG_SP(r)	((r).rsp)
#else
typedef struct user_regs_struct regs_t;
#define REG_NR(r)	((long)(r).regs[8])
#define REG_RESULT(r)	((r).regs[0])
#define REG_PC(r)	((r).pc)
#define REG_SP(r)	((r).sp)
#endif

/* Shared by tracer and tracee. */
struct trace {
	volatile int entry;
	volatile int go;
	volatile int calls;
	volatile int result;
	volatile int done;
};

static struct trace *t;

static bool get_regs(pid_t pid, regs_t *r)
{
	struct iovec io = { r, sizeof(*r) };

	return !ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &io);
}

static bool set_regs(pid_t pid, regs_t *r)
{
	struct iovec io = { r, sizeof(*r) };

	return !ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &io);
}

/* Resumes @pid by @request; true if it then stops with @sig. */
static bool step(pid_t pid, long request, int sig)
{
	int status;

	if (ptrace((enum __ptrace_request)request, pid, NULL, NULL))
		return false;
	if (waitpid(pid, &status, 0) != pid)
		return false;
	return WIFSTOPPED(status) && WSTOPSIG(status) == sig;
}

/* Gets a record, stops itself, then calls one entry CALLS times. */
static int tracee(void *arg)
{
	struct vt_answers want;
	int i, *expect = arg;

	if (!vt_promote())
		return VT_FAIL;
	want = vt_raw_answers();
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		return VT_FAIL;
	vt_raw2(__NR_kill, getpid(), SIGSTOP);
	for (i = 0; i < CALLS; i++) {
		int got = vt_ids[t->entry].fn();

		if (got != (expect ? *expect : want.v[t->entry]))
			return vt_fail("%s returns %d", vt_ids[t->entry].name,
				       got);
	}
	return VT_PASS;
}

static int setup(void)
{
	if (vt_ids_init() || !vt_promote())
		return VT_FAIL;
	t = vt_shared(sizeof(*t));
	VT_NEED(t);
	return VT_PASS;
}

/* Returns its pid, or -1 after a message. */
static pid_t start_tracee(unsigned int entry, int *expect)
{
	int status;
	pid_t pid;

	t->entry = entry;
	pid = vt_child(tracee, expect);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return vt_fail("cannot start a tracee: %m"), -1;
	if (!WIFSTOPPED(status))
		return vt_decode_status("tracee", status), -1;
	if (ptrace(PTRACE_SETOPTIONS, pid, NULL,
		   PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL))
		return vt_fail("PTRACE_SETOPTIONS: %m"), -1;
	return pid;
}

/*
 * Counts the entry stops for @nr until the tracee exits; at the exit stops writes
 * *@rewrite over the result, unless that is NULL.
 */
static int count_calls(pid_t pid, long nr, const int *rewrite)
{
	int n = 0;
	regs_t r;

	while (step(pid, PTRACE_SYSCALL, STOP_SYSCALL)) {
		if (!get_regs(pid, &r))
			return -1;
		if (REG_NR(r) == __NR_exit_group)
			break;
		if (!step(pid, PTRACE_SYSCALL, STOP_SYSCALL))
			return -1;
		n += REG_NR(r) == nr;
		if (REG_NR(r) != nr || !rewrite)
			continue;
		if (!get_regs(pid, &r))
			return -1;
		REG_RESULT(r) = *rewrite;
		if (!set_regs(pid, &r))
			return -1;
	}
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	return n;
}

/* The tracer sees each call of each entry; @rewrite: and sets its result. */
static int trace_each(int *rewrite)
{
	unsigned int i;

	if (setup())
		return VT_FAIL;
	for (i = 0; i < vt_nr_ids; i++) {
		pid_t pid = start_tracee(i, rewrite);
		int n;

		if (pid < 0)
			return VT_FAIL;
		n = count_calls(pid, vt_ids[i].nr, rewrite);
		VT_CHECK(n == CALLS, "%s: %d calls, the tracer saw %d",
			 vt_ids[i].name, CALLS, n);
		if (vt_reap(pid, "tracee"))
			return VT_FAIL;
	}
	return VT_PASS;
}

int check_ptrace_syscall(const void *arg)
{
	(void)arg;
	return trace_each(NULL);
}

int check_ptrace_rewrite(const void *arg)
{
	int expect = REWRITTEN;

	(void)arg;
	return trace_each(&expect);
}

/* Gets a record; counts its calls in shared memory until the tracer sets @done. */
static int counting_tracee(void *arg)
{
	(void)arg;
	if (!vt_promote())
		return VT_FAIL;
	vt_store(&t->go, 1);
	while (!vt_load(&t->done)) {
		vt_store(&t->calls, t->calls + 1);
		vt_ids[0].fn();
	}
	return vt_result(vt_promoted_and_same("after the tracer left"));
}

/* From the first PTRACE_SYSCALL on, the tracer sees each call without a gap. */
static int trace_running(pid_t pid)
{
	int n = 0, first = -1, status;
	regs_t r;

	VT_NEED(!ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_TRACESYSGOOD));
	VT_NEED(!ptrace(PTRACE_INTERRUPT, pid, NULL, NULL));
	VT_NEED(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
	first = vt_load(&t->calls);
	while (n < CALLS) {
		VT_CHECK(step(pid, PTRACE_SYSCALL, STOP_SYSCALL), "no stop of the tracee");
		VT_NEED(get_regs(pid, &r));
		if (REG_NR(r) == vt_ids[0].nr) {
			int at = vt_load(&t->calls);

			/* The call under way at the attach may be past its stop. */
			first += n == 0 && at == first + 1;
			VT_CHECK(at == first + n, "stop %d is at call %d, not %d",
				 n, at, first + n);
			n++;
		}
		VT_CHECK(step(pid, PTRACE_SYSCALL, STOP_SYSCALL), "no stop of the tracee");
	}
	vt_store(&t->done, 1);
	VT_NEED(!ptrace(PTRACE_DETACH, pid, NULL, NULL));
	return VT_PASS;
}

int check_ptrace_attach(const void *arg)
{
	int round;

	(void)arg;
	if (setup())
		return VT_FAIL;
	for (round = 0; round < 10; round++) {
		pid_t pid;
		int result;

		*t = (struct trace){ 0 };
		pid = vt_child(counting_tracee, NULL);
		VT_IN_TIME(vt_await(&t->go, 1, 10000), "the tracee gets no record");
		result = trace_running(pid);
		if (vt_finish(result, pid, "tracee"))
			return VT_FAIL;
	}
	return VT_PASS;
}

/* The kernel skips the system call, and the tracer sets its result. */
static int emulate(pid_t pid, long nr)
{
	int n = 0;
	regs_t r;

	while (n < CALLS) {
		VT_CHECK(step(pid, REQUEST_SYSEMU, STOP_SYSCALL),
			 "the tracee did not stop after %d calls", n);
		VT_NEED(get_regs(pid, &r));
		if (REG_NR(r) != nr)
			return vt_fail("system call %ld after %d calls",
				       REG_NR(r), n);
		REG_RESULT(r) = REWRITTEN;
		VT_NEED(set_regs(pid, &r));
		n++;
	}
	VT_NEED(!ptrace(PTRACE_DETACH, pid, NULL, NULL));
	return VT_PASS;
}

int check_ptrace_sysemu(const void *arg)
{
	int expect = REWRITTEN;
	unsigned int i;

	(void)arg;
	if (setup())
		return VT_FAIL;
	for (i = 0; i < vt_nr_ids; i++) {
		pid_t pid = start_tracee(i, &expect);
		int result;

		if (pid < 0)
			return VT_FAIL;
		result = emulate(pid, vt_ids[i].nr);
		if (vt_finish(result, pid, "tracee"))
			return VT_FAIL;
	}
	return VT_PASS;
}

/* A call that is stopped at each instruction returns the right id. */
static int stepped_tracee(void *arg)
{
	int want;

	(void)arg;
	if (!vt_promote() || ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		return VT_FAIL;
	want = vt_raw0(vt_ids[t->entry].nr);
	vt_raw2(__NR_kill, getpid(), SIGSTOP);
	vt_store(&t->result, vt_ids[t->entry].fn());
	vt_store(&t->done, 1);
	return t->result == want ? VT_PASS :
	       vt_fail("%s returns %d, not %d", vt_ids[t->entry].name,
		       t->result, want);
}

static int step_through(pid_t pid, unsigned long *inside)
{
	unsigned long fn = (unsigned long)vt_ids[t->entry].fn;
	unsigned long steps = 0;
	regs_t r;

	*inside = 0;
	while (!vt_load(&t->done)) {
		VT_CHECK(step(pid, PTRACE_SINGLESTEP, SIGTRAP),
			 "the tracee did not stop");
		VT_NEED(get_regs(pid, &r));
		*inside += REG_PC(r) - fn < 512;
		VT_CHECK(++steps < MAX_STEPS,
			 "no return after %lu steps, %lu of them in the entry",
			 steps, *inside);
	}
	VT_NEED(!ptrace(PTRACE_DETACH, pid, NULL, NULL));
	return VT_PASS;
}

int check_singlestep(const void *arg)
{
	unsigned long inside;
	unsigned int i;

	(void)arg;
	if (setup())
		return VT_FAIL;
	for (i = 0; i < vt_nr_ids; i++) {
		int result, status;
		pid_t pid;

		*t = (struct trace){ .entry = i };
		pid = vt_child(stepped_tracee, NULL);
		VT_NEED(waitpid(pid, &status, 0) == pid);
		if (!WIFSTOPPED(status))
			return vt_decode_status("tracee", status) ?: VT_FAIL;
		result = step_through(pid, &inside);
		if (vt_finish(result, pid, "tracee"))
			return VT_FAIL;
		VT_CHECK(inside && inside < MAX_INSIDE, "%s: %lu steps in the entry",
			 vt_ids[i].name, inside);
		vt_note("%s: %lu instructions", vt_ids[i].name, inside);
	}
	return VT_PASS;
}
