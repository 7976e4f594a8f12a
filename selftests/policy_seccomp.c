// SPDX-License-Identifier: GPL-2.0
/* seccomp, set by the thread itself or inherited. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "ids.h"
#include "policy.h"
#include "records.h"

static int setup(void)
{
	int result = policy_no_seccomp();

	if (result)
		return result;
	return vt_result(!vt_ids_init() && vt_promote());
}

int check_seccomp_errno(const void *arg)
{
	int result = setup(), i;

	(void)arg;
	if (result)
		return result;
	VT_NEED(!policy_filter(0, SECCOMP_RET_ERRNO | POLICY_ERRNO));
	for (i = 0; i < 1000; i++) {
		if (policy_answers(-POLICY_ERRNO, "under a filter"))
			return VT_FAIL;
		if (i % 100 == 99)
			vt_sleep_ms(1);
	}
	return VT_PASS;
}

static volatile sig_atomic_t trapped;
static volatile long trapped_nr;

static void on_sigsys(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	trapped++;
	trapped_nr = info->si_syscall;
}

int check_seccomp_trap(const void *arg)
{
	struct sigaction sa = { .sa_sigaction = on_sigsys,
				.sa_flags = SA_SIGINFO };
	int result = setup();
	unsigned int i;

	(void)arg;
	if (result)
		return result;
	VT_NEED(!sigaction(SIGSYS, &sa, NULL));
	VT_NEED(!policy_filter(0, SECCOMP_RET_TRAP));
	for (i = 0; i < vt_nr_ids; i++) {
		int before = trapped;

		vt_ids[i].fn();
		VT_CHECK(trapped == before + 1 && trapped_nr == vt_ids[i].nr,
			 "%s: %d SIGSYS, last for system call %ld",
			 vt_ids[i].name, trapped - before, trapped_nr);
	}
	return VT_PASS;
}

/* A filter that allows all calls changes no answer, by the record or not. */
int check_seccomp_allow(const void *arg)
{
	int result = setup(), i;

	(void)arg;
	if (result)
		return result;
	VT_NEED(!policy_filter(0, SECCOMP_RET_ALLOW));
	for (i = 0; i < 200; i++)
		if (!vt_same_now("under a filter that allows"))
			return VT_FAIL;
	return VT_PASS;
}

int check_seccomp_strict(const void *arg)
{
	int result = setup(), status = 0;
	unsigned int i;
	pid_t pid;

	(void)arg;
	if (result)
		return result;
	for (i = 0; i < vt_nr_ids; i++) {
		pid = fork();
		if (!pid) {
			if (!vt_promote())
				_exit(vt_final_result(VT_FAIL));
			prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
			vt_ids[i].fn();
			vt_raw2(__NR_exit, VT_FAIL, 0);
		}
		VT_NEED(waitpid(pid, &status, 0) == pid);
		if (WIFEXITED(status) && WEXITSTATUS(status) == VT_LATE)
			return VT_LATE;
		VT_CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
			 "%s in strict mode: status %#x", vt_ids[i].name,
			 status);
	}
	return VT_PASS;
}

static int filtered_child(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < 100; i++)
		if (policy_answers(-POLICY_ERRNO, "child of a filtered process"))
			return VT_FAIL;
	return VT_PASS;
}

int check_seccomp_inherited(const void *arg)
{
	int result = setup();

	(void)arg;
	if (result)
		return result;
	VT_NEED(!policy_filter(0, SECCOMP_RET_ERRNO | POLICY_ERRNO));
	return vt_run_child(filtered_child, NULL, "child");
}

/* User space can read the page: a filtered answer must not be in the record. */
int check_record_zero(const void *arg)
{
	int result = setup(), round;
	unsigned int i;
	struct vt_maps m;

	(void)arg;
	if (result)
		return result;
	if (!vt_promote() || !vt_read_maps(&m, 0))
		return VT_FAIL;
	VT_NEED(!policy_filter(0, SECCOMP_RET_ERRNO | POLICY_ERRNO));
	for (round = 0; round < 20; round++) {
		for (i = 0; i < vt_nr_ids; i++)
			VT_CHECK(!vt_own_field(&m, vt_ids[i].offset),
				 "the record has a filtered answer to %s",
				 vt_ids[i].name);
		if (policy_answers(-POLICY_ERRNO, "under a filter"))
			return VT_FAIL;
		vt_sleep_ms(2);
	}
	return VT_PASS;
}
