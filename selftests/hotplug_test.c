// SPDX-License-Identifier: GPL-2.0
/*
 * CPU hotplug while threads read, and the sysctl kernel.vdso_task.
 *
 * Fails when: a CPU that comes back online reports another CPU's number
 * (offline-online); the slot of an offlined CPU still points to a record when the next
 * thread runs there; the slot of a CPU that was offline when the area was created never
 * points to a record (made-without-a-cpu); a CPU that reports a wrong number comes online
 * while records are in use, or invalidates all answers (bad-cpu: the statistics); a
 * refresh stores answers while the sysctl is 0, or older answers are back when it becomes
 * 1 (switched-off, toggled); a process that races with a write to the sysctl never gets
 * its record (-at-touch, off-since-boot: under vdso_task=off).
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "cpus.h"
#include "delays.h"
#include "ids.h"
#include "records.h"
#include "stats.h"

#define INJECT_BAD_CPU	"/sys/kernel/debug/vdso_task/inject_bad_cpu"
#define SYSCTL		"/proc/sys/kernel/vdso_task"
#define READERS		8
#define CYCLES		6
#define TOGGLES		400
#define UNPROMOTED_CALLS	40	/* of each entry's system call */
#define LONG_MS		5000

static volatile int stop, wrong, tids[READERS];
static pthread_t threads[READERS];

static void *read_on(void *arg)
{
	struct vt_answers want = vt_raw_answers();
	long number = (long)arg;
	unsigned int n = 0;

	vt_store(&tids[number], vt_raw0(__NR_gettid));
	while (!vt_load(&stop)) {
		int i = vt_wrong(&want);

		if (i >= 0)
			vt_store(&wrong, i + 1);
		if (++n % 64 == 0)
			sched_yield();
	}
	return NULL;
}

static int start_readers(void)
{
	long i;

	if (vt_ids_init() || !vt_promote())
		return VT_FAIL;
	for (i = 0; i < READERS; i++)
		VT_NEED(!pthread_create(&threads[i], NULL, read_on, (void *)i));
	for (i = 0; i < READERS; i++)
		while (!vt_load(&tids[i]))
			sched_yield();
	return VT_PASS;
}

static int end_readers(const char *where)
{
	int i;

	vt_store(&stop, 1);
	for (i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	VT_CHECK(!wrong, "%s: %s returned a wrong answer", where,
		 vt_ids[wrong - 1].name);
	return vt_result(vt_promoted_and_same(where));
}

/* Pins each reader to a CPU; may fail. A reader whose CPU goes offline is unpinned. */
static void spread(unsigned int by)
{
	int n = sysconf(_SC_NPROCESSORS_CONF), i;

	for (i = 0; i < READERS; i++)
		vt_pin_tid(tids[i], (i + by) % n);
}

static int find_cpus(int *cpus, int *n)
{
	*n = vt_unpluggable(cpus, VT_MAX_CPUS);
	if (geteuid())
		return vt_skip("taking CPUs offline needs root");
	if (*n < 1)
		return vt_skip("no CPU can be taken offline");
	return VT_PASS;
}

static int cycle(const int *cpus, int n, unsigned int by)
{
	int i;

	for (i = 0; i < n; i++) {
		spread(by + i);
		VT_CHECK(!vt_plug(cpus[i], false), "CPU %d does not go offline: %m",
			 cpus[i]);
		spread(by + i + 1);
		vt_sleep_ms(2);
		/* In odd cycles all of @cpus are offline at once. */
		if (by % 2 == 0 && vt_plug_back(cpus[i]))
			return VT_FAIL;
	}
	for (i = 0; i < n; i++) {
		if (!vt_is_online(cpus[i]) && vt_plug_back(cpus[i]))
			return VT_FAIL;
		spread(by + i);
		vt_sleep_ms(2);
	}
	return VT_PASS;
}

/* On each CPU, that CPU's slot must lead to the answers. */
static int pinned_everywhere(void)
{
	int cpus[VT_MAX_CPUS], n = vt_cpus(cpus, VT_MAX_CPUS), i;

	for (i = 0; i < n; i++) {
		if (vt_pin(cpus[i]))
			continue;
		if (!vt_promoted_and_same("pinned"))
			return VT_FAIL;
	}
	vt_unpin();
	return VT_PASS;
}

static int check_cycles(const void *arg)
{
	int cpus[VT_MAX_CPUS], n, i, result = find_cpus(cpus, &n);

	(void)arg;
	if (result)
		return result;
	if (start_readers())
		return VT_FAIL;
	for (i = 0; i < CYCLES && !result; i++)
		result = cycle(cpus, n, i);
	result |= end_readers("after CPUs went offline and online");
	return result ? VT_FAIL : pinned_everywhere();
}

/* The area is created while a CPU is offline, which comes online later. */
static int check_made_without(const void *arg)
{
	int cpus[VT_MAX_CPUS], n, result = find_cpus(cpus, &n);

	(void)arg;
	if (result)
		return result;
	VT_NEED(!vt_plug(cpus[n - 1], false));
	if (vt_ids_init() || !vt_promoted_and_same("with a CPU offline"))
		return VT_FAIL;
	return vt_plug_back(cpus[n - 1]) ?: pinned_everywhere();
}

static bool set_bad_cpu(int cpu)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", cpu);
	return vt_write_file(INJECT_BAD_CPU, number);
}

