// SPDX-License-Identifier: GPL-2.0
/* Children by fork(), vfork(), clone() and posix_spawn(), and new sessions. */
#include <sched.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "ids.h"
#include "ids_parts.h"

#define STACK_SIZE	65536
#define CROWD		6

struct node {
	int depth;
	int breadth;
};

/* Compares at the node's first call, and after all its children have exited. */
static int tree_node(void *arg)
{
	struct node *n = arg, below = { n->depth - 1, n->breadth };
	pid_t pids[8];
	int i, bad = 0;

	if (!vt_same_now("first call of child"))
		return VT_FAIL;
	if (n->depth & 1 && !vt_promoted_and_same("child"))
		return VT_FAIL;
	for (i = 0; n->depth && i < n->breadth; i++)
		pids[i] = vt_child(tree_node, &below);
	for (i = 0; n->depth && i < n->breadth; i++)
		bad |= vt_reap(pids[i], "child");
	if (bad || !vt_same_now("after children"))
		return VT_FAIL;
	return VT_PASS;
}

int check_fork_tree(const void *arg)
{
	struct node root = { 4, 3 };

	(void)arg;
	if (vt_ids_init() || !vt_promote())
		return VT_FAIL;
	return tree_node(&root);
}

int check_fork_chain(const void *arg)
{
	struct node root = { 40, 1 };

	(void)arg;
	if (vt_ids_init() || !vt_promote())
		return VT_FAIL;
	return tree_node(&root);
}

/* Children that share the memory and must not call the libc write these. */
static volatile int child_wrong, child_reads;

static void compare_many(int rounds)
{
	struct vt_answers want = vt_raw_answers();
	int i;

	for (i = 0; i < rounds; i++) {
		if (vt_wrong(&want) >= 0)
			__atomic_fetch_add(&child_wrong, 1, __ATOMIC_SEQ_CST);
		if (i % 64 == 63)
			vt_raw0(__NR_sched_yield);
	}
	__atomic_fetch_add(&child_reads, rounds, __ATOMIC_SEQ_CST);
}

static __attribute__((noinline)) pid_t vfork_once(void)
{
	pid_t pid = vfork();

	if (!pid) {
		compare_many(100);
		_exit(0);
	}
	return pid;
}

/* The child uses its parent's area: the mm is the same, the task is not. */
int check_vfork(const void *arg)
{
	int i;

	(void)arg;
	if (vt_ids_init() || !vt_promote())
		return VT_FAIL;
	for (i = 0; i < 100; i++) {
		pid_t pid = vfork_once();

		if (!vt_same_now("parent after vfork") || vt_reap(pid, "child"))
			return VT_FAIL;
	}
	VT_CHECK(child_reads == 100 * 100, "children read %d times",
		 child_reads);
	VT_CHECK(!child_wrong, "%d wrong answers in vfork children",
		 child_wrong);
	return VT_PASS;
}

static int clone_body(void *arg)
{
	compare_many(*(int *)arg);
	return 0;
}

static pid_t clone_vm(void *stack, int *rounds)
{
	return clone(clone_body, (char *)stack + STACK_SIZE,
		     CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD, rounds);
}

static void *new_stack(void)
{
	void *p = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

int check_clone_vm(const void *arg)
{
	void *stack = new_stack();
	int i, rounds = 500;

	(void)arg;
	VT_NEED(stack);
	if (vt_ids_init() || !vt_promote())
		return VT_FAIL;
	for (i = 0; i < 100; i++) {
		pid_t pid = clone_vm(stack, &rounds);

		if (!vt_same_now("while a clone runs") || vt_reap(pid, "clone") ||
		    !vt_same_now("after a clone"))
			return VT_FAIL;
	}
	VT_CHECK(!child_wrong, "%d wrong answers in clones", child_wrong);
	return VT_PASS;
}

/* Several processes in one mm, which take turns on the CPUs. */
int check_clone_vm_crowd(const void *arg)
{
	int i, round, rounds = 20000, bad = 0;
	void *stacks[CROWD];
	pid_t pids[CROWD];

	(void)arg;
	if (vt_ids_init() || !vt_promote())
		return VT_FAIL;
	for (i = 0; i < CROWD; i++)
		VT_NEED((stacks[i] = new_stack()));
	for (round = 0; round < 5; round++) {
		for (i = 0; i < CROWD; i++)
			pids[i] = clone_vm(stacks[i], &rounds);
		compare_many(rounds);
		for (i = 0; i < CROWD; i++)
			bad |= vt_reap(pids[i], "clone");
	}
	VT_CHECK(!bad && !child_wrong, "%d of %d answers were wrong",
		 child_wrong, child_reads);
	VT_CHECK(child_reads == 5 * (CROWD + 1) * rounds, "only %d reads",
		 child_reads);
	return VT_PASS;
}

int check_spawn(const void *arg)
{
	char *args[] = { "ids", "--once", NULL };
	pid_t pid;
	int i;

	(void)arg;
	if (vt_ids_init() || !vt_promote())
		return VT_FAIL;
	for (i = 0; i < 10; i++) {
		VT_NEED(!posix_spawn(&pid, "/proc/self/exe", NULL, NULL, args,
				     environ));
		if (!vt_same_now("parent after spawn") || vt_reap(pid, "image"))
			return VT_FAIL;
	}
	return VT_PASS;
}

static int new_session(void *arg)
{
	(void)arg;
	if (!vt_promote())
		return VT_FAIL;
	VT_NEED(setsid() > 0);
	return vt_result(vt_same_now("after setsid") &&
			 vt_promoted_and_same("new session"));
}

/* A new session, process group or credentials do not change the process ID. */
int check_session(const void *arg)
{
	(void)arg;
	if (vt_ids_init() || vt_run_child(new_session, NULL, "session leader"))
		return VT_FAIL;
	if (!vt_promote())
		return VT_FAIL;
	VT_NEED(!setpgid(0, 0));
	if (!vt_same_now("after setpgid"))
		return VT_FAIL;
	if (!geteuid())
		VT_NEED(!setresgid(65534, 65534, 65534) &&
			!setresuid(65534, 65534, 65534));
	return vt_result(vt_same_now("after setresuid"));
}
