// SPDX-License-Identifier: GPL-2.0
/*
 * CLOCK_THREAD_CPUTIME_ID and CLOCK_PROCESS_CPUTIME_ID: the vDSO returns no less than
 * the system call before it and no more than the one after it.
 *
 * Fails when: base does not match the accounted runtime (thread-alone, process-alone,
 * moving, classes); a task is accounted less time than it read (wakeups, *-forced,
 * second-thread, foreign-reader, exit, exec, *-timer), or a process less than its threads
 * read (thread-alone-in-process, thread-of-many, cputimer-stops-at-sync); the parameters
 * are used while they change (retuned); only one of vDSO and system call subtracts IRQ
 * time (all cases where the kernel accounts it); no record ever answers (*-answered); a
 * process is promoted for calls that no record can answer (two-threads-stay-unpromoted,
 * unstable).
 *
 * -t: duration in seconds of the repeating cases (4), of which some take a fraction.
 * -u: also mark the TSC unstable, until the next boot. CASE: run only these cases.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cpus.h"
#include "cputime.h"
#include "stats.h"

#define ROUNDS	3000
#define CALLS	200000

static const clockid_t clocks[] = { CLOCK_THREAD_CPUTIME_ID,
				    CLOCK_PROCESS_CPUTIME_ID };

static long count_fallbacks(clockid_t clock, int n)
{
	long before = vt_fallbacks() + vt_stat("refresh");

	while (n--)
		cputime_vdso(clock);
	return vt_fallbacks() + vt_stat("refresh") - before;
}

/*
 * Most calls must not fall back: a tick or interrupt may cause one fallback each. After a
 * long interrupt all calls fall back for as long as it lasted: the test counts again.
 */
static int check_fallbacks(clockid_t clock, int n, long most)
{
	struct vt_limit limit = vt_limit_ms(10000);
	long calls, least = n;

	do {
		if (cputime_promote(CLOCK_PROCESS_CPUTIME_ID))
			return VT_FAIL;
		calls = count_fallbacks(clock, n);
		if (calls < least)
			least = calls;
	} while (least >= most && !vt_is_over(&limit));
	VT_IN_TIME(least < most, "clock %d: %ld of %d calls fall back", clock, least, n);
	vt_note("clock %d: %ld of %d calls fall back", clock, least, n);
	return VT_PASS;
}

int check_answered(const void *arg)
{
	const clockid_t *clock = arg;
	int result = cputime_init() ?: cputime_expected() ?: vt_stats_init();

	return result ?: check_fallbacks(*clock, CALLS, CALLS / 10);
}

/* A process that runs on the last CPU only, whose slot is in another page from CPU 31 on. */
static int check_last_cpu(const void *arg)
{
	int last = sysconf(_SC_NPROCESSORS_CONF) - 1;

	if (!vt_is_online(last)) {
		if (geteuid())
			return vt_skip("bringing a CPU online needs root");
		if (vt_plug_back(last))
			return VT_FAIL;
	}
	VT_NEED(!vt_pin(last));
	vt_note("CPU %d", last);
	return check_answered(arg);
}

int check_alone(const void *arg)
{
	struct cputime_reader r = { .clock = *(const clockid_t *)arg };
	int i;

	if (cputime_init())
		return VT_FAIL;
	for (i = 0; i < ROUNDS && cputime_bracket(&r, 50); i++)
		if (i % 100 == 99)
			vt_sleep_ms(1);
	return cputime_report(&r, 1, "alone");
}

/* The caller's own clocks by clock IDs that contain its PID or TID, as libcs make them. */
int check_own_ids(const void *arg)
{
	struct cputime_reader r[] = {
		{ .clock = CPUTIME_THREAD(0) },
		{ .clock = CPUTIME_PROCESS(0) },
		{ .clock = CPUTIME_THREAD(vt_raw0(__NR_gettid)) },
		{ .clock = CPUTIME_PROCESS(vt_raw0(__NR_getpid)) },
	};
	unsigned int i;
	int n, result = cputime_init() ?: cputime_expected() ?: vt_stats_init();

	(void)arg;
	if (!result && cputime_promote(CLOCK_PROCESS_CPUTIME_ID))
		result = VT_FAIL;
	for (i = 0; i < VT_ARRAY_SIZE(r) && !result; i++) {
		for (n = 0; n < ROUNDS / 4 && cputime_bracket(&r[i], 20); n++)
			;
		result = check_fallbacks(r[i].clock, CALLS / 10, CALLS / 100);
	}
	return result ?: cputime_report(r, VT_ARRAY_SIZE(r), "own IDs");
}

