// SPDX-License-Identifier: GPL-2.0
/*
 * Events that happen to a process only once: its parent exits, another of its threads
 * sets a filter for all threads (TSYNC). Each instruction is tested in a new process.
 * The reader is not switched out during the event: it spins in the handler for a flag.
 *
 * What a read may return: see breakpoints_events.c. A read in the handler after the
 * event must return what the system call returns then.
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
#define CALLS		50	/* before each attempt */
#define LONG_MS		20000
#define FILTER_ERRNO		EDOM

/* Shared by the reader and the task that changes its answer. */
struct change {
	volatile int requested, done, reached;
	const struct bp_path *path;
	unsigned int at;
	int64_t inside;
};

static struct change *change;

/* At the instruction. The first call after the change is by the vDSO. */
static void await_change(void)
{
	vt_store(&change->requested, 1);
	if (!vt_await(&change->done, 1, LONG_MS))
		return;
	change->inside = bp_vdso(change->path->entry);
	vt_store(&change->reached, 1);
}

static bool is_filtered(int64_t answer)
{
	return answer == -FILTER_ERRNO;
}

static int check_answers(int64_t before, int64_t got, int64_t next, int64_t after)
{
	const struct bp_entry *e = change->path->entry;
	bool same = bp_is_time(e) && !is_filtered(after) ?
			    change->inside <= next && next <= after &&
				    before <= change->inside :
			    change->inside == after && next == after;
	bool right = got == before || got == after;

	if (bp_is_time(e) && !is_filtered(got))
		right = before <= got && (got <= next || is_filtered(next));

	VT_CHECK(right && same,
		 "%s, instruction %u: before %lld, read %lld, in handler %lld, then %lld, %lld",
		 e->name, change->at, (long long)before, (long long)got,
		 (long long)change->inside, (long long)next, (long long)after);
	return VT_PASS;
}

/* Repeats the read until it executes the instruction, which a fallback may skip. */
static int read_at_instruction(void)
{
	const struct bp_path *path = change->path;
	int64_t before = 0, got = 0, next;
	int i, n;

	VT_NEED(!vt_pin(bp_home_cpu));
	if (bp_open())
		return VT_FAIL;
	for (i = 0; i < ATTEMPTS && !bp_was_hit(0); i++) {
		for (n = 0; n < CALLS; n++)
			bp_vdso(path->entry);
		bp_raw(path->entry);
		bp_vdso(path->entry);
		if (!bp_set(0, path->step[change->at], await_change))
			return VT_FAIL;
		before = bp_refresh(path->entry);
		got = bp_vdso(path->entry);
		bp_clear();
		if (!bp_was_hit(0))
			bp_pause();
	}
	VT_IN_TIME(change->reached, "%s: instruction %u: %s", path->entry->name,
		   change->at, bp_was_hit(0) ? "no event" : "not executed");
	next = bp_vdso(path->entry);
	return check_answers(before, got, next, bp_raw(path->entry));
}

/* The reader's parent, which exits when the reader is at the instruction. */
static int parent_body(void *arg)
{
	pid_t pid;

	(void)arg;
	vt_pin(bp_other_cpu);
	pid = fork();
	if (!pid)
		exit(vt_final_result(read_at_instruction()));
	VT_NEED(pid > 0);
	return vt_await_in_time(&change->requested, 1, LONG_MS, "reader");
}

/* This process is the subreaper: the reader becomes its child when the parent exits. */
static int read_while_parent_exits(void)
{
	int status, result = vt_run_child(parent_body, NULL, "parent");
	pid_t pid;

	vt_store(&change->done, 1);
	pid = waitpid(-1, &status, 0);
	VT_NEED(pid > 0);
	return vt_decode_status("reader", status) ?: result;
}

static void *filter(void *arg)
{
	(void)arg;
	vt_pin(bp_other_cpu);
	while (!vt_load(&change->requested))
		sched_yield();
	if (!vt_refuse_call(change->path->entry->nr, FILTER_ERRNO,
			    SECCOMP_FILTER_FLAG_TSYNC))
		vt_store(&change->done, 1);
	return NULL;
}

static int filtered_body(void *arg)
{
	pthread_t thread;
	int result;

	(void)arg;
	VT_NEED(!pthread_create(&thread, NULL, filter, NULL));
	result = read_at_instruction();
	vt_store(&change->requested, 1);
	pthread_join(thread, NULL);
	return result;
}

static int read_while_filtered(void)
{
	return vt_run_child(filtered_body, NULL, "reader");
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
	vt_pin(bp_other_cpu);
	result = run(path, "parent-exit", read_while_parent_exits);
	/* No record answers two threads' process clock; getcpu_test.c filters getcpu. */
	if (!result && (path->entry->kind == BP_ID ||
			path->entry->kind == BP_THREAD_TIME))
		result = run(path, "filter", read_while_filtered);
	return result;
}
