// SPDX-License-Identifier: GPL-2.0
/*
 * What a process goes through once: its parent exits, another thread of it sets a filter
 * for all. Each instruction has a process of its own. The reader is not switched out
 * while others make the change: it waits in the handler for a word of them.
 *
 * What a read may return: see breakpoints_events.c. What is read in the handler, once
 * the change is known there, may be nothing but what the system call says then.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "breakpoints.h"
#include "filter.h"

#define ATTEMPTS	200
#define WARM		50	/* calls before each attempt */
#define LONG_MS		20000
#define REFUSED		EDOM

/* Shared by the reader and the task that changes its answer. */
struct change {
	volatile int wanted, made, reached;
	const struct bp_path *path;
	unsigned int at;
	int64_t inside;
};

static struct change *change;

/* At the instruction. The first call after the change is the vDSO's. */
static void await_change(void)
{
	vt_store(&change->wanted, 1);
	if (!vt_await(&change->made, 1, LONG_MS))
		return;
	change->inside = bp_vdso(change->path->entry);
	vt_store(&change->reached, 1);
}

static bool is_refused(int64_t answer)
{
	return answer == -REFUSED;
}

static int judge(int64_t before, int64_t got, int64_t next, int64_t after)
{
	const struct bp_entry *e = change->path->entry;
	bool same = bp_is_time(e) && !is_refused(after) ?
			    change->inside <= next && next <= after &&
				    before <= change->inside :
			    change->inside == after && next == after;
	bool right = got == before || got == after;

	if (bp_is_time(e) && !is_refused(got))
		right = before <= got && (got <= next || is_refused(next));

	VT_CHECK(right && same,
		 "%s, instruction %u: before %lld, read %lld, within %lld, then %lld, %lld",
		 e->name, change->at, (long long)before, (long long)got,
		 (long long)change->inside, (long long)next, (long long)after);
	return VT_PASS;
}

/* Until the instruction is reached: before that, the call is not warm. */
static int read_to_it(void)
{
	const struct bp_path *path = change->path;
	int64_t before = 0, got = 0, next;
	int i, n;

	VT_NEED(!vt_pin(bp_home));
	if (bp_open())
		return VT_FAIL;
	for (i = 0; i < ATTEMPTS && !bp_was_hit(0); i++) {
		for (n = 0; n < WARM; n++)
			bp_vdso(path->entry);
		bp_raw(path->entry);
		bp_vdso(path->entry);
		if (!bp_set(0, path->step[change->at], await_change))
			return VT_FAIL;
		before = bp_get_ready(path->entry);
		got = bp_vdso(path->entry);
		bp_clear();
		if (!bp_was_hit(0))
			bp_pause();
	}
	VT_IN_TIME(change->reached, "%s: instruction %u: %s", path->entry->name,
		   change->at, bp_was_hit(0) ? "no change" : "not reached");
	next = bp_vdso(path->entry);
	return judge(before, got, next, bp_raw(path->entry));
}

/* The reader's parent: it exits when the reader is at the instruction. */
static int be_parent(void *arg)
{
	pid_t pid;

	(void)arg;
	vt_pin(bp_away);
	pid = fork();
	if (!pid)
		exit(vt_settle(read_to_it()));
	VT_NEED(pid > 0);
	return vt_await_in_time(&change->wanted, 1, LONG_MS, "reader");
}

/* The reader becomes a child of this process, which has waited for its parent. */
static int lose_parent(void)
{
	int status, result = vt_run_child(be_parent, NULL, "parent");
	pid_t pid;

	vt_store(&change->made, 1);
	pid = waitpid(-1, &status, 0);
	VT_NEED(pid > 0);
	return vt_judge("reader", status) ?: result;
}

static void *filter(void *arg)
{
	(void)arg;
	vt_pin(bp_away);
	while (!vt_load(&change->wanted))
		sched_yield();
	if (!vt_refuse_call(change->path->entry->nr, REFUSED,
			    SECCOMP_FILTER_FLAG_TSYNC))
		vt_store(&change->made, 1);
	return NULL;
}

static int read_and_be_filtered(void *arg)
{
	pthread_t thread;
	int result;

	(void)arg;
	VT_NEED(!pthread_create(&thread, NULL, filter, NULL));
	result = read_to_it();
	vt_store(&change->wanted, 1);
	pthread_join(thread, NULL);
	return result;
}

static int be_filtered(void)
{
	return vt_run_child(read_and_be_filtered, NULL, "reader");
}

static int run(const struct bp_path *path, const char *name, int (*one)(void))
{
	unsigned int i, reached = 0;
	int result = VT_PASS;

	for (i = 0; i < path->n && !result; i++) {
		*change = (struct change){ .path = path, .at = i };
		result = one();
		reached += change->reached;
	}
	vt_note("%s: %s: %u of %u instructions", path->entry->name, name, reached,
		path->n);
	return result;
}

int bp_events_once(const struct bp_path *path)
{
	int result;

	change = vt_shared(sizeof(*change));
	VT_NEED(change && !prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	vt_pin(bp_away);
	result = run(path, "parent-exit", lose_parent);
	/* Two threads: the process's clock is the kernel's alone. getcpu has no filter. */
	if (!result && (path->entry->kind == BP_ID ||
			path->entry->kind == BP_THREAD_TIME))
		result = run(path, "filter", be_filtered);
	return result;
}