/* Clocks of another process are not mistaken for the caller's own. */
int check_other_ids(const void *arg)
{
	pid_t pid = getppid();
	int i;

	(void)arg;
	if (cputime_init() || cputime_promote(CLOCK_THREAD_CPUTIME_ID))
		return cputime_expected() ?: VT_FAIL;
	for (i = 0; i < ROUNDS; i++) {
		int64_t a = cputime_raw(CPUTIME_PROCESS(pid));
		int64_t v = cputime_vdso(CPUTIME_PROCESS(pid));
		int64_t b = cputime_raw(CPUTIME_PROCESS(pid));

		VT_CHECK(a >= 0 && a <= v && v <= b,
			 "parent's clock: vDSO %lld, system call %lld before, %lld after",
			 (long long)v, (long long)a, (long long)b);
		a = cputime_raw(CPUTIME_THREAD(pid));
		v = cputime_vdso(CPUTIME_THREAD(pid));
		VT_CHECK(a == v && a == -EINVAL,
			 "clock of a foreign thread: vDSO %lld, system call %lld",
			 (long long)v, (long long)a);
	}
	return VT_PASS;
}

/* Clock IDs that resemble those of CPU-time clocks, and IDs without a clock. */
int check_bad_ids(const void *arg)
{
	static const int near[] = { INT_MIN, INT_MIN + 2, INT_MIN + 6, INT_MAX,
				    4, 10, 12, 16, 0x10002, 0x7fffff03 };
	unsigned int i;
	int id;

	(void)arg;
	if (cputime_init() || cputime_promote(CLOCK_THREAD_CPUTIME_ID))
		return cputime_expected() ?: VT_FAIL;
	for (i = 0; i < VT_ARRAY_SIZE(near); i++) {
		int64_t want = cputime_raw(near[i]), got = cputime_vdso(near[i]);

		VT_CHECK(want < 0 ? got == want : got >= want,
			 "clock %d: vDSO %lld, system call %lld", near[i],
			 (long long)got, (long long)want);
	}
	for (id = -64; id < 0; id++) {
		int64_t a = cputime_raw(id), v = cputime_vdso(id);
		int64_t b = cputime_raw(id);

		VT_CHECK(a < 0 ? a == v : a <= v && v <= b,
			 "clock %d: vDSO %lld, system call %lld before, %lld after", id,
			 (long long)v, (long long)a, (long long)b);
	}
	return VT_PASS;
}

struct bad {
	clockid_t clock;
	struct timespec *ts;
};

/* Expects -EFAULT; a SIGSEGV in the vDSO kills the process. */
static int call_bad(void *arg)
{
	struct bad *bad = arg;
	int ret = cputime_gettime(bad->clock, bad->ts);

	return ret == -EFAULT ? VT_PASS : vt_fail("vDSO, inaccessible address: %d", ret);
}

/*
 * NULL and kernel addresses give -EFAULT as from the system call. An inaccessible user
 * address may also give SIGSEGV in the vDSO, as it does for CLOCK_MONOTONIC.
 */
int check_bad_pointers(const void *arg)
{
	struct timespec *kernel = (void *)0xffff800000000000ul, *inaccessible;
	unsigned int i;
	pid_t pid;
	int status;

	(void)arg;
	if (cputime_init() || cputime_promote(CLOCK_THREAD_CPUTIME_ID))
		return cputime_expected() ?: VT_FAIL;
	inaccessible = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	VT_NEED(inaccessible != MAP_FAILED);
	for (i = 0; i < VT_ARRAY_SIZE(clocks); i++) {
		int ret = cputime_gettime(clocks[i], NULL);
		struct bad bad = { clocks[i], inaccessible };

		VT_CHECK(ret == -EFAULT, "vDSO, NULL: %d", ret);
		ret = cputime_gettime(clocks[i], kernel);
		VT_CHECK(ret == -EFAULT, "vDSO, kernel address: %d", ret);
		ret = vt_raw2(__NR_clock_gettime, clocks[i], inaccessible);
		VT_CHECK(ret == -EFAULT, "system call, inaccessible address: %d", ret);
		pid = vt_child(call_bad, &bad);
		VT_NEED(waitpid(pid, &status, 0) == pid);
		VT_CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV) ||
			 (WIFEXITED(status) && !WEXITSTATUS(status)),
			 "vDSO, inaccessible address: wait status %x", status);
	}
	return VT_PASS;
}

int check_resolution(const void *arg)
{
	const clockid_t ids[] = {
		CLOCK_THREAD_CPUTIME_ID, CLOCK_PROCESS_CPUTIME_ID,
		CPUTIME_THREAD(0), CPUTIME_PROCESS(0),
		CPUTIME_THREAD(vt_raw0(__NR_gettid)), CPUTIME_PROCESS(getppid()),
		CPUTIME_THREAD(getppid()), CPUTIME_PROCESS(0) - 1,
		CPUTIME_PROCESS(0) + 1,
	};
	unsigned int i, n;

	(void)arg;
	if (cputime_init())
		return VT_FAIL;
	for (n = 0; n < 200; n++)
		for (i = 0; i < VT_ARRAY_SIZE(ids); i++) {
			struct timespec v = { 7, 7 }, r = { 7, 7 };
			int got = cputime_getres(ids[i], &v);
			int want = vt_raw2(__NR_clock_getres, ids[i], &r);

			VT_CHECK(got == want && v.tv_sec == r.tv_sec &&
				 v.tv_nsec == r.tv_nsec,
				 "clock %d: vDSO %d, %ld ns; system call %d, %ld ns",
				 ids[i], got, v.tv_nsec, want, r.tv_nsec);
			VT_AGREE(cputime_getres(ids[i], NULL), want, "clock %d, NULL",
				 ids[i]);
		}
	return VT_PASS;
}

