// SPDX-License-Identifier: GPL-2.0
/*
 * Forced races: a delay in the parent's exit, while the kernel reparents its children,
 * or in the child's refresh, while the other process continues.
 */
#include <unistd.h>

#include "delays.h"
#include "ppid.h"
#include "stats.h"

#define ROUNDS		6
#define MAX_ROUNDS	60
#define CROWD_ROUNDS	12

/* The parent is delayed at @arg for each thread of the child; these continue. */
int check_race_writer(const void *arg)
{
	const struct family start = { .parents = { 0, getpid() }, .last = 1,
				      .readers = 2, .poller = true, .pinned = true,
				      .point = arg, .delay_us = VT_DELAY_US };

	return vt_delays_init() ?: ppid_setup_reaper() ?:
	       ppid_rounds(ROUNDS, &start, ppid_orphan);
}

/*
 * The child is delayed at @arg of a refresh, in which the parent exits. A refresh that
 * overlaps an invalidation zeroes what it has stored. Rounds continue until some did, with
 * four different delays of the parent's exit. A busy host may emulate the exit for longer
 * than the refresh is delayed, so the delays grow.
 */
int check_race_refresh(const void *arg)
{
	struct family start = { .parents = { 0, getpid() }, .last = 1, .readers = 2,
				.pinned = true, .race_refresh = true, .die = -1,
				.point = arg };
	int result = vt_delays_init() ?: ppid_setup_reaper(), i;
	long before, overlaps = 0;

	if (result)
		return result;
	before = vt_stat("fallback_stale");
	if (before < 0)
		return VT_FAIL;
	for (i = 0; i < ROUNDS || overlaps < 3; i++) {
		VT_IN_TIME(i < MAX_ROUNDS,
			   "only %ld refreshes overlapped an invalidation",
			   overlaps);
		start.delay_us = VT_DELAY_US << i / (2 * ROUNDS);
		start.exit_delay_us = i % 4 * start.delay_us / 6;
		if (ppid_rounds(1, &start, ppid_orphan))
			return VT_FAIL;
		overlaps = vt_stat("fallback_stale") - before;
	}
	vt_note("%d rounds, %ld refreshes overlapped an invalidation", i, overlaps);
	return VT_PASS;
}

/* No delays: more threads than CPUs, all of which read. */
int check_crowd(const void *arg)
{
	int n = 2 * sysconf(_SC_NPROCESSORS_ONLN);
	const struct family start = { .parents = { 0, getpid() }, .last = 1,
				      .readers = n < 4 ? 4 :
				      n > PPID_MAX_READERS ?
				      PPID_MAX_READERS : n,
				      .poller = true };

	(void)arg;
	return ppid_setup_reaper() ?: ppid_rounds(CROWD_ROUNDS, &start, ppid_orphan);
}
