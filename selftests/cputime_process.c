// SPDX-License-Identifier: GPL-2.0
/* The process's clock; other tasks read no less than the process itself did. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "cputime.h"
#include "delays.h"
#include "stats.h"

#define ROUNDS		60
#define SPIN_NS		3000000

/* Shared by a reader and the tasks that compare with its readings. */
struct shared {
	volatile int64_t reading;
	volatile int ready, stop;
	struct cputime_reader reader;
	pid_t pid;		/* the process whose clock watch() reads */
	unsigned long seen;	/* number of reads by watch() */
	int64_t by;		/* by how many ns a reading of watch() was less */
};

/* Reads @clock for @ns by the vDSO only; returns the last reading. */
static int64_t spin(clockid_t clock, int64_t ns)
{
	int64_t begin = cputime_vdso(clock), now;

	do
		now = cputime_vdso(clock);
	while (now - begin < ns);
	return now;
}

static void *raw_process_time(void *arg)
{
	*(int64_t *)arg = cputime_raw(CLOCK_PROCESS_CPUTIME_ID);
	return NULL;
}

/* The second thread reads the process's clock first of all. */
int check_second_thread(const void *arg)
{
	pthread_t thread;
	int64_t reading, raw;
	int i;

	(void)arg;
	if (cputime_init() || cputime_promote(CLOCK_PROCESS_CPUTIME_ID))
		return cputime_expected() ?: VT_FAIL;
	for (i = 0; i < ROUNDS; i++) {
		reading = spin(CLOCK_PROCESS_CPUTIME_ID, SPIN_NS);
		VT_NEED(!pthread_create(&thread, NULL, raw_process_time, &raw));
		pthread_join(thread, NULL);
		VT_CHECK(raw >= reading,
			 "the second thread reads %lld ns less than the first did",
			 (long long)(reading - raw));
		VT_CHECK(cputime_vdso(CLOCK_PROCESS_CPUTIME_ID) >= raw,
			 "the first thread reads less than the second did");
	}
	return VT_PASS;
}

/* The clock @what, read as @raw, includes thread time that was read as @reading before. */
static int check_not_less(int64_t reading, int64_t raw, const char *what)
{
	VT_CHECK(raw >= reading, "%s is %lld ns less than the vDSO's readings before",
		 what, (long long)(reading - raw));
	return VT_PASS;
}

/* User and system time of the caller; adds 2 us, as both are rounded down. */
static int64_t thread_usage(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_THREAD, &usage))
		return -1;
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000ll +
	       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec + 2) * 1000ll;
}

static int compare_with_process(int64_t ns)
{
	const clockid_t thread = CLOCK_THREAD_CPUTIME_ID;
	int64_t begin = cputime_vdso(thread), reading = begin;
	int result = VT_PASS;

	while (reading - begin < ns && !result) {
		reading = spin(thread, 100000);
		result = check_not_less(reading, cputime_raw(CLOCK_PROCESS_CPUTIME_ID),
					"the process's clock");
		reading = spin(thread, 100000);
		result |= check_not_less(reading, thread_usage(), "getrusage(RUSAGE_THREAD)");
	}
	return result;
}

/* With a timer, for which the group cputimer runs, and without. */
int check_thread_alone(const void *arg)
{
	struct itimerval late = { .it_value = { 1000, 0 } }, none = { 0 };
	int result = cputime_init() ?: cputime_expected();
	int i;

	(void)arg;
	if (!result)
		result = cputime_promote(CLOCK_THREAD_CPUTIME_ID);
	for (i = 0; i < ROUNDS / 6 && !result; i++) {
		VT_NEED(!setitimer(ITIMER_PROF, &late, NULL));
		result = compare_with_process(20 * SPIN_NS);
		VT_NEED(!setitimer(ITIMER_PROF, &none, NULL));
		result |= compare_with_process(2 * SPIN_NS);
	}
	return result;
}

