// SPDX-License-Identifier: GPL-2.0
/*
 * Forced: the parent waits in the middle of giving its children away, or the
 * child in the middle of a refresh, while the other goes on.
 */
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "delays.h"
#include "ppid.h"
#include "stats.h"

#define ROUNDS		6
#define MOST_ROUNDS	60
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

/* The parent waits at @point of each thread of the child, which all go on. */
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
	vt_store(&f->told, 1);
	VT_CHECK(vt_now() - begun >= VT_DELAY_US * 1000ull,
		 "the parent did not wait at %s", point);
	return ppid_judge(f);
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

/* The child waits at @point of a refresh that it begins, then the parent dies. */
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
	vt_store(&f->told, 1);
	result = ppid_judge(f);
	vt_delays_off();
	while (waitpid(-1, NULL, 0) > 0)
		;
	return result;
}

/*
 * A refresh that met a change zeroes what it has stored. Rounds go on until some have
 * met one, the parent a little later each time.
 */
int check_race_refresh(const void *arg)
{
	int result = setup(), i;
	bool counted = *(const char *)arg != 'k';
	struct family *f;
	long before, met = 0;

	if (result)
		return result;
	f = ppid_family();
	before = vt_stat("fallback_stale");
	if (!f || before < 0)
		return VT_FAIL;
	for (i = 0; i < ROUNDS || (counted && met < 3); i++) {
		VT_IN_TIME(i < MOST_ROUNDS, "%ld refreshes met a change", met);
		*f = (struct family){ .parents = { 0, getpid() }, .last = 1,
				      .readers = 2, .pinned = true,
				      .race_refresh = true, .die = -1,
				      .linger_us = i % 4 * VT_DELAY_US / 6 };
		if (refresh_round(f, arg))
			return VT_FAIL;
		met = vt_stat("fallback_stale") - before;
	}
	vt_note("%d rounds, %ld refreshes met a change", i, met);
	return VT_PASS;
}

/* Nothing forced: more threads than CPUs, all of which read. */
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