#define THREAD	(&clocks[0])
#define PROCESS	(&clocks[1])

static const struct vt_case cases[] = {
	{ "thread-answered", check_answered, THREAD, 60 },
	{ "process-answered", check_answered, PROCESS, 60 },
	{ "last-cpu-answered", check_last_cpu, THREAD, 60 },
	{ "thread-alone", check_alone, THREAD, 60 },
	{ "process-alone", check_alone, PROCESS, 60 },
	{ "own-ids", check_own_ids, NULL, 60 },
	{ "other-ids", check_other_ids, NULL, 60 },
	{ "bad-ids", check_bad_ids, NULL, 0 },
	{ "bad-pointers", check_bad_pointers, NULL, 0 },
	{ "resolution", check_resolution, NULL, 0 },
	{ "moving", check_moving, NULL, 120 },
	{ "wakeups", check_wakeups, NULL, 120 },
	{ "wakeup-forced", check_forced_wakeup, NULL, 60 },
	{ "tick-forced", check_forced, "tick", 60 },
	{ "move-forced", check_forced, "move", 60 },
	{ "publish-forced", check_forced, "publish", 60 },
	{ "classes", check_classes, NULL, 120 },
	{ "deadline", check_deadline, NULL, 60 },
	{ "unplugged", check_unplugged, NULL, 120 },
	{ "throttled", check_throttled, NULL, 120 },
	{ "balanced", check_balanced, NULL, 120 },
	{ "retuned", check_retuned, NULL, 120 },
	{ "second-thread", check_second_thread, NULL, 60 },
	{ "thread-alone-in-process", check_thread_alone, NULL, 60 },
	{ "thread-of-many", check_thread_of_many, NULL, 60 },
	{ "two-threads-stay-unpromoted", check_two_stay_unpromoted, NULL, 60 },
	{ "threads-come-and-go", check_threads_come_and_go, NULL, 120 },
	{ "foreign-reader", check_foreign_reader, NULL, 60 },
	{ "exit", check_exit, NULL, 60 },
	{ "exec", check_exec, NULL, 60 },
	{ "own-timer", check_own_timer, NULL, 60 },
	{ "foreign-timer", check_foreign_timer, NULL, 60 },
	{ "foreign-timer-begin", check_foreign_timer, "begin", 60 },
	{ "foreign-timer-change", check_foreign_timer, "change", 60 },
	{ "foreign-timer-end", check_foreign_timer, "end", 60 },
	{ "foreign-timers", check_foreign_timers, NULL, 60 },
	{ "cputimer-stops-at-sync", check_cputimer_stops, NULL, 60 },
	{ "no-counter", check_no_counter, NULL, 0 },
	{ "no-counter-thread", check_no_counter_thread, NULL, 60 },
	{ "no-counter-child", check_no_counter_child, NULL, 0 },
	{ "filtered", check_filtered, NULL, 0 },
	{ "traced", check_traced, NULL, 60 },
	{ "stepped", check_stepped, NULL, 60 },
	{ "unstable", check_unstable, NULL, 120 },
};

static bool is_named(const char *name, char **names)
{
	for (; *names; names++)
		if (!strcmp(*names, name))
			return true;
	return false;
}

/* The cases of @names if there are any; else all, `unstable` only if @make_unstable. */
static unsigned int choose(struct vt_case *chosen, char **names, bool make_unstable)
{
	unsigned int i, n = 0;

	for (i = 0; i < VT_ARRAY_SIZE(cases); i++) {
		if (*names ? !is_named(cases[i].name, names) :
			     !make_unstable && cases[i].run == check_unstable)
			continue;
		chosen[n] = cases[i];
		chosen[n++].timeout = (cases[i].timeout ?: 30) + cputime_seconds;
	}
	return n;
}

static int usage(void)
{
	fprintf(stderr, "usage: cputime [-t SECONDS] [-u] [CASE...]\n");
	return VT_FAIL;
}

int main(int argc, char **argv)
{
	struct vt_case chosen[VT_ARRAY_SIZE(cases)];
	bool make_unstable = false;
	unsigned int n;
	int opt;

	if (argc == 3 && !strcmp(argv[1], "--after-exec"))
		return cputime_after_exec(argv[2]);
	while ((opt = getopt(argc, argv, "t:u")) != -1) {
		if (opt == 'u')
			make_unstable = true;
		else if (opt == 't' && atoi(optarg) > 0)
			cputime_seconds = atoi(optarg);
		else
			return usage();
	}
	n = choose(chosen, argv + optind, make_unstable);
	return n ? vt_run(chosen, n) : usage();
}
