// SPDX-License-Identifier: GPL-2.0
/*
 * Forced races: a delay in the parent's exit, while the kernel reparents its children,
 * or in the child's refresh, while the other process continues.
 */
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "delays.h"
#include "ppid.h"
#include "stats.h"

#define ROUNDS		6
#define MAX_ROUNDS	60
#define CROWD_ROUNDS	12

static int setup(void)
{
	int result = vt_delays_init();

	if (result)
		return result;
	if (ppid_setup())
		return VT_FAIL;
	VT_NEED(!prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	return VT_PASS;
}

/* The parent is delayed at @point for each thread of the child; these continue. */
static int writer_round(struct family *f, const char *point)
{
	uint64_t begun;
	int result;
	pid_t parent;

	parent = ppid_start_parent(f);
	VT_NEED(parent > 0);
	result = ppid_await_promoted(f);
	if (!result && !vt_delay(point, VT_DELAY_US, f->child))
		result = VT_FAIL;
	begun = vt_now();
	vt_store(&f->die, 1);
	if (vt_reap(parent, "parent") || result)
		return VT_FAIL;
	vt_store(&f->observed, 1);
	VT_CHECK(vt_now() - begun >= VT_DELAY_US * 1000ull,
		 "the parent was not delayed at %s", point);
	return ppid_check_readers(f);
}

int check_race_writer(const void *arg)
{
	int result = setup(), i;
	struct family *f;

	if (result)
		return result;
	f = ppid_family();
	VT_NEED(f);
	for (i = 0; i < ROUNDS; i++) {
		*f = (struct family){ .parents = { 0, getpid() }, .last = 1,
				      .readers = 2, .poller = true,
				      .pinned = true };
		if (writer_round(f, arg))
			return VT_FAIL;
		vt_delays_off();
		while (waitpid(-1, NULL, 0) > 0)
			;
	}
	return VT_PASS;
}

/* The child is delayed at @point of a refresh, in which the parent exits. */
static int refresh_round(struct family *f, const char *point)
{
	pid_t parent = ppid_start_parent(f);
	int result;

	VT_NEED(parent > 0);
	result = ppid_await_promoted(f);
	if (!result && !vt_delay(point, VT_DELAY_US, f->child))
		result = VT_FAIL;
	vt_store(&f->die, result ? 1 : 0);
	if (vt_reap(parent, "parent") || result)
		return VT_FAIL;
	vt_store(&f->observed, 1);
	result = ppid_check_readers(f);
	vt_delays_off();
	while (waitpid(-1, NULL, 0) > 0)
		;
	return result;
}

/*
 * A refresh that overlaps an invalidation zeroes what it has stored. Rounds continue
 * until some did, with four different delays of the parent's exit.
 */
int check_race_refresh(const void *arg)
{
	int result = setup(), i;
	struct family *f;
	long before, overlaps = 0;

	if (result)
		return result;
	f = ppid_family();
	before = vt_stat("fallback_stale");
	if (!f || before < 0)
		return VT_FAIL;
	for (i = 0; i < ROUNDS || overlaps < 3; i++) {
		VT_IN_TIME(i < MAX_ROUNDS,
			   "only %ld refreshes overlapped an invalidation",
			   overlaps);
		*f = (struct family){ .parents = { 0, getpid() }, .last = 1,
				      .readers = 2, .pinned = true,
				      .race_refresh = true, .die = -1,
				      .exit_delay_us = i % 4 * VT_DELAY_US / 6 };
		if (refresh_round(f, arg))
			return VT_FAIL;
		overlaps = vt_stat("fallback_stale") - before;
	}
	vt_note("%d rounds, %ld refreshes overlapped an invalidation", i, overlaps);
	return VT_PASS;
}

/* No delays: more threads than CPUs, all of which read. */
int check_crowd(const void *arg)
{
	int n = 2 * sysconf(_SC_NPROCESSORS_ONLN), i;
	struct family *f;

	(void)arg;
	if (ppid_setup())
		return VT_FAIL;
	VT_NEED(!prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	f = ppid_family();
	VT_NEED(f);
	for (i = 0; i < CROWD_ROUNDS; i++) {
		*f = (struct family){ .parents = { 0, getpid() }, .last = 1,
				      .readers = n < 4 ? 4 :
				      n > PPID_MAX_READERS ?
				      PPID_MAX_READERS : n,
				      .poller = true };
		if (ppid_orphan(f))
			return VT_FAIL;
		while (waitpid(-1, NULL, 0) > 0)
			;
	}
	return VT_PASS;
}
