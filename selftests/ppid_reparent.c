// SPDX-License-Identifier: GPL-2.0
/* Other kinds of parents and reapers. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>

#include "ppid.h"

#define ROUNDS	10

/* Creates a sibling, not a child, and exits first: the sibling's parent stays. */
static int sibling_maker(void *arg)
{
	struct family *f = arg;

	ppid_start_child(f);
	return vt_await_in_time(&f->die, 1, 20000, "the request to exit");
}

static int siblings_parent(void *arg)
{
	struct family *f = arg;
	pid_t maker;

	f->parents[0] = getpid();
	maker = vt_child(sibling_maker, f);
	if (vt_reap(maker, "sibling maker"))
		return VT_FAIL;
	vt_sleep_ms(5);
	return VT_PASS;
}

int check_clone_parent(const void *arg)
{
	const struct family start = { .parents = { 0, getpid() }, .last = 1,
				      .readers = 2, .poller = true,
				      .parent_body = siblings_parent,
				      .child_flags = CLONE_PARENT };

	(void)arg;
	return ppid_setup_reaper() ?: ppid_rounds(ROUNDS, &start, ppid_orphan);
}

/* Child of a thread that exits: it becomes another thread's child, with the same ID. */
static int read_over_thread_exit(struct family *f)
{
	if (!vt_promote())
		return VT_FAIL;
	vt_store(&f->promoted, 1);
	while (vt_load(&f->die) < 2) {
		int got = ppid_fn();

		VT_CHECK(got == f->parents[0], "getppid returns %d, not %d", got,
			 f->parents[0]);
	}
	return vt_result(vt_promoted_and_same("child of another thread"));
}

static volatile int forking_tid;

static void *forking_thread(void *arg)
{
	struct family *f = arg;

	forking_tid = vt_raw0(__NR_gettid);
	ppid_start_child(f);
	vt_await_in_time(&f->promoted, 1, 20000, "the child's record");
	return NULL;
}

/*
 * pthread_join() may return before the thread's children are reparented; its entry in
 * /proc disappears after that.
 */
static bool wait_until_gone(int tid)
{
	struct vt_limit limit = vt_limit_ms(10000);
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d", tid);
	while (!access(path, F_OK)) {
		if (vt_is_over(&limit))
			return false;
		vt_sleep_ms(1);
	}
	return true;
}

static int forking_parent(void *arg)
{
	struct family *f = arg;
	pthread_t thread;

	f->parents[0] = getpid();
	VT_NEED(!pthread_create(&thread, NULL, forking_thread, f));
	pthread_join(thread, NULL);
	if (!f->promoted)
		return VT_LATE;
	VT_IN_TIME(wait_until_gone(forking_tid), "the thread stays in /proc");
	vt_sleep_ms(2);
	vt_store(&f->die, 2);
	return vt_reap(f->child, "child");
}

static int forking_round(struct family *f)
{
	return vt_reap(ppid_start_parent(f), "parent");
}

int check_forking_thread(const void *arg)
{
	const struct family start = { .readers = 1, .parent_body = forking_parent,
				      .child_body = read_over_thread_exit };

	(void)arg;
	return ppid_setup_reaper() ?: ppid_rounds(ROUNDS, &start, forking_round);
}

static int level;

/* Nested subreapers, which exit from the lowest upwards. */
static int reaper_body(void *arg)
{
	struct family *f = arg;
	int mine = level;
	pid_t below;

	VT_NEED(!prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	f->parents[mine] = getpid();
	level--;
	below = mine == 1 ? ppid_start_parent(f) : vt_child(reaper_body, f);
	if (ppid_await_promoted(f))
		return VT_FAIL;
	if (mine == 1)
		vt_store(&f->die, 1);
	if (vt_reap(below, "reaper below"))
		return VT_FAIL;
	vt_store(&f->observed, mine);
	vt_sleep_ms(5);
	return VT_PASS;
}

static int nested_round(struct family *f)
{
	level = 2;
	if (vt_run_child(reaper_body, f, "reaper"))
		return VT_FAIL;
	vt_store(&f->observed, 3);
	return ppid_check_readers(f);
}

int check_nested_reapers(const void *arg)
{
	const struct family start = { .parents = { 0, 0, 0, getpid() }, .last = 3,
				      .readers = 3, .poller = true };

	(void)arg;
	return ppid_setup_reaper() ?: ppid_rounds(ROUNDS, &start, nested_round);
}

/* The parents run in a pid namespace whose init adopts their children. */
int check_pid_namespace(const void *arg)
{
	const struct family start = { .parents = { 0, 1 }, .last = 1, .readers = 2,
				      .poller = true };
	pid_t pid;

	(void)arg;
	if (ppid_setup_reaper())
		return VT_FAIL;
	pid = syscall(__NR_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
	if (!pid)
		_exit(vt_final_result(ppid_rounds(ROUNDS, &start, ppid_orphan)));
	if (pid < 0 && errno == EPERM)
		return vt_skip("a pid namespace needs CAP_SYS_ADMIN");
	return vt_reap(pid, "init of the namespace");
}

static int joined_body(void *arg)
{
	(void)arg;
	VT_CHECK(!vt_raw0(__NR_getppid), "its parent has an ID in the namespace");
	return vt_result(vt_promoted_and_same("joined process"));
}

static int join_namespace(void *arg)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", *(int *)arg);
	fd = open(path, O_RDONLY);
	VT_NEED(fd >= 0 && !setns(fd, CLONE_NEWPID));
	return vt_run_child(joined_body, NULL, "joined process");
}

/* Creates the init of a pid namespace in which this process has no ID, and exits. */
static int outside_body(void *arg)
{
	struct family *f = arg;

	ppid_start_child(f);
	if (ppid_await_promoted(f) ||
	    vt_run_child(join_namespace, (void *)&f->child, "joining process"))
		return VT_FAIL;
	return vt_await_in_time(&f->die, 1, 20000, "the request to exit");
}

int check_outside_parent(const void *arg)
{
	const struct family start = { .parents = { 0, 0 }, .last = 1, .readers = 3,
				      .parent_body = outside_body,
				      .child_flags = CLONE_NEWPID };

	(void)arg;
	if (ppid_setup_reaper())
		return VT_FAIL;
	if (geteuid())
		return vt_skip("a pid namespace needs CAP_SYS_ADMIN");
	return ppid_rounds(1, &start, ppid_orphan);
}