static void clear_bad_cpu(void)
{
	if (!access(INJECT_BAD_CPU, W_OK))
		set_bad_cpu(-1);
}

/* The CPU with the wrong number stays offline, and records answer on the others. */
static int reject_cpu(int cpu)
{
	long off = vt_stat("fallback_off"), areas = vt_stable_stat("areas");

	VT_NEED(!vt_plug(cpu, false) && set_bad_cpu(cpu));
	VT_CHECK(vt_plug(cpu, true), "CPU %d comes online with a wrong number", cpu);
	VT_CHECK(!vt_is_online(cpu), "CPU %d is online after a failed attempt", cpu);
	if (!vt_promoted_and_same("after a CPU was rejected"))
		return VT_FAIL;
	VT_CHECK(vt_stat("fallback_off") == off, "all answers were disabled");
	VT_CHECK(vt_stable_stat("areas") == areas, "areas: %ld before, %ld after", areas,
		 vt_stat("areas"));
	VT_NEED(set_bad_cpu(-1));
	return vt_plug_back(cpu) ?: pinned_everywhere();
}

static int check_bad_cpu(const void *arg)
{
	int cpus[VT_MAX_CPUS], n, i, result = find_cpus(cpus, &n);

	(void)arg;
	if (!result)
		result = vt_delays_init();
	if (result)
		return result;
	if (start_readers())
		return VT_FAIL;
	for (i = 0; i < n && !result; i++)
		result = reject_cpu(cpus[i]);
	return result | end_readers("after CPUs were rejected");
}

static void sysctl_on(void)
{
	if (vt_read_number(SYSCTL) == 0)
		vt_write_file(SYSCTL, "1");
}

static int check_sysctl(void)
{
	if (geteuid())
		return vt_skip("the sysctl needs root");
	VT_CHECK(vt_read_number(SYSCTL) == 1, SYSCTL " is not 1");
	return VT_PASS;
}

/*
 * No record may contain an answer, except while a thread's refresh has stored its
 * answers and not yet checked whether that is still allowed.
 */
static int no_record_answers(const struct vt_maps *m)
{
	struct vt_limit limit = vt_limit_ms(LONG_MS);
	unsigned int i, id;

	for (id = 1; id < vt_nr_ids + 64; id++)
		for (i = 0; i < vt_nr_ids; i++) {
			const char *record = (const char *)vt_record(m, vt_locator(id));
			const int *answer = (const void *)(record + vt_ids[i].offset);

			while (vt_load(answer)) {
				VT_IN_TIME(!vt_is_over(&limit),
					   "disabled, and record %u still answers %s", id,
					   vt_ids[i].name);
				sched_yield();
			}
		}
	return VT_PASS;
}

