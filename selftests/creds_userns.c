// SPDX-License-Identifier: GPL-2.0
/* User namespaces with other ids, with unmapped ids, and with maps written later. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "creds.h"

#define ROUNDS		12
#define READS_AFTER	5000

/**
 * struct mapped - shared by a process in a new user namespace and its maps' writer
 * @promoted:	the process has entered; if it reads, its record has no ids
 * @uid_mapped:	uid_map is written: after an acquire of this it must get that uid
 * @gid_mapped:	the same for gid_map
 * @done:	the process may exit
 */
struct mapped {
	volatile int promoted, uid_mapped, gid_mapped, done;
};

static unsigned int overflow(void)
{
	return vt_read_number("/proc/sys/kernel/overflowuid");
}

static int enter(void)
{
	unsigned int none = overflow();
	struct creds unmapped = { none, none, none, none };
	int i;

	if (!vt_promote())
		return VT_FAIL;
	VT_NEED(!unshare(CLONE_NEWUSER));
	for (i = 0; i < 100; i++)
		if (!creds_are(&unmapped, "without a map"))
			return VT_FAIL;
	/* The record answers all other entries, these never. */
	return vt_result(vt_promote_but(creds_mask()));
}

static int enter_body(void *arg)
{
	(void)arg;
	return enter();
}

static int no_userns(void)
{
	if (access("/proc/self/ns/user", F_OK))
		return vt_skip("this kernel has no CONFIG_USER_NS");
	return VT_PASS;
}

static int setup(void)
{
	int result = creds_setup();

	return result ? result : no_userns();
}

int check_unshare_user(const void *arg)
{
	int result = setup(), i;

	(void)arg;
	for (i = 0; i < ROUNDS && !result; i++)
		result = vt_run_child(enter_body, NULL, "child");
	return result;
}

/* Makes READS_AFTER reads after both maps are written, and others before. */
static int read_over_mapping(struct mapped *s, int unmapped, int uid, int gid)
{
	int iu = vt_id_index("geteuid"), ig = vt_id_index("getgid"), after = 0;

	while (after < READS_AFTER) {
		int uid_mapped = vt_load(&s->uid_mapped);
		int gid_mapped = vt_load(&s->gid_mapped);
		int u = vt_ids[iu].fn(), g = vt_ids[ig].fn();

		VT_CHECK(u == uid || (u == unmapped && !uid_mapped),
			 "geteuid returns %d, uid_map has %d and is %swritten", u, uid,
			 uid_mapped ? "" : "not yet ");
		VT_CHECK(g == gid || (g == unmapped && !gid_mapped),
			 "getgid returns %d, gid_map has %d and is %swritten", g, gid,
			 gid_mapped ? "" : "not yet ");
		after += uid_mapped && gid_mapped;
	}
	return VT_PASS;
}

static int mapped_body(void *arg)
{
	struct creds want = { 7, 7, 70007, 70007 };
	struct mapped *s = arg;

	if (enter())
		return VT_FAIL;
	vt_store(&s->promoted, 1);
	if (read_over_mapping(s, overflow(), 7, 70007) ||
	    !creds_are(&want, "with maps") || !vt_promote())
		return VT_FAIL;
	return vt_await_in_time(&s->done, 1, 20000, "the request to exit");
}

static int write_map(pid_t pid, const char *which, const char *map)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, which);
	VT_CHECK(vt_write_file(path, map), "%s: %m", path);
	return VT_PASS;
}

/* Writes both maps of process @pid, one after the other, while it reads. */
static int map_one(struct mapped *s, pid_t pid, int round)
{
	VT_IN_TIME(vt_await(&s->promoted, 1, 20000),
		   "the process in the namespace does not read");
	vt_sleep_ms(round % 4);
	if (write_map(pid, "uid_map", "7 0 1"))
		return VT_FAIL;
	vt_store(&s->uid_mapped, 1);
	vt_sleep_ms(round % 3);
	if (write_map(pid, "gid_map", "70007 0 1"))
		return VT_FAIL;
	vt_store(&s->gid_mapped, 1);
	return VT_PASS;
}

int check_map_written(const void *arg)
{
	struct mapped *s = vt_shared(sizeof(*s));
	int result = setup(), round;

	(void)arg;
	VT_NEED(s);
	for (round = 0; round < ROUNDS && !result; round++) {
		pid_t pid;

		*s = (struct mapped){ 0 };
		pid = vt_child(mapped_body, s);
		result = map_one(s, pid, round);
		vt_store(&s->done, 1);
		result = vt_finish(result, pid, "process in the namespace");
	}
	return result;
}

/* Joins the user namespace of @pid, in which the caller's ids are @inside. */
static int join_one(pid_t pid, const struct creds *inside, bool answered)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	fd = open(path, O_RDONLY);
	VT_NEED(fd >= 0);
	if (!vt_promote())
		return VT_FAIL;
	VT_NEED(!setns(fd, CLONE_NEWUSER));
	if (!creds_are(inside, "after setns"))
		return VT_FAIL;
	if (!vt_promote_but(answered ? 0 : creds_mask()))
		return VT_FAIL;
	return vt_result(creds_are(inside, "later"));
}

/* A process that joins the user namespace of @owner. */
struct joiner {
	pid_t owner;
	struct creds inside;
	bool answered;
};

static int join_body(void *arg)
{
	struct joiner *g = arg;

	return join_one(g->owner, &g->inside, g->answered);
}

static int owner_body(void *arg)
{
	struct mapped *s = arg;

	VT_NEED(!unshare(CLONE_NEWUSER));
	vt_store(&s->promoted, 1);
	return vt_await_in_time(&s->done, 1, 20000, "the request to exit");
}

/* Creates a namespace with @uid_map and @gid_map and runs a process that joins it. */
static int join_with_maps(const char *uid_map, const char *gid_map,
			  struct joiner *g)
{
	struct mapped *s = vt_shared(sizeof(*s));
	int result;

	VT_NEED(s);
	g->owner = vt_child(owner_body, s);
	result = vt_await_in_time(&s->promoted, 1, 10000, "the namespace") ?:
		 write_map(g->owner, "uid_map", uid_map) ?:
		 write_map(g->owner, "gid_map", gid_map);
	if (!result)
		result = vt_run_child(join_body, g, "joining process");
	vt_store(&s->done, 1);
	return result | vt_reap(g->owner, "owner of the namespace");
}

int check_setns_user(const void *arg)
{
	unsigned int none = overflow();
	struct joiner mapped = { 0, { 100000, 100000, 3, 3 }, true };
	struct joiner unmapped = { 0, { none, none, none, none }, false };
	int result = setup(), i;

	(void)arg;
	for (i = 0; i < 5 && !result; i++) {
		result = join_with_maps("100000 0 1", "3 0 1", &mapped);
		if (!result)
			result = join_with_maps("0 5000 10", "0 5000 10",
						&unmapped);
	}
	return result;
}

/* The number alone does not decide: here the maps contain the overflow id. */
int check_overflow_mapped(const void *arg)
{
	unsigned int none = overflow();
	struct joiner g = { 0, { none, none, none, none }, true };
	int result = setup();
	char map[32];

	(void)arg;
	snprintf(map, sizeof(map), "%u 0 1", none);
	return result ? result : join_with_maps(map, map, &g);
}
