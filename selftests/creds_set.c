// SPDX-License-Identifier: GPL-2.0
/* Each call that sets ids or that replaces the credentials as they are. */
#include <errno.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "creds.h"
#include "delays.h"
#include "stats.h"

#define KEEP		0xffffffffu
#define DROP_US		3000

/**
 * struct step - one call
 * @name:	of the call
 * @nr:		its number
 * @args:	its arguments
 * @want:	the four answers after it; KEEP: as before
 */
struct step {
	const char *name;
	long nr;
	unsigned int args[3];
	struct creds want;
};

/* Values: small, 16 bits and more, the overflow id, and the largest of all. */
static const struct step steps[] = {
	{ "setuid", __NR_setuid, { 1001 }, { 1001, 1001, KEEP, KEEP } },
	{ "setgid", __NR_setgid, { 1002 }, { KEEP, KEEP, 1002, 1002 } },
	{ "setreuid", __NR_setreuid, { 65535, 65536 },
	  { 65535, 65536, KEEP, KEEP } },
	{ "setreuid", __NR_setreuid, { KEEP, 7 }, { KEEP, 7, KEEP, KEEP } },
	{ "setregid", __NR_setregid, { 100000, 65534 },
	  { KEEP, KEEP, 100000, 65534 } },
	{ "setregid", __NR_setregid, { 8, KEEP }, { KEEP, KEEP, 8, KEEP } },
	{ "setresuid", __NR_setresuid, { 65534, 0x7fffffff, 3 },
	  { 65534, 0x7fffffff, KEEP, KEEP } },
	{ "seteuid", __NR_setresuid, { KEEP, 0x80000000, KEEP },
	  { KEEP, 0x80000000, KEEP, KEEP } },
	{ "setresuid", __NR_setresuid, { 0xfffffffe, 0xfffffffe, 4 },
	  { 0xfffffffe, 0xfffffffe, KEEP, KEEP } },
	{ "setresgid", __NR_setresgid, { 5, 0xfffffffe, 6 },
	  { KEEP, KEEP, 5, 0xfffffffe } },
	{ "setegid", __NR_setresgid, { KEEP, 12, KEEP },
	  { KEEP, KEEP, KEEP, 12 } },
	{ "setfsuid", __NR_setfsuid, { 4711 }, { KEEP, KEEP, KEEP, KEEP } },
	{ "setfsgid", __NR_setfsgid, { 4712 }, { KEEP, KEEP, KEEP, KEEP } },
	{ "setgid", __NR_setgid, { 0 }, { KEEP, KEEP, 0, 0 } },
	{ "setuid", __NR_setuid, { 0 }, { 0, 0, KEEP, KEEP } },
};

static struct creds after(struct creds now, const struct creds *want)
{
	return (struct creds){
		want->uid == KEEP ? now.uid : want->uid,
		want->euid == KEEP ? now.euid : want->euid,
		want->gid == KEEP ? now.gid : want->gid,
		want->egid == KEEP ? now.egid : want->egid,
	};
}

/* Right at the first call after it, at each of some more, and over switches. */
static int one_step(const struct step *s, struct creds *now, bool warm)
{
	long ret;
	int i;

	if (warm && !vt_promote())
		return VT_FAIL;
	ret = vt_raw3(s->nr, s->args[0], s->args[1], s->args[2]);
	*now = after(*now, &s->want);
	if (!creds_are(now, s->name))
		return VT_FAIL;
	VT_CHECK(ret >= 0, "%s: error %ld", s->name, -ret);
	for (i = 0; i < 20; i++) {
		if (!creds_are(now, s->name))
			return VT_FAIL;
		if (i % 8 == 7)
			sched_yield();
	}
	return VT_PASS;
}

static int all_steps(int rounds)
{
	struct creds now = creds_raw();
	unsigned int i;
	int round;

	for (round = 0; round < rounds; round++)
		for (i = 0; i < VT_ARRAY_SIZE(steps); i++)
			if (one_step(&steps[i], &now, true))
				return VT_FAIL;
	return VT_PASS;
}

int check_each_call(const void *arg)
{
	int result = creds_setup();

	(void)arg;
	return result ? result : all_steps(4);
}