static int check_toggled(const void *arg)
{
	int result = check_sysctl(), i;
	struct vt_maps m;

	(void)arg;
	if (result)
		return result;
	if (start_readers() || !vt_read_maps(&m, 0))
		return VT_FAIL;
	for (i = 0; i < TOGGLES; i++) {
		VT_NEED(vt_write_file(SYSCTL, i & 1 ? "1" : "0"));
		if (!vt_same_now("sysctl toggled"))
			return VT_FAIL;
		if (i % 2 == 0)
			result = no_record_answers(&m);
		if (result)
			return result;
		if (i % 8 == 0)
			vt_sleep_ms(1);
	}
	return end_readers("after toggling");
}

static int unpromoted_body(void *arg)
{
	(void)arg;
	return vt_result(vt_same_now("unpromoted") &&
			 vt_promote_but((1u << vt_nr_ids) - 1));
}

/* With the sysctl 0, system calls answer and no record contains an answer. */
static int check_switched_off(const void *arg)
{
	unsigned int all;
	int result = check_sysctl();

	(void)arg;
	if (result)
		return result;
	if (vt_ids_init() || !vt_promote())
		return VT_FAIL;
	all = (1u << vt_nr_ids) - 1;
	VT_NEED(vt_write_file(SYSCTL, "0"));
	vt_sleep_ms(2);
	if (!vt_same_now("sysctl 0") || !vt_promote_but(all) ||
	    vt_run_child(unpromoted_body, NULL, "unpromoted process"))
		return VT_FAIL;
	VT_NEED(vt_write_file(SYSCTL, "1"));
	return vt_result(vt_promoted_and_same("sysctl 1 again"));
}

/*
 * The sysctl becomes 0 before the touch that would map the process's area. The process
 * touches then, and must still get its record once the sysctl is 1.
 */
static int off_at_touch(void *arg)
{
	int i;

	(void)arg;
	vt_ids[0].fn();
	for (i = 0; i < UNPROMOTED_CALLS; i++)
		vt_raw_answers();
	VT_NEED(vt_write_file(SYSCTL, "0"));
	vt_ids[0].fn();
	VT_NEED(vt_write_file(SYSCTL, "1"));
	return vt_result(vt_promoted_and_same("sysctl 1 again"));
}

static int check_off_at_touch(const void *arg)
{
	int result = check_sysctl();

	(void)arg;
	if (result)
		return result;
	if (vt_ids_init() || !vt_promote())
		return VT_FAIL;
	return vt_run_child(off_at_touch, NULL, "process without records");
}

static int touch_while_off(void *arg)
{
	(void)arg;
	vt_ids[0].fn();
	VT_NEED(vt_write_file(SYSCTL, "1"));
	return vt_result(vt_promoted_and_same("sysctl 1"));
}

/* A process that touched its area while the sysctl has been 0 since boot. */
static int check_off_since_boot(const void *arg)
{
	(void)arg;
	if (geteuid())
		return vt_skip("the sysctl needs root");
	if (vt_ids_init())
		return VT_FAIL;
	return vt_run_child(touch_while_off, NULL, "process that touched before");
}

int main(void)
{
	static const struct vt_case cases[] = {
		{ "off-since-boot", check_off_since_boot, NULL, 60 },
		{ "offline-online", check_cycles, NULL, 180 },
		{ "made-without-a-cpu", check_made_without, NULL, 60 },
		{ "bad-cpu", check_bad_cpu, NULL, 120 },
		{ "switched-off", check_switched_off, NULL, 60 },
		{ "switched-off-at-touch", check_off_at_touch, NULL, 0 },
		{ "toggled", check_toggled, NULL, 60 },
	};
	int first;

	/* The first case is for a kernel that was booted with vdso_task=off. */
	first = vt_read_number(SYSCTL) ? 1 : 0;
	vt_cleanup(clear_bad_cpu);
	vt_cleanup(sysctl_on);
	return vt_run(cases + first, VT_ARRAY_SIZE(cases) - first);
}
