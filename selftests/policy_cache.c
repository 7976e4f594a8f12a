// SPDX-License-Identifier: GPL-2.0
/*
 * Filters whose verdict for a number is in seccomp's action cache: the record still
 * answers the calls that they always allow, and no others.
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

#define CALLS		100000
#define DENIED_CALLS	500
#define MAX_FALLBACKS	(CALLS / 100)
#define MAGIC		0x6d616769

static int setup(void)
{
	int result = policy_no_seccomp();

	if (!result)
		result = vt_stats_init();
	if (result)
		return result;
	return vt_result(!vt_ids_init() && vt_promote());
}

/*
 * Calls of entries outside @denied do not fall back. Other processes do, and so does a
 * read that a switch interrupts: hence a limit and not zero.
 */
static int others_answered(unsigned int denied)
{
	long before = vt_fallbacks(), fallbacks;
	unsigned int i;
	int call;

	for (call = 0; call < CALLS; call++)
		for (i = 0; i < vt_nr_ids; i++)
			if (!(denied & 1u << i))
				vt_ids[i].fn();
	fallbacks = vt_fallbacks() - before;
	VT_CHECK(before >= 0 && fallbacks < MAX_FALLBACKS,
		 "%d calls of each entry, %ld fell back", CALLS, fallbacks);
	return VT_PASS;
}

/*
 * Each call of the entries in @denied falls back and returns @want. A call that a filter
 * refuses does not reach the code that counts fallbacks.
 */
static int all_fall_back(unsigned int denied, int want)
{
	unsigned int i;

	for (i = 0; i < vt_nr_ids; i++) {
		long before = vt_fallbacks();
		int call;

		if (!(denied & 1u << i))
			continue;
		for (call = 0; call < DENIED_CALLS; call++) {
			int got = vt_ids[i].fn();

			VT_CHECK(got == want, "%s returns %d, not %d",
				 vt_ids[i].name, got, want);
		}
		VT_CHECK(want < 0 || vt_fallbacks() - before >= DENIED_CALLS,
			 "%s: %d calls, %ld fell back", vt_ids[i].name,
			 DENIED_CALLS, vt_fallbacks() - before);
	}
	return VT_PASS;
}

/* The record answers all entries except those of @denied. */
static int answered_but(unsigned int denied, int want)
{
	if (!vt_promote_but(denied) || others_answered(denied) ||
	    all_fall_back(denied, want))
		return VT_FAIL;
	/* The fallbacks have left the other answers in the record. */
	return vt_result(vt_promote_but(denied));
}

int check_cache_allow_list(const void *arg)
{
	int result = setup();

	(void)arg;
	if (result)
		return result;
	VT_NEED(!policy_allow_list(0));
	return vt_same_now("under an allow list") ? answered_but(0, 0) : VT_FAIL;
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
	return answered_but(denied, -EPERM);
}

/* Each further filter denies one more entry. */
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
		if (answered_but(denied, -EPERM))
			return VT_FAIL;
	}
	return VT_PASS;
}

/* The filter allows these calls, but the cache cannot know that by the number. */
int check_cache_arguments(const void *arg)
{
	int result = setup(), entry;

	(void)arg;
	if (result)
		return result;
	entry = vt_id_index("gettid");
	VT_NEED(entry >= 0 && !policy_argument_filter(entry, MAGIC));
	VT_CHECK(vt_raw2(vt_ids[entry].nr, MAGIC, 0) == -EPERM,
		 "the filter ignores arguments");
	return answered_but(1u << entry, vt_raw0(vt_ids[entry].nr));
}

static int filtered_child(void *arg)
{
	return answered_but(*(unsigned int *)arg, -EPERM);
}

static void *filtered_thread(void *arg)
{
	return (void *)(long)filtered_child(arg);
}

/* Children and threads inherit the filter and have their own answers. */
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