/* Stores its readings in @shared until @shared->stop. */
static int publish_clock(struct shared *shared, clockid_t clock)
{
	if (cputime_promote(clock))
		return VT_FAIL;
	while (!vt_load(&shared->stop)) {
		__atomic_store_n(&shared->reading, cputime_vdso(clock),
				 __ATOMIC_RELEASE);
		vt_store(&shared->ready, 1);
	}
	return VT_PASS;
}

static void *publish_thread_time(void *arg)
{
	publish_clock(arg, CLOCK_THREAD_CPUTIME_ID);
	return NULL;
}

/* The first thread sleeps, so that the process's time is that of the second. */
static int publish_from_thread(void *arg)
{
	pthread_t thread;

	VT_NEED(!pthread_create(&thread, NULL, publish_thread_time, arg));
	pthread_join(thread, NULL);
	return VT_PASS;
}

static int64_t last_reading(struct shared *shared)
{
	return __atomic_load_n(&shared->reading, __ATOMIC_ACQUIRE);
}

/* Another thread reads the process's clock, which includes its own time. */
static int compare_in_thread(struct shared *shared)
{
	uint64_t end = cputime_end(4);
	int result = VT_PASS;
	pthread_t thread;
	int64_t reading;

	VT_NEED(!pthread_create(&thread, NULL, publish_thread_time, shared));
	VT_IN_TIME(vt_await(&shared->ready, 1, 10000), "the thread does not start");
	while (vt_now() < end && !result) {
		reading = last_reading(shared) + cputime_vdso(CLOCK_THREAD_CPUTIME_ID);
		result = check_not_less(reading, cputime_raw(CLOCK_PROCESS_CPUTIME_ID),
					"the process's clock, with two threads");
	}
	vt_store(&shared->stop, 1);
	pthread_join(thread, NULL);
	return result;
}

/* Another process reads the clock of @child, which publishes its readings. */
static int compare_in_process(struct shared *shared, int (*child)(void *))
{
	uint64_t end = cputime_end(4);
	int result = VT_PASS;
	int64_t reading;
	pid_t pid;

	*shared = (struct shared){ 0 };
	pid = vt_child(child, shared);
	VT_IN_TIME(vt_await(&shared->ready, 1, 10000), "the child does not start");
	while (vt_now() < end && !result) {
		reading = last_reading(shared);
		result = check_not_less(reading, cputime_raw(CPUTIME_PROCESS(pid)),
					"another process's clock");
	}
	vt_store(&shared->stop, 1);
	return vt_reap(pid, "child") ? VT_FAIL : result;
}

int check_thread_of_many(const void *arg)
{
	struct shared *shared = vt_shared(sizeof(*shared));
	int result = cputime_init() ?: cputime_expected();

	(void)arg;
	VT_NEED(shared);
	if (!result)
		result = cputime_promote(CLOCK_THREAD_CPUTIME_ID);
	return result ?: compare_in_thread(shared) ?:
			 compare_in_process(shared, publish_from_thread);
}

#define UNPROMOTED_CALLS	400

static void *wait_for_flag(void *stop)
{
	vt_await(stop, 1, 60000);
	return NULL;
}

/* In a new process, which has called no entry yet. */
static int call_with_second_thread(void *arg)
{
	volatile int stop = 0;
	long areas, i;
	pthread_t thread;

	(void)arg;
	VT_NEED(!pthread_create(&thread, NULL, wait_for_flag, (void *)&stop));
	areas = vt_stable_stat("areas");
	for (i = 0; i < UNPROMOTED_CALLS; i++) {
		VT_CHECK(cputime_vdso(CLOCK_PROCESS_CPUTIME_ID) >= 0,
			 "reading the process clock fails");
		if (i % 40 == 39)
			vt_sleep_ms(5);
	}
	areas = vt_stat("areas") - areas;
	vt_store(&stop, 1);
	pthread_join(thread, NULL);
	VT_CHECK(!areas, "%ld areas created for calls that no record answers", areas);
	return VT_PASS;
}

