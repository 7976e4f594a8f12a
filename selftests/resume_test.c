// SPDX-License-Identifier: GPL-2.0
/*
 * Suspend to RAM or, where the machine has none, hibernation; pm_test turns back at the
 * last step, so all CPUs but one go offline and online, and the boot CPU's state is
 * restored.
 *
 * Fails when: a CPU reports another CPU's number after it, CPU time goes back with the
 * counter (comes-back), or the kernel does not check the number that the boot CPU
 * reports, which does not go through CPU hotplug (boot-cpu-bad).
 *
 * -d: run boot-cpu-bad too. It leaves the kernel without records until the next boot, so
 * every other test would fail after it.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cputime.h"
#include "delays.h"
#include "ids.h"
#include "stats.h"

#define POWER		"/sys/power/"
#define INJECT_BAD_CPU	"/sys/kernel/debug/vdso_task/inject_bad_cpu"
#define READERS		4
#define ROUNDS		3

static volatile int stop, wrong;

static bool offers(const char *path, const char *word)
{
	char text[128] = "";
	FILE *f = fopen(path, "r");
	bool found = f && fgets(text, sizeof(text), f) && strstr(text, word);

	if (f)
		fclose(f);
	return found;
}

static void test_off(void)
{
	if (!access(POWER "pm_test", W_OK))
		vt_write_file(POWER "pm_test", "none");
}

/* What to write to `state`. Of "mem", only "deep" resumes without a wakeup event. */
static const char *state;

static int no_suspend(void)
{
	if (geteuid())
		return vt_skip("a suspend needs root");
	if (access(POWER "pm_test", W_OK))
		return vt_skip("needs CONFIG_PM_SLEEP_DEBUG");
	if (offers(POWER "state", "mem") && offers(POWER "mem_sleep", "deep")) {
		VT_NEED(vt_write_file(POWER "mem_sleep", "deep"));
		state = "mem";
	} else if (offers(POWER "state", "disk")) {
		state = "disk";
	} else {
		return vt_skip("this machine has neither suspend to RAM nor hibernation");
	}
	VT_NEED(vt_write_file(POWER "pm_test", "core"));
	vt_write_file("/sys/module/suspend/parameters/pm_test_delay", "0");
	return VT_PASS;
}

static int sleep_once(void)
{
	VT_CHECK(vt_write_file(POWER "state", state), "suspend: %m");
	return VT_PASS;
}

/* The counter may stop or restart over a suspend; CPU time must not go back. */
static void *read_on(void *arg)
{
	struct cputime_reader r = { .clock = CLOCK_THREAD_CPUTIME_ID };
	struct vt_answers want = vt_raw_answers();

	(void)arg;
	while (!vt_load(&stop))
		if (vt_wrong(&want) >= 0 || !cputime_bracket(&r, 10))
			vt_store(&wrong, 1);
	return NULL;
}

static int pinned_everywhere(void)
{
	int cpus[VT_MAX_CPUS], n = vt_cpus(cpus, VT_MAX_CPUS), i;

	for (i = 0; i < n; i++) {
		VT_NEED(!vt_pin(cpus[i]));
		if (!vt_promoted_and_same("pinned"))
			return VT_FAIL;
	}
	return vt_result(vt_unpin());
}

static int check_comes_back(const void *arg)
{
	int result = no_suspend(), i;
	pthread_t threads[READERS];

	(void)arg;
	if (result)
		return result;
	if (cputime_init() || !vt_promote())
		return VT_FAIL;
	for (i = 0; i < READERS; i++)
		VT_NEED(!pthread_create(&threads[i], NULL, read_on, NULL));
	for (i = 0; i < ROUNDS && !result; i++)
		result = sleep_once() || !vt_same_now("after a suspend");
	vt_store(&stop, 1);
	for (i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	VT_CHECK(!wrong, "a thread got a wrong answer or a smaller CPU time");
	if (result || pinned_everywhere())
		return VT_FAIL;
	result = cputime_expected();
	return result ? VT_PASS : cputime_promote(CLOCK_THREAD_CPUTIME_ID);
}

static int check_bad_cpu(const void *arg)
{
	unsigned int all;
	long before;
	int result = no_suspend(), i;

	(void)arg;
	if (!result)
		result = vt_delays_init();
	if (result)
		return result;
	if (vt_ids_init() || !vt_promote())
		return VT_FAIL;
	all = (1u << vt_nr_ids) - 1;
	VT_NEED(vt_write_file(INJECT_BAD_CPU, "0"));
	if (sleep_once())
		return VT_FAIL;
	VT_NEED(vt_write_file(INJECT_BAD_CPU, "-1"));
	before = vt_stat("fallback_off");
	for (i = 0; i < 1000; i++)
		if (!vt_same_now("with a wrong CPU number"))
			return VT_FAIL;
	VT_CHECK(vt_stat("fallback_off") > before,
		 "fallback_off does not count calls with a wrong CPU number");
	return vt_result(vt_promote_but(all));
}

int main(int argc, char **argv)
{
	static const struct vt_case cases[] = {
		{ "comes-back", check_comes_back, NULL, 120 },
		{ "boot-cpu-bad", check_bad_cpu, NULL, 60 },
	};
	bool destructive = argc == 2 && !strcmp(argv[1], "-d");

	if (argc > 1 && !destructive) {
		fprintf(stderr, "usage: resume [-d]\n");
		return VT_FAIL;
	}
	vt_cleanup(test_off);
	return vt_run(cases, 1 + destructive);
}