static long drop_capability(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3,
						 0 };
	struct __user_cap_data_struct data[2];

	if (vt_raw2(__NR_capget, &head, data))
		return -1;
	data[0].effective &= ~(1u << CAP_SYS_PACCT);
	return vt_raw2(__NR_capset, &head, data);
}

static long set_groups(void)
{
	gid_t groups[3] = { 1, 70000, 65534 };

	return vt_raw2(__NR_setgroups, 3, groups);
}

/* New credentials with the old ids: the answers are invalidated, and the same again. */
int check_same_ids(const void *arg)
{
	static long (* const calls[])(void) = { drop_capability, set_groups };
	static const char * const names[] = { "capset", "setgroups" };
	int result = creds_setup();
	struct creds now;
	unsigned int i;

	(void)arg;
	if (!result)
		result = vt_stats_init();
	if (result)
		return result;
	now = creds_raw();
	for (i = 0; i < VT_ARRAY_SIZE(calls); i++) {
		long before;

		if (!vt_promote())
			return VT_FAIL;
		before = vt_stat("drop");
		VT_CHECK(!calls[i](), "%s fails", names[i]);
		if (!creds_are(&now, names[i]))
			return VT_FAIL;
		VT_CHECK(vt_stat("drop") > before, "%s invalidates nothing",
			 names[i]);
		if (!vt_promoted_and_same(names[i]))
			return VT_FAIL;
	}
	return VT_PASS;
}

/* A call that fails changes nothing, and may not break anything either. */
int check_refused(const void *arg)
{
	int result = creds_setup(), i;
	struct creds now;

	(void)arg;
	if (result)
		return result;
	VT_NEED(!vt_raw3(__NR_setresuid, 5, 5, 5));
	now = creds_raw();
	VT_NEED(!drop_capability());
	for (i = 0; i < 50; i++) {
		if (!vt_promote())
			return VT_FAIL;
		VT_CHECK(vt_raw3(__NR_setuid, KEEP, 0, 0) == -EINVAL,
			 "setuid(-1) works");
		if (!creds_are(&now, "after a refused setuid"))
			return VT_FAIL;
	}
	return VT_PASS;
}

static volatile int stop;

/* The others of the process, on the same CPU and on others. */
static void *read_beside(void *arg)
{
	struct vt_answers want = vt_raw_answers();
	int *cpu = arg;
	long wrong = 0;

	if (cpu)
		vt_pin(*cpu);
	while (!vt_load(&stop) && !wrong)
		wrong += vt_wrong(&want) >= 0;
	return (void *)wrong;
}

static pid_t changing_tid;

/* Moves the changing thread, also while it waits before it invalidates its answers. */
static void *push_around(void *arg)
{
	int cpus[VT_MAX_CPUS], n = vt_cpus(cpus, VT_MAX_CPUS);
	unsigned int i = 0;

	(void)arg;
	while (!vt_load(&stop)) {
		vt_pin_tid(changing_tid, cpus[i++ % n]);
		vt_sleep_ms(1);
	}
	return NULL;
}

/* Whatever happens between the change and the invalidation, the latter comes last. */
int check_delayed_drop(const void *arg)
{
	int result = creds_setup(), i, cpu[2];
	pthread_t threads[4];
	struct creds now;
	void *wrong;

	(void)arg;
	if (!result)
		result = vt_delays_init();
	if (result)
		return result;
	VT_NEED(vt_cpus(cpu, 2) > 0);
	if (!vt_promote())
		return VT_FAIL;
	now = creds_raw();
	changing_tid = vt_raw0(__NR_gettid);
	for (i = 0; i < 3; i++)
		VT_NEED(!pthread_create(&threads[i], NULL, read_beside,
					i ? NULL : cpu));
	VT_NEED(!pthread_create(&threads[3], NULL, push_around, NULL));
	if (!vt_delay("drop", DROP_US, getpid()))
		return VT_FAIL;
	for (i = 0; i < 5 * (int)VT_ARRAY_SIZE(steps) && !result; i++)
		result = one_step(&steps[i % VT_ARRAY_SIZE(steps)], &now,
				  i & 1);
	vt_store(&stop, 1);
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], &wrong);
		VT_CHECK(i == 3 || !wrong, "a thread beside was wrong");
	}
	return result;
}