/* Calls that no record can answer do not promote the process. */
int check_two_stay_unpromoted(const void *arg)
{
	int result = cputime_init() ?: vt_stats_init();

	(void)arg;
	return result ?: vt_run_child(call_with_second_thread, NULL, "two threads");
}

static void *burn(void *arg)
{
	struct cputime_reader r = { .clock = CLOCK_THREAD_CPUTIME_ID };
	int i;

	for (i = 0; i < 20 && cputime_bracket(&r, 20); i++)
		;
	*(bool *)arg = r.wrong;
	return NULL;
}

int check_threads_come_and_go(const void *arg)
{
	struct cputime_reader r = { .clock = CLOCK_PROCESS_CPUTIME_ID };
	uint64_t end = cputime_end(2);
	bool wrong[3] = { false };
	pthread_t threads[3];
	int i, n;

	(void)arg;
	if (cputime_init())
		return VT_FAIL;
	for (n = 0; vt_now() < end && !r.wrong; n++) {
		for (i = 0; i <= n % 3; i++)
			VT_NEED(!pthread_create(&threads[i], NULL, burn,
						&wrong[i]));
		cputime_bracket(&r, 20);
		for (i = 0; i <= n % 3; i++) {
			pthread_join(threads[i], NULL);
			VT_CHECK(!wrong[i], "a thread's own clock went back");
			cputime_bracket(&r, 20);
		}
		for (i = 0; i < 20 && cputime_bracket(&r, 20); i++)
			;
	}
	return cputime_report(&r, 1, "threads come and go");
}

static int publish_process_time(void *arg)
{
	return publish_clock(arg, CLOCK_PROCESS_CPUTIME_ID);
}

/* Another process reads no less than the process itself did. */
int check_foreign_reader(const void *arg)
{
	struct shared *shared = vt_shared(sizeof(*shared));
	int result = cputime_init() ?: cputime_expected();

	(void)arg;
	VT_NEED(shared);
	return result ?: compare_in_process(shared, publish_process_time);
}

static int read_and_exit(void *arg)
{
	struct shared *shared = arg;

	if (cputime_promote(CLOCK_PROCESS_CPUTIME_ID))
		return VT_FAIL;
	shared->reading = spin(CLOCK_PROCESS_CPUTIME_ID, SPIN_NS);
	_exit(VT_PASS);
}

/* A zombie's accounted time is no less than it had read. */
int check_exit(const void *arg)
{
	struct shared *shared = vt_shared(sizeof(*shared));
	siginfo_t info;
	int64_t raw;
	pid_t pid;
	int i;

	(void)arg;
	VT_NEED(shared);
	if (cputime_init() || cputime_expected())
		return cputime_expected() ?: VT_FAIL;
	for (i = 0; i < ROUNDS; i++) {
		pid = vt_child(read_and_exit, shared);
		VT_NEED(!waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
		raw = cputime_raw(CPUTIME_PROCESS(pid));
		if (vt_reap(pid, "child"))
			return VT_FAIL;
		VT_CHECK(raw >= shared->reading,
			 "a zombie's time is %lld ns less than it had read",
			 (long long)(shared->reading - raw));
	}
	return VT_PASS;
}

int cputime_after_exec(const char *reading)
{
	int64_t raw = cputime_raw(CLOCK_THREAD_CPUTIME_ID);

	VT_CHECK(raw >= atoll(reading), "CPU time is %lld ns less after exec",
		 (long long)(atoll(reading) - raw));
	return VT_PASS;
}

static int read_and_exec(void *arg)
{
	char reading[32];

	(void)arg;
	if (cputime_promote(CLOCK_THREAD_CPUTIME_ID))
		return VT_FAIL;
	snprintf(reading, sizeof(reading), "%lld",
		 (long long)spin(CLOCK_THREAD_CPUTIME_ID, SPIN_NS));
	execl("/proc/self/exe", "cputime", "--after-exec", reading, NULL);
	return vt_fail("exec: %m");
}

int check_exec(const void *arg)
{
	int i;

	(void)arg;
	if (cputime_init() || cputime_expected())
		return cputime_expected() ?: VT_FAIL;
	for (i = 0; i < ROUNDS / 3; i++)
		if (vt_run_child(read_and_exec, NULL, "exec"))
			return VT_FAIL;
	return VT_PASS;
}

static void nothing(int signal)
{
	(void)signal;
}

/* The reader itself repeatedly arms its timer, which expires. */
int check_own_timer(const void *arg)
{
	struct cputime_reader r = { .clock = CLOCK_PROCESS_CPUTIME_ID };
	struct itimerspec soon = { .it_value = { 0, 20000000 } };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
				  .sigev_signo = SIGUSR1 };
	uint64_t end = cputime_end(2);
	timer_t timer;
	int i;

	(void)arg;
	if (cputime_init())
		return VT_FAIL;
	signal(SIGUSR1, nothing);
	VT_NEED(!timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timer));
	while (vt_now() < end && !r.wrong) {
		for (i = 0; i < 300 && cputime_bracket(&r, 20); i++)
			;
		VT_NEED(!timer_settime(timer, 0, &soon, NULL));
		for (i = 0; i < 300 && cputime_bracket(&r, 20); i++)
			;
	}
	timer_delete(timer);
	return cputime_report(&r, 1, "own timer");
}

