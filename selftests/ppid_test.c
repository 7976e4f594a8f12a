// SPDX-License-Identifier: GPL-2.0
/*
 * getppid() when the parent exits: the parent changes the child's answer while the child
 * runs. As soon as any task can observe the new parent, no thread of the child may get
 * the old one.
 *
 * Fails when: the invalidation begins after the change and not before it (writer-*),
 * ends before it, or does not take place (orphan-*, nested-reapers); a refresh keeps
 * what it computed during an invalidation (refresh-*); the invalidation zeroes another
 * task's answer; a refresh computes the answer in the wrong pid namespace, or from the
 * thread that forked and not from its process (forking-thread).
 */
#include "ppid.h"

#define ROUNDS	15

static int orphan_round(struct family *f)
{
	f->poller = f->round & 1;
	return ppid_orphan(f);
}

static int rounds(int reaper, int readers)
{
	const struct family start = { .parents = { 0, reaper }, .last = 1,
				      .readers = readers };

	return reaper < 0 ? VT_FAIL : ppid_rounds(ROUNDS, &start, orphan_round);
}

static int check_to_init(const void *arg)
{
	if (ppid_setup())
		return VT_FAIL;
	return rounds(ppid_reaper(), *(const int *)arg);
}

static int check_to_subreaper(const void *arg)
{
	int reaper;

	if (ppid_setup_reaper())
		return VT_FAIL;
	reaper = ppid_reaper();
	if (reaper < 0)
		return VT_FAIL;
	VT_CHECK(reaper == getpid(), "another process adopts orphans");
	return rounds(getpid(), *(const int *)arg);
}

int main(void)
{
	static const int one = 1, three = 3;
	static const struct vt_case cases[] = {
		{ "orphan-to-init", check_to_init, &one, 60 },
		{ "orphan-to-init-threads", check_to_init, &three, 60 },
		{ "orphan-to-subreaper", check_to_subreaper, &one, 60 },
		{ "orphan-to-subreaper-threads", check_to_subreaper, &three,
		  60 },
		{ "crowd", check_crowd, NULL, 120 },
		{ "forking-thread", check_forking_thread, NULL, 60 },
		{ "clone-parent", check_clone_parent, NULL, 60 },
		{ "nested-reapers", check_nested_reapers, NULL, 60 },
		{ "pid-namespace", check_pid_namespace, NULL, 60 },
		{ "parent-outside", check_outside_parent, NULL, 60 },
		{ "death-signal", check_death_signal, NULL, 60 },
		{ "message", check_message, NULL, 60 },
		{ "writer-begin", check_race_writer, "begin", 120 },
		{ "writer-change", check_race_writer, "change", 120 },
		{ "writer-end", check_race_writer, "end", 120 },
		{ "refresh-computing", check_race_refresh, "refresh", 120 },
		{ "refresh-computed", check_race_refresh, "computed", 120 },
		{ "refresh-stored", check_race_refresh, "stored", 120 },
	};

	return vt_run(cases, VT_ARRAY_SIZE(cases));
}
