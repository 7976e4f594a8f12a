// SPDX-License-Identifier: GPL-2.0
/*
 * exec: the task stays the same, but its mm changes, and for a thread that is not the
 * leader its tid, too. The new image's first vDSO calls must return the new values.
 *
 * Fails when: the thread keeps its record over exec (thread-*: a read returns the old
 * tid), or the new mm keeps the old one's fallback count or its area (areas leak, or
 * freed pages are read).
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ids.h"

#define ROUNDS	20

static volatile int stop, ready;

static int exec_self(const char *mode, int pid, int more)
{
	char number[16], left[16];

	snprintf(number, sizeof(number), "%d", pid);
	snprintf(left, sizeof(left), "%d", more);
	execl("/proc/self/exe", "exec", mode, number, left, NULL);
	return vt_fail("exec: %m");
}

/* In the new image: the first call is right, and so are answers by the record. */
static int check_image(const char *pid)
{
	int tid;

	if (vt_ids_init() || !vt_same_now("first call of the image"))
		return VT_FAIL;
	tid = vt_raw0(__NR_gettid);
	VT_CHECK(tid == atoi(pid) && getpid() == tid,
		 "pid %s before exec, pid %d and tid %d after it", pid, getpid(), tid);
	return vt_result(vt_same_before_refresh("image, before any refresh") &&
			 vt_promoted_and_same("image"));
}

static void *read_on(void *arg)
{
	struct vt_answers want = vt_raw_answers();
	long wrong = 0;

	(void)arg;
	vt_promote();
	__atomic_fetch_add(&ready, 1, __ATOMIC_RELEASE);
	while (!vt_load(&stop))
		wrong += vt_wrong(&want) >= 0;
	return (void *)wrong;
}

static void *exec_from_here(void *arg)
{
	int others = *(int *)arg;

	if (!vt_promoted_and_same("thread before exec"))
		exit(vt_final_result(VT_FAIL));
	while (vt_load(&ready) < others)
		vt_raw0(__NR_sched_yield);
	exit(exec_self("--image", getpid(), 0));
}

/* A thread that is not the leader calls exec, which kills *@arg other threads. */
static int thread_body(void *arg)
{
	int others = *(int *)arg, i;
	pthread_t thread;

	if (!vt_promote())
		return VT_FAIL;
	for (i = 0; i < others; i++)
		VT_NEED(!pthread_create(&thread, NULL, read_on, NULL));
	VT_NEED(!pthread_create(&thread, NULL, exec_from_here, arg));
	read_on(NULL);
	return VT_FAIL;
}

static int check_thread(const void *arg)
{
	int others = *(const int *)arg, i;

	if (vt_ids_init())
		return VT_FAIL;
	for (i = 0; i < ROUNDS; i++)
		if (vt_run_child(thread_body, &others, "exec from a thread"))
			return VT_FAIL;
	return VT_PASS;
}

static int leader_body(void *arg)
{
	int cpus[1];

	if (*(int *)arg && vt_cpus(cpus, 1) == 1)
		vt_pin(cpus[0]);
	return vt_promote() ? exec_self("--image", getpid(), 0) : VT_FAIL;
}

static int check_leader(const void *arg)
{
	int pinned = *(const int *)arg, i;

	if (vt_ids_init())
		return VT_FAIL;
	for (i = 0; i < ROUNDS; i++)
		if (vt_run_child(leader_body, &pinned, "exec"))
			return VT_FAIL;
	return VT_PASS;
}

static int chain_body(void *arg)
{
	return exec_self("--chain", getpid(), *(int *)arg);
}

/* A chain of execs; each image is promoted before the next exec. */
static int check_chain(const void *arg)
{
	int links = 30;

	(void)arg;
	return vt_run_child(chain_body, &links, "chain");
}

/* A failed exec changes no answer, however late it fails. */
static int check_failed(const void *arg)
{
	static const char * const paths[] = {
		"/nonexistent", "/", "/proc/self/maps", "/dev/null",
	};
	unsigned int i;

	(void)arg;
	if (vt_ids_init() || !vt_promote())
		return VT_FAIL;
	for (i = 0; i < VT_ARRAY_SIZE(paths); i++) {
		VT_CHECK(execl(paths[i], paths[i], NULL) == -1, "exec of %s succeeds",
			 paths[i]);
		if (!vt_same_now("after a failed exec"))
			return VT_FAIL;
	}
	return vt_result(vt_promoted_and_same("after failed execs"));
}

static __attribute__((noinline)) pid_t vfork_exec(void)
{
	pid_t pid = vfork();

	if (!pid) {
		execl("/proc/self/exe", "exec", "--once", NULL);
		_exit(VT_FAIL);
	}
	return pid;
}

/* The child leaves its parent's mm, in which the parent runs on. */
static int check_vfork(const void *arg)
{
	int i;

	(void)arg;
	if (vt_ids_init() || !vt_promote())
		return VT_FAIL;
	for (i = 0; i < ROUNDS; i++) {
		pid_t pid = vfork_exec();

		if (!vt_same_now("parent after vfork and exec") ||
		    vt_reap(pid, "image") || !vt_same_now("parent later"))
			return VT_FAIL;
	}
	return VT_PASS;
}

/* main() of the executed image, which has arguments. */
static int image(char **argv)
{
	int left;

	if (!strcmp(argv[1], "--once"))
		return vt_ids_init() || !vt_promoted_and_same("image");
	if (check_image(argv[2]))
		return VT_FAIL;
	left = atoi(argv[3]);
	if (!strcmp(argv[1], "--chain") && left)
		return exec_self("--chain", getpid(), left - 1);
	return VT_PASS;
}

int main(int argc, char **argv)
{
	static const int none = 0, one = 1, many = 6;
	static const struct vt_case cases[] = {
		{ "leader", check_leader, &none, 60 },
		{ "leader-on-one-cpu", check_leader, &one, 60 },
		{ "thread", check_thread, &none, 60 },
		{ "thread-among-many", check_thread, &many, 120 },
		{ "chain", check_chain, NULL, 60 },
		{ "failed", check_failed, NULL, 0 },
		{ "vfork", check_vfork, NULL, 60 },
	};

	if (argc == 4 || (argc == 2 && !strcmp(argv[1], "--once")))
		return vt_final_result(image(argv));
	return vt_run(cases, VT_ARRAY_SIZE(cases));
}
