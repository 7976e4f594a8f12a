// SPDX-License-Identifier: GPL-2.0
/*
 * Pid namespaces: a task has another ID in each of them.
 *
 * Fails when: a refresh computes the answers in another namespace than the caller's,
 * such as init_pid_ns, or the vDSO returns those of the task that ran on the CPU before.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "ids.h"

#define PING_SECONDS	2

/* A child that is init of a new pid namespace, or -1 with errno. */
static pid_t new_init(int (*body)(void *), void *arg)
{
	pid_t pid = syscall(__NR_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);

	if (!pid)
		exit(body ? vt_final_result(body(arg)) : VT_PASS);
	return pid;
}

static int permitted(void)
{
	pid_t pid = new_init(NULL, NULL);

	if (pid < 0 && errno == EPERM)
		return vt_skip("a pid namespace needs CAP_SYS_ADMIN");
	if (pid < 0 && errno == EINVAL)
		return vt_skip("this kernel has no CONFIG_PID_NS");
	return vt_reap(pid, "probe");
}

static int setup(void)
{
	int result = permitted();

	return result ? result : vt_ids_init();
}

static int expect(int pid, const char *where)
{
	int got = vt_raw0(__NR_getpid);

	VT_CHECK(got == pid, "%s: pid %d, not %d", where, got, pid);
	return vt_result(vt_same_now(where) && vt_promoted_and_same(where));
}

static int as_second(void *arg)
{
	(void)arg;
	return expect(2, "second process of the namespace");
}

static int as_init(void *arg)
{
	if (expect(1, "init of the namespace"))
		return VT_FAIL;
	return arg ? vt_reap(vt_child(as_second, NULL), "second") : VT_PASS;
}

static int check_init(const void *arg)
{
	int result = setup(), i;

	(void)arg;
	if (result)
		return result;
	if (!vt_promote())
		return VT_FAIL;
	for (i = 0; i < 20; i++)
		if (vt_reap(new_init(as_init, &i), "init") ||
		    !vt_same_now("outside"))
			return VT_FAIL;
	return VT_PASS;
}

static int nest(void *arg)
{
	int *depth = arg;

	if (expect(1, "nested init"))
		return VT_FAIL;
	if (!--*depth)
		return VT_PASS;
	if (vt_reap(new_init(nest, depth), "nested init"))
		return VT_FAIL;
	return vt_result(vt_same_now("after the nested init"));
}

static int check_nested(const void *arg)
{
	int result = setup(), depth = 8;

	(void)arg;
	return result ? result : vt_reap(new_init(nest, &depth), "outermost");
}

/* unshare() changes the namespace of children, not of the caller. */
static int check_unshare(const void *arg)
{
	int result = setup();

	(void)arg;
	if (result)
		return result;
	if (!vt_promote())
		return VT_FAIL;
	VT_NEED(!unshare(CLONE_NEWPID));
	if (!vt_same_now("after unshare") ||
	    vt_run_child(as_init, NULL, "first child"))
		return VT_FAIL;
	return vt_result(vt_promoted_and_same("later"));
}

static int wait_for_end(void *arg)
{
	char end;

	(void)!read(*(int *)arg, &end, 1);
	return VT_PASS;
}

static int joined_body(void *arg)
{
	(void)arg;
	VT_CHECK(vt_raw0(__NR_getpid) > 1, "the joined process is init");
	return vt_result(vt_same_now("joined process") &&
			 vt_promoted_and_same("joined process"));
}

static int join_namespace(pid_t init)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", init);
	fd = open(path, O_RDONLY);
	VT_NEED(fd >= 0);
	VT_NEED(!setns(fd, CLONE_NEWPID));
	close(fd);
	if (!vt_same_now("after setns") ||
	    vt_run_child(joined_body, NULL, "joined process"))
		return VT_FAIL;
	return VT_PASS;
}

static int check_setns(const void *arg)
{
	int result = setup(), pipefd[2];
	pid_t init;

	(void)arg;
	if (result)
		return result;
	VT_NEED(!pipe(pipefd));
	init = new_init(wait_for_end, &pipefd[0]);
	VT_NEED(init > 0);
	result = vt_promote() ? join_namespace(init) : VT_FAIL;
	VT_NEED(write(pipefd[1], "x", 1) == 1);
	return vt_reap(init, "init") ? VT_FAIL : result;
}

static int ping(void *arg)
{
	uint64_t end = vt_now() + PING_SECONDS * 1000000000ull;
	struct vt_answers want = vt_raw_answers();
	unsigned long reads = 0, switches = 0;
	int i;

	if (vt_pin(*(int *)arg) || !vt_promote())
		return VT_FAIL;
	for (; vt_now() < end || switches <= 100; switches++) {
		for (i = 0; i < 20; i++, reads++)
			if (vt_wrong(&want) >= 0)
				return vt_same(&want, "ping-pong") ?
				       vt_fail("wrong answer, right at the next call") :
				       VT_FAIL;
		sched_yield();
	}
	return VT_PASS;
}

/*
 * Tasks of different namespaces take turns on one CPU. The parent's answers differ
 * from its children's, and switches go from one to the other.
 */
static int check_ping_pong(const void *arg)
{
	int result = setup(), cpu;
	pid_t init, init2;

	(void)arg;
	if (result)
		return result;
	VT_NEED(vt_cpus(&cpu, 1) == 1);
	init = new_init(ping, &cpu);
	init2 = new_init(ping, &cpu);
	result = ping(&cpu);
	result |= vt_reap(init, "init");
	return result | vt_reap(init2, "other init");
}

/* Children exit in the namespace while ping() reads on the same CPU. */
static int short_lived(void *arg)
{
	vt_pin(*(int *)arg);
	return vt_result(vt_same_now("short-lived") &&
			 vt_promoted_and_same("short-lived"));
}

static int fork_short_lived(void *arg)
{
	int i;

	for (i = 0; i < 50; i++)
		if (vt_run_child(short_lived, arg, "short-lived child"))
			return VT_FAIL;
	return vt_result(vt_same_now("init"));
}

static int check_exiting(const void *arg)
{
	int result = setup(), cpu;
	pid_t init;

	(void)arg;
	if (result)
		return result;
	VT_NEED(vt_cpus(&cpu, 1) == 1);
	init = new_init(fork_short_lived, &cpu);
	result = ping(&cpu);
	return result | vt_reap(init, "init");
}

int main(void)
{
	static const struct vt_case cases[] = {
		{ "init-is-one", check_init, NULL, 60 },
		{ "nested", check_nested, NULL, 0 },
		{ "unshare", check_unshare, NULL, 0 },
		{ "setns", check_setns, NULL, 0 },
		{ "ping-pong", check_ping_pong, NULL, 60 },
		{ "exiting-neighbours", check_exiting, NULL, 60 },
	};

	return vt_run(cases, VT_ARRAY_SIZE(cases));
}
