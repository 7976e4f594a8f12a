// SPDX-License-Identifier: GPL-2.0
/* System calls that set ids, or that replace the credentials without changing ids. */
#include <errno.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "creds.h"
#include "delays.h"
#include "stats.h"

#define KEEP		0xffffffffu
#define DELAY_US	3000

/**
 * struct step - one system call
 * @name:	its name
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

/* Small values, 16 bits and more, the overflow id, and the largest valid id. */
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

/* The first vDSO call after the step, and 20 more with yields, return the new ids. */
static int one_step(const struct step *s, struct creds *now, bool promoted)
{
	long ret;
	int i;

	if (promoted && !vt_promote())
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

/* New credentials with the same ids: invalidated, then stored again unchanged. */
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
		before = vt_stat("self_invalidate");
		VT_CHECK(!calls[i](), "%s failed", names[i]);
		if (!creds_are(&now, names[i]))
			return VT_FAIL;
		VT_CHECK(vt_stat("self_invalidate") > before,
			 "%s invalidated no answers", names[i]);
		if (!vt_promoted_and_same(names[i]))
			return VT_FAIL;
	}
	return VT_PASS;
}

/* A setuid() that fails must leave all answers as they are. */
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
			 "setuid(-1) did not fail with EINVAL");
		if (!creds_are(&now, "after a refused setuid"))
			return VT_FAIL;
	}
	return VT_PASS;
}

static volatile int stop;

/* Other threads of the process read, on the same CPU and on others. */
static void *read_concurrently(void *arg)
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

/* Migrates the changing thread, also in the delay before it invalidates its answers. */
static void *migrate_repeatedly(void *arg)
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

/* No switch or migration between the change and the invalidation saves old answers. */
int check_delayed_invalidation(const void *arg)
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
		VT_NEED(!pthread_create(&threads[i], NULL, read_concurrently,
					i ? NULL : cpu));
	VT_NEED(!pthread_create(&threads[3], NULL, migrate_repeatedly, NULL));
	if (!vt_delay("drop", DELAY_US, getpid()))
		return VT_FAIL;
	for (i = 0; i < 5 * (int)VT_ARRAY_SIZE(steps) && !result; i++)
		result = one_step(&steps[i % VT_ARRAY_SIZE(steps)], &now,
				  i & 1);
	vt_store(&stop, 1);
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], &wrong);
		VT_CHECK(i == 3 || !wrong,
			 "a concurrent reader got a wrong answer");
	}
	return result;
}
