// SPDX-License-Identifier: GPL-2.0
/*
 * A thread changes its user and group ids itself, by many system calls; another process
 * may write the maps of its user namespace.
 *
 * Fails when: commit_creds() does not zero the answers (each-call,
 * delayed-invalidation), or does so before it has published the new pointers (a refresh
 * in between stores the old ids); it zeroes those of another thread (threads, vfork,
 * clone-vm); a refresh computes the ids for another user namespace or from overridden
 * credentials; a record answers an id without a mapping, which the map would then
 * contradict (unshare, map-written); exec keeps the record (set-id-*).
 */
#include <linux/securebits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "creds.h"

static int index_of[4];

static const char * const entries[4] = { "getuid", "geteuid", "getgid",
					 "getegid" };

int creds_find(void)
{
	int i;

	if (vt_ids_init())
		return VT_FAIL;
	for (i = 0; i < 4; i++) {
		index_of[i] = vt_id_index(entries[i]);
		if (index_of[i] < 0)
			return VT_FAIL;
	}
	return VT_PASS;
}

int creds_setup(void)
{
	if (geteuid())
		return vt_skip("changing ids needs root");
	if (creds_find())
		return VT_FAIL;
	VT_NEED(!prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0));
	return VT_PASS;
}

struct creds creds_raw(void)
{
	return (struct creds){ vt_raw0(vt_ids[index_of[0]].nr),
			       vt_raw0(vt_ids[index_of[1]].nr),
			       vt_raw0(vt_ids[index_of[2]].nr),
			       vt_raw0(vt_ids[index_of[3]].nr) };
}

bool creds_are(const struct creds *want, const char *where)
{
	unsigned int got[4], i;
	struct creds raw;

	for (i = 0; i < 4; i++)
		got[i] = vt_ids[index_of[i]].fn();
	raw = creds_raw();
	if (!memcmp(got, want, sizeof(got)) && !memcmp(&raw, want, sizeof(raw)))
		return true;
	vt_fail("%s: vDSO %u %u %u %u, system calls %u %u %u %u, expected %u %u %u %u",
		where, got[0], got[1], got[2], got[3], raw.uid, raw.euid,
		raw.gid, raw.egid, want->uid, want->euid, want->gid,
		want->egid);
	return false;
}

unsigned int creds_mask(void)
{
	unsigned int mask = 0, i;

	for (i = 0; i < 4; i++)
		mask |= vt_id_bit(entries[i]);
	return mask;
}

int main(int argc, char **argv)
{
	static const struct vt_case cases[] = {
		{ "each-call", check_each_call, NULL, 60 },
		{ "same-ids", check_same_ids, NULL, 0 },
		{ "refused", check_refused, NULL, 0 },
		{ "delayed-invalidation", check_delayed_invalidation, NULL,
		  120 },
		{ "unshare", check_unshare_user, NULL, 60 },
		{ "map-written", check_map_written, NULL, 120 },
		{ "setns", check_setns_user, NULL, 60 },
		{ "overflow-id-mapped", check_overflow_mapped, NULL, 0 },
		{ "set-id-image", check_setid_image, NULL, 60 },
		{ "set-id-image-by-user", check_setid_by_user, NULL, 60 },
		{ "set-id-image-no-new-privs", check_no_new_privs, NULL, 60 },
		{ "threads", check_threads, NULL, 60 },
		{ "vfork", check_vfork, NULL, 60 },
		{ "clone-vm", check_clone_vm, NULL, 60 },
		{ "session-key-to-parent", check_session_key, NULL, 60 },
	};

	if (argc == 6 && !strcmp(argv[1], "--image"))
		return vt_final_result(creds_image(argv + 2));
	return vt_run(cases, VT_ARRAY_SIZE(cases));
}