static int read_under_timer(void *arg)
{
	struct shared *shared = arg;

	shared->reader = (struct cputime_reader){
		.clock = CLOCK_PROCESS_CPUTIME_ID };
	if (cputime_promote(CLOCK_PROCESS_CPUTIME_ID))
		return VT_FAIL;
	vt_store(&shared->ready, 1);
	while (!vt_load(&shared->stop) && cputime_bracket(&shared->reader, 200))
		;
	return VT_PASS;
}

/* More than a tick, which stops the group cputimer of a process without timers. */
#define STOP_US		5000

/* Arms and deletes a timer of @pid's clock; waits until the group cputimer stops. */
static bool use_timer_once(pid_t pid)
{
	struct itimerspec late = { .it_value = { 1000, 0 } };
	timer_t timer;
	bool ok;

	if (timer_create(CPUTIME_PROCESS(pid), NULL, &timer))
		return false;
	ok = !timer_settime(timer, 0, &late, NULL);
	ok &= !timer_delete(timer);
	usleep(STOP_US);
	return ok;
}

/* A third process reads the clock of the timer's process, until a reading is less. */
static int watch(void *arg)
{
	struct shared *shared = arg;
	int64_t last = 0, raw;

	while (!vt_load(&shared->stop) && !shared->by) {
		raw = cputime_raw(CPUTIME_PROCESS(shared->pid));
		if (raw < last)
			shared->by = last - raw;
		last = raw;
		shared->seen++;
	}
	return VT_PASS;
}

/*
 * Another process repeatedly starts the reader's group cputimer by arming a timer, and
 * deletes the timer, which stops it. No reading of any process may become less by that.
 */
int check_foreign_timers(const void *arg)
{
	struct shared *shared = vt_shared(sizeof(*shared));
	uint64_t end = cputime_end(1);
	pid_t pid, watcher;
	unsigned long n = 0;
	bool ok = true;

	(void)arg;
	VT_NEED(shared);
	if (cputime_init() || cputime_expected())
		return cputime_expected() ?: VT_FAIL;
	pid = vt_child(read_under_timer, shared);
	VT_IN_TIME(vt_await(&shared->ready, 1, 10000), "the child does not start");
	shared->pid = pid;
	watcher = vt_child(watch, shared);
	while (ok && vt_now() < end &&
	       !__atomic_load_n(&shared->reader.wrong, __ATOMIC_ACQUIRE)) {
		ok = use_timer_once(pid);
		n++;
	}
	vt_store(&shared->stop, 1);
	if (vt_reap(watcher, "watcher") || vt_reap(pid, "reader"))
		return VT_FAIL;
	VT_CHECK(ok, "a timer of the reader's clock: %m");
	VT_CHECK(!shared->by, "the watcher read %lld ns less than before",
		 (long long)shared->by);
	VT_IN_TIME(shared->seen, "the watcher never read");
	vt_note("%lu timers, %lu reads by the watcher", n, shared->seen);
	return cputime_report(&shared->reader, 1, "foreign timers");
}

