// SPDX-License-Identifier: GPL-2.0
/*
 * Filters whose answer for a number is known beforehand: what they always allow
 * is still answered by the record, and nothing else is.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "ids.h"
#include "policy.h"
#include "records.h"
#include "stats.h"

#define CALLS	100000
#define SLOW	500
#define FEW	(CALLS / 100)
#define MAGIC	0x6d616769

static int setup(void)
{
	int result = policy_no_seccomp();

	if (!result)
		result = vt_stats_init();
	if (result)
		return result;
	return vt_ids_init() || !vt_promote() ? VT_FAIL : VT_PASS;
}

/*
 * Calls of all entries but those of @asked make no system calls. Others of the
 * system may, or a switch may come within a read: hence a limit and not zero.
 */
static int stand_still(unsigned int asked)
{
	long before = vt_fallbacks(), made;
	unsigned int i;
	int call;

	for (call = 0; call < CALLS; call++)
		for (i = 0; i < vt_nr_ids; i++)
			if (!(asked & 1u << i))
				vt_ids[i].fn();
	made = vt_fallbacks() - before;
	VT_CHECK(before >= 0 && made < FEW,
		 "%d calls of each entry made %ld system calls", CALLS, made);
	return VT_PASS;
}

/*
 * The entries of @asked make one each time, which says @want. What a filter
 * refuses never comes to where calls are counted.
 */
static int all_asked(unsigned int asked, int want)
{
	unsigned int i;

	for (i = 0; i < vt_nr_ids; i++) {
		long before = vt_fallbacks();
		int call;

		if (!(asked & 1u << i))
			continue;
		for (call = 0; call < SLOW; call++) {
			int got = vt_ids[i].fn();

			VT_CHECK(got == want, "%s says %d, not %d",
				 vt_ids[i].name, got, want);
		}
		VT_CHECK(want < 0 || vt_fallbacks() - before >= SLOW,
			 "%s: %d calls, %ld of them made", vt_ids[i].name,
			 SLOW, vt_fallbacks() - before);
	}
	return VT_PASS;
}

static int fast_but(unsigned int asked, int want)
{
	if (!vt_promote_but(asked) || stand_still(asked) ||
	    all_asked(asked, want))
		return VT_FAIL;
	/* What was asked did not spoil what is answered. */
	return vt_promote_but(asked) ? VT_PASS : VT_FAIL;
}

int check_cache_allow_list(const void *arg)
{
	int result = setup();

	(void)arg;
	if (result)
		return result;
	VT_NEED(!policy_allow_list(0));
	return vt_same_now("under an allow list") ? fast_but(0, 0) : VT_FAIL;
}

int check_cache_deny_one(const void *arg)
{
	int result = setup();
	unsigned int denied;

	(void)arg;
	if (result)
		return result;
	denied = vt_id_bit("getuid");
	VT_NEED(denied && !policy_allow_list(denied));
	VT_CHECK(vt_ids[vt_id_index("getuid")].fn() == -EPERM,
		 "the first getuid is allowed");
	return fast_but(denied, -EPERM);
}

/* Each filter on top takes something away. */
int check_cache_stacked(const void *arg)
{
	static const char * const names[] = { "geteuid", "getppid", "gettid" };
	int result = setup(), got;
	unsigned int denied = 0, i;

	(void)arg;
	if (result)
		return result;
	VT_NEED(!policy_allow_list(0));
	for (i = 0; i < VT_ARRAY_SIZE(names); i++) {
		if (!vt_promote_but(denied))
			return VT_FAIL;
		denied |= vt_id_bit(names[i]);
		VT_NEED(!policy_allow_list(denied));
		got = vt_ids[vt_id_index(names[i])].fn();
		VT_CHECK(got == -EPERM, "%s after filter %u: %d", names[i], i,
			 got);
		if (fast_but(denied, -EPERM))
			return VT_FAIL;
	}
	return VT_PASS;
}

/* It allows this call as it allows most, but nobody can know before. */
int check_cache_arguments(const void *arg)
{
	int result = setup(), entry;

	(void)arg;
	if (result)
		return result;
	entry = vt_id_index("gettid");
	VT_NEED(entry >= 0 && !policy_argument_filter(entry, MAGIC));
	VT_CHECK(vt_raw2(vt_ids[entry].nr, MAGIC, 0) == -EPERM,
		 "the filter does not look at arguments");
	return fast_but(1u << entry, vt_raw0(vt_ids[entry].nr));
}

static int filtered_child(void *arg)
{
	return fast_but(*(unsigned int *)arg, -EPERM);
}

static void *filtered_thread(void *arg)
{
	return (void *)(long)filtered_child(arg);
}

/* Children and threads have the filter, and their own answers. */
int check_cache_inherited(const void *arg)
{
	int result = setup();
	unsigned int denied;
	pthread_t thread;
	void *bad;

	(void)arg;
	if (result)
		return result;
	denied = vt_id_bit("getgid");
	VT_NEED(denied && !policy_allow_list(denied));
	VT_NEED(!pthread_create(&thread, NULL, filtered_thread, &denied));
	pthread_join(thread, &bad);
	if (bad)
		return VT_FAIL;
	return vt_run_child(filtered_child, &denied, "child");
}
