// SPDX-License-Identifier: GPL-2.0
/* seccomp, set by the thread itself and by another thread of the process. */
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
#include "slots.h"

#define VERDICT_ERRNO	EDOM
#define OBSERVERS	3
#define TSYNC_ROUNDS	40

static int no_seccomp(void)
{
	if (prctl(PR_GET_SECCOMP) == -1 && errno == EINVAL)
		return vt_skip("this kernel has no CONFIG_SECCOMP");
	return VT_PASS;
}

/* @verdict for every slot entry's system call, all others are allowed. */
static int set_filter(unsigned int flags, unsigned int verdict)
{
	struct sock_filter code[2 * VT_MAX_IDS + 2];
	struct sock_fprog prog = { 0, code };
	unsigned int i;

	code[prog.len++] = (struct sock_filter)
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr));
	for (i = 0; i < vt_nr_ids; i++) {
		code[prog.len++] = (struct sock_filter)
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, vt_ids[i].nr, 0, 1);
		code[prog.len++] = (struct sock_filter)
			BPF_STMT(BPF_RET | BPF_K, verdict);
	}
	code[prog.len++] = (struct sock_filter)
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return vt_raw3(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
}

static int setup(void)
{
	int result = no_seccomp();

	if (result)
		return result;
	return vt_ids_init() || !vt_make_hot() ? VT_FAIL : VT_PASS;
}

static int all_answer(int want, const char *where)
{
	unsigned int i;

	for (i = 0; i < vt_nr_ids; i++) {
		int got = vt_ids[i].fn();

		VT_CHECK(got == want, "%s: %s returns %d, the filter says %d",
			 where, vt_ids[i].name, got, want);
	}
	return VT_PASS;
}

int check_seccomp_errno(const void *arg)
{
	int result = setup(), i;

	(void)arg;
	if (result)
		return result;
	VT_NEED(!set_filter(0, SECCOMP_RET_ERRNO | VERDICT_ERRNO));
	for (i = 0; i < 1000; i++) {
		if (all_answer(-VERDICT_ERRNO, "under a filter"))
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
	VT_NEED(!set_filter(0, SECCOMP_RET_TRAP));
	for (i = 0; i < vt_nr_ids; i++) {
		int before = trapped;

		vt_ids[i].fn();
		VT_CHECK(trapped == before + 1 && trapped_nr == vt_ids[i].nr,
			 "%s: %d SIGSYS, last for system call %ld",
			 vt_ids[i].name, trapped - before, trapped_nr);
	}
	return VT_PASS;
}

/* A filter that allows changes nothing, whether or not it is quick. */
int check_seccomp_allow(const void *arg)
{
	int result = setup(), i;

	(void)arg;
	if (result)
		return result;
	VT_NEED(!set_filter(0, SECCOMP_RET_ALLOW));
	for (i = 0; i < 200; i++)
		if (!vt_same_now("under a filter that allows"))
			return VT_FAIL;
	return VT_PASS;
}

/* One of several threads of a process; reads until told that it is filtered. */
struct observer {
	volatile int *filtered;
	volatile int hot;
	int late;
};

static void *observe(void *arg)
{
	struct vt_answers want = vt_raw_answers();
	struct observer *o = arg;
	unsigned int i;

	for (i = 0; i < 40; i++)
		vt_vdso_answers();
	vt_store(&o->hot, 1);
	while (!vt_load(o->filtered)) {
		/* Warm, until the filter comes between two reads. */
		for (i = 0; i < vt_nr_ids; i++) {
			int got = vt_ids[i].fn();

			if (got != want.v[i] && got != -VERDICT_ERRNO)
				return (void *)1;
		}
	}
	/* The flag was all it took: the system call would fail from here on. */
	for (i = 0; i < vt_nr_ids; i++)
		o->late += vt_ids[i].fn() != -VERDICT_ERRNO;
	return NULL;
}

static int tsync_round(void *arg)
{
	struct observer o[OBSERVERS];
	pthread_t threads[OBSERVERS];
	volatile int filtered = 0;
	void *result;
	int i;

	(void)arg;
	if (!vt_make_hot())
		return VT_FAIL;
	for (i = 0; i < OBSERVERS; i++) {
		o[i] = (struct observer){ &filtered, 0, 0 };
		VT_NEED(!pthread_create(&threads[i], NULL, observe, &o[i]));
	}
	for (i = 0; i < OBSERVERS; i++)
		VT_CHECK(vt_await(&o[i].hot, 1, 10000), "no hot observer");
	VT_NEED(!set_filter(SECCOMP_FILTER_FLAG_TSYNC,
			    SECCOMP_RET_ERRNO | VERDICT_ERRNO));
	vt_store(&filtered, 1);
	for (i = 0; i < OBSERVERS; i++) {
		pthread_join(threads[i], &result);
		VT_CHECK(!result, "observer saw a third answer");
		VT_CHECK(!o[i].late, "%d answers came past the filter",
			 o[i].late);
	}
	return all_answer(-VERDICT_ERRNO, "who set the filter");
}

int check_seccomp_tsync(const void *arg)
{
	int result = no_seccomp(), i;

	(void)arg;
	if (result || vt_ids_init())
		return result ? result : VT_FAIL;
	for (i = 0; i < TSYNC_ROUNDS; i++)
		if (vt_run_child(tsync_round, NULL, "process"))
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
			if (!vt_make_hot())
				_exit(VT_FAIL);
			prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
			vt_ids[i].fn();
			vt_raw2(__NR_exit, VT_FAIL, 0);
		}
		VT_NEED(waitpid(pid, &status, 0) == pid);
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
		if (all_answer(-VERDICT_ERRNO, "child of a filtered process"))
			return VT_FAIL;
	return VT_PASS;
}

int check_seccomp_inherited(const void *arg)
{
	int result = setup();

	(void)arg;
	if (result)
		return result;
	VT_NEED(!set_filter(0, SECCOMP_RET_ERRNO | VERDICT_ERRNO));
	return vt_run_child(filtered_child, NULL, "child");
}

/* The page is readable: what may not be answered must not stand there. */
int check_slot_zero(const void *arg)
{
	int result = setup(), round;
	unsigned int cpu, i;
	struct vt_maps m;

	(void)arg;
	if (result)
		return result;
	VT_NEED(!vt_pin(vt_cpu_now()));
	if (!vt_make_hot() || !vt_read_maps(&m, 0))
		return VT_FAIL;
	VT_NEED(!set_filter(0, SECCOMP_RET_ERRNO | VERDICT_ERRNO));
	cpu = vt_cpu_now();
	for (round = 0; round < 20; round++) {
		for (i = 0; i < vt_nr_ids; i++)
			VT_CHECK(!vt_field(&m, cpu, vt_ids[i].offset),
				 "%s stands in the slot", vt_ids[i].name);
		if (all_answer(-VERDICT_ERRNO, "under a filter"))
			return VT_FAIL;
		vt_sleep_ms(2);
	}
	return VT_PASS;
}