#define READERS	3

/* Starts the group cputimer and disarms the timer, so that the next tick stops it. */
static bool start_cputimer(timer_t timer)
{
	struct itimerspec late = { .it_value = { 1000, 0 } }, none = { 0 };

	return !timer_settime(timer, 0, &late, NULL) &&
	       !timer_settime(timer, 0, &none, NULL);
}

static int compare_while_it_stops(struct shared *shared, timer_t timer)
{
	uint64_t end = cputime_end(1);
	int result = VT_PASS, i;
	unsigned long n = 0;
	int64_t reading;

	while (vt_now() < end && !result) {
		VT_NEED(start_cputimer(timer));
		reading = cputime_vdso(CLOCK_THREAD_CPUTIME_ID);
		for (i = 0; i < READERS; i++)
			reading += last_reading(&shared[i]);
		result = check_not_less(reading, cputime_raw(CLOCK_PROCESS_CPUTIME_ID),
					"the process's clock, with several threads");
		n++;
	}
	vt_note("the group cputimer was stopped %lu times", n);
	return result;
}

/* The caller is delayed for more than a tick, before it syncs the threads. */
int check_cputimer_stops(const void *arg)
{
	struct shared *shared = vt_shared(READERS * sizeof(*shared));
	int result = cputime_init() ?: cputime_expected() ?: vt_delays_init();
	pthread_t threads[READERS];
	timer_t timer;
	int i;

	(void)arg;
	VT_NEED(shared);
	if (result)
		return result;
	VT_NEED(!timer_create(CLOCK_PROCESS_CPUTIME_ID, NULL, &timer));
	for (i = 0; i < READERS; i++)
		VT_NEED(!pthread_create(&threads[i], NULL, publish_thread_time,
					&shared[i]));
	for (i = 0; i < READERS; i++)
		VT_IN_TIME(vt_await(&shared[i].ready, 1, 10000), "a thread does not start");
	VT_NEED(vt_delay("sync", STOP_US, getpid()));
	result = compare_while_it_stops(shared, timer);
	vt_delays_off();
	for (i = 0; i < READERS; i++)
		vt_store(&shared[i].stop, 1);
	for (i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	timer_delete(timer);
	return result;
}

/* Another process sets RLIMIT_CPU, which starts the group cputimer. */
static int limit_one(const char *point)
{
	struct shared *shared = vt_shared(sizeof(*shared));
	struct rlimit64 limit = { 1000, 2000 };
	pid_t pid;
	int result;

	VT_NEED(shared);
	pid = vt_child(read_under_timer, shared);
	VT_IN_TIME(vt_await(&shared->ready, 1, 10000), "the child does not start");
	vt_sleep_ms(3);
	result = point && !vt_delay(point, VT_DELAY_US, pid);
	result |= prlimit64(pid, RLIMIT_CPU, &limit, NULL) ? 1 : 0;
	vt_delays_off();
	vt_sleep_ms(15);
	vt_store(&shared->stop, 1);
	result |= vt_reap(pid, "reader");
	if (cputime_check(&shared->reader))
		return VT_FAIL;
	VT_CHECK(!result, "setting RLIMIT_CPU of the reader: %m");
	return VT_PASS;
}

int check_foreign_timer(const void *arg)
{
	int result = cputime_init() ?: cputime_expected(), i;

	if (!result && arg)
		result = vt_delays_init();
	for (i = 0; i < ROUNDS / (arg ? 6 : 2) && !result; i++)
		result = limit_one(arg);
	return result;
}
