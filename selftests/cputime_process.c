// SPDX-License-Identifier: GPL-2.0
/* The process's clock, and that others read no less than the process itself did. */
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

/* Shared with other processes. */
struct board {
	volatile int64_t told;
	volatile int ready, stop;
	struct cputime_reader reader;
	pid_t pid;		/* whose clock watch() reads, */
	unsigned long seen;	/* how often it did, */
	int64_t by;		/* and by how much a reading was less */
};

/* Reads @clock by the vDSO alone for some time; returns the last reading. */
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

/* The first thing that the second thread does is to ask for the process's time. */
int check_second_thread(const void *arg)
{
	pthread_t thread;
	int64_t told, raw;
	int i;

	(void)arg;
	if (cputime_init() || cputime_promote(CLOCK_PROCESS_CPUTIME_ID))
		return cputime_expected() ?: VT_FAIL;
	for (i = 0; i < ROUNDS; i++) {
		told = spin(CLOCK_PROCESS_CPUTIME_ID, SPIN_NS);
		VT_NEED(!pthread_create(&thread, NULL, raw_process_time, &raw));
		pthread_join(thread, NULL);
		VT_CHECK(raw >= told, "a thread reads %lld ns less",
			 (long long)(told - raw));
		VT_CHECK(cputime_vdso(CLOCK_PROCESS_CPUTIME_ID) >= raw,
			 "less than the second thread read");
	}
	return VT_PASS;
}

/* No clock may say less than the thread read of its own time before. */
static int within(int64_t told, int64_t said, const char *what)
{
	VT_CHECK(said >= told, "%s: %lld ns less than a thread of it read",
		 what, (long long)(told - said));
	return VT_PASS;
}

/* User and system time of the caller, both of which are cut to microseconds. */
static int64_t thread_usage(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_THREAD, &usage))
		return -1;
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000ll +
	       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec + 2) * 1000ll;
}

static int within_process(int64_t ns)
{
	const clockid_t thread = CLOCK_THREAD_CPUTIME_ID;
	int64_t begin = cputime_vdso(thread), told = begin;
	int result = VT_PASS;

	while (told - begin < ns && !result) {
		told = spin(thread, 100000);
		result = within(told, cputime_raw(CLOCK_PROCESS_CPUTIME_ID),
				"process");
		told = spin(thread, 100000);
		result |= within(told, thread_usage(), "getrusage");
	}
	return result;
}

/* Without and with a timer, for which the group cputimer runs. */
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
		result = within_process(20 * SPIN_NS);
		VT_NEED(!setitimer(ITIMER_PROF, &none, NULL));
		result |= within_process(2 * SPIN_NS);
	}
	return result;
}

/* Shows others what it reads, until they want it to stop. */
static int tell_clock(struct board *board, clockid_t clock)
{
	if (cputime_promote(clock))
		return VT_FAIL;
	while (!vt_load(&board->stop)) {
		__atomic_store_n(&board->told, cputime_vdso(clock),
				 __ATOMIC_RELEASE);
		vt_store(&board->ready, 1);
	}
	return VT_PASS;
}

static void *tell_thread_time(void *arg)
{
	tell_clock(arg, CLOCK_THREAD_CPUTIME_ID);
	return NULL;
}

/* The process's first thread sleeps, or there would be more than the other's time. */
static int tell_by_second(void *arg)
{
	pthread_t thread;

	VT_NEED(!pthread_create(&thread, NULL, tell_thread_time, arg));
	pthread_join(thread, NULL);
	return VT_PASS;
}

static int64_t told_by(struct board *board)
{
	return __atomic_load_n(&board->told, __ATOMIC_ACQUIRE);
}

/* Asked by another thread, whose own time is part of the process's. */
static int ask_as_thread(struct board *board)
{
	uint64_t end = cputime_end(4);
	int result = VT_PASS;
	pthread_t thread;
	int64_t told;

	VT_NEED(!pthread_create(&thread, NULL, tell_thread_time, board));
	VT_IN_TIME(vt_await(&board->ready, 1, 10000), "the thread does not start");
	while (vt_now() < end && !result) {
		told = told_by(board) + cputime_vdso(CLOCK_THREAD_CPUTIME_ID);
		result = within(told, cputime_raw(CLOCK_PROCESS_CPUTIME_ID),
				"own process");
	}
	vt_store(&board->stop, 1);
	pthread_join(thread, NULL);
	return result;
}

/* Asked by another process than the one whose time @child shows. */
static int ask_as_process(struct board *board, int (*child)(void *))
{
	uint64_t end = cputime_end(4);
	int result = VT_PASS;
	int64_t told;
	pid_t pid;

	*board = (struct board){ 0 };
	pid = vt_child(child, board);
	VT_IN_TIME(vt_await(&board->ready, 1, 10000), "the child does not start");
	while (vt_now() < end && !result) {
		told = told_by(board);
		result = within(told, cputime_raw(CPUTIME_PROCESS(pid)),
				"another process");
	}
	vt_store(&board->stop, 1);
	return vt_reap(pid, "child") ? VT_FAIL : result;
}

int check_thread_of_many(const void *arg)
{
	struct board *board = vt_shared(sizeof(*board));
	int result = cputime_init() ?: cputime_expected();

	(void)arg;
	VT_NEED(board);
	if (!result)
		result = cputime_promote(CLOCK_THREAD_CPUTIME_ID);
	return result ?: ask_as_thread(board) ?: ask_as_process(board, tell_by_second);
}

#define UNPROMOTED_CALLS	400

static void *wait_for_word(void *stop)
{
	vt_await(stop, 1, 60000);
	return NULL;
}

/* In a process of its own, which has called nothing yet. */
static int call_as_one_of_two(void *arg)
{
	volatile int stop = 0;
	long areas, i;
	pthread_t thread;

	(void)arg;
	VT_NEED(!pthread_create(&thread, NULL, wait_for_word, (void *)&stop));
	areas = vt_settled("areas");
	for (i = 0; i < UNPROMOTED_CALLS; i++) {
		VT_CHECK(cputime_vdso(CLOCK_PROCESS_CPUTIME_ID) >= 0, "it fails");
		if (i % 40 == 39)
			vt_sleep_ms(5);
	}
	areas = vt_stat("areas") - areas;
	vt_store(&stop, 1);
	pthread_join(thread, NULL);
	VT_CHECK(!areas, "%ld areas for calls that no record answers", areas);
	return VT_PASS;
}

/* Calls that records could not answer are no reason for records. */
int check_two_stay_unpromoted(const void *arg)
{
	int result = cputime_init() ?: vt_stats_init();

	(void)arg;
	return result ?: vt_run_child(call_as_one_of_two, NULL, "two threads");
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

static int tell(void *arg)
{
	return tell_clock(arg, CLOCK_PROCESS_CPUTIME_ID);
}

/* A reader of another process's clock gets no less than that process itself did. */
int check_foreign_reader(const void *arg)
{
	struct board *board = vt_shared(sizeof(*board));
	int result = cputime_init() ?: cputime_expected();

	(void)arg;
	VT_NEED(board);
	return result ?: ask_as_process(board, tell);
}

static int tell_and_exit(void *arg)
{
	struct board *board = arg;

	if (cputime_promote(CLOCK_PROCESS_CPUTIME_ID))
		return VT_FAIL;
	board->told = spin(CLOCK_PROCESS_CPUTIME_ID, SPIN_NS);
	_exit(VT_PASS);
}

/* A zombie was charged no less than it had read. */
int check_exit(const void *arg)
{
	struct board *board = vt_shared(sizeof(*board));
	siginfo_t info;
	int64_t raw;
	pid_t pid;
	int i;

	(void)arg;
	VT_NEED(board);
	if (cputime_init() || cputime_expected())
		return cputime_expected() ?: VT_FAIL;
	for (i = 0; i < ROUNDS; i++) {
		pid = vt_child(tell_and_exit, board);
		VT_NEED(!waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
		raw = cputime_raw(CPUTIME_PROCESS(pid));
		if (vt_reap(pid, "child"))
			return VT_FAIL;
		VT_CHECK(raw >= board->told, "charged %lld ns less than it read",
			 (long long)(board->told - raw));
	}
	return VT_PASS;
}

int cputime_after_exec(const char *told)
{
	int64_t raw = cputime_raw(CLOCK_THREAD_CPUTIME_ID);

	VT_CHECK(raw >= atoll(told), "%lld ns less after exec",
		 (long long)(atoll(told) - raw));
	return VT_PASS;
}

static int tell_and_exec(void *arg)
{
	char told[32];

	(void)arg;
	if (cputime_promote(CLOCK_THREAD_CPUTIME_ID))
		return VT_FAIL;
	snprintf(told, sizeof(told), "%lld",
		 (long long)spin(CLOCK_THREAD_CPUTIME_ID, SPIN_NS));
	execl("/proc/self/exe", "cputime", "--told", told, NULL);
	return vt_fail("exec: %m");
}

int check_exec(const void *arg)
{
	int i;

	(void)arg;
	if (cputime_init() || cputime_expected())
		return cputime_expected() ?: VT_FAIL;
	for (i = 0; i < ROUNDS / 3; i++)
		if (vt_run_child(tell_and_exec, NULL, "exec"))
			return VT_FAIL;
	return VT_PASS;
}

static void nothing(int signal)
{
	(void)signal;
}

/* Armed, expired and disarmed again by the reader itself. */
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
	struct board *board = arg;

	board->reader = (struct cputime_reader){
		.clock = CLOCK_PROCESS_CPUTIME_ID };
	if (cputime_promote(CLOCK_PROCESS_CPUTIME_ID))
		return VT_FAIL;
	vt_store(&board->ready, 1);
	while (!vt_load(&board->stop) && cputime_bracket(&board->reader, 200))
		;
	return VT_PASS;
}

/* More than a tick, which stops the group cputimer of a process without timers. */
#define STOP_US		5000

/* Arms a timer of @pid's clock, deletes it, waits for the group cputimer to stop. */
static bool time_once(pid_t pid)
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

/* A third process reads the clock of the one that is timed, until a reading is less. */
static int watch(void *arg)
{
	struct board *board = arg;
	int64_t last = 0, raw;

	while (!vt_load(&board->stop) && !board->by) {
		raw = cputime_raw(CPUTIME_PROCESS(board->pid));
		if (raw < last)
			board->by = last - raw;
		last = raw;
		board->seen++;
	}
	return VT_PASS;
}

/*
 * A timer of another process starts the reader's group cputimer, and its end stops it,
 * again and again: neither may make a reading less, of the reader or of others.
 */
int check_foreign_timers(const void *arg)
{
	struct board *board = vt_shared(sizeof(*board));
	uint64_t end = cputime_end(1);
	pid_t pid, watcher;
	unsigned long n = 0;
	bool ok = true;

	(void)arg;
	VT_NEED(board);
	if (cputime_init() || cputime_expected())
		return cputime_expected() ?: VT_FAIL;
	pid = vt_child(read_under_timer, board);
	VT_IN_TIME(vt_await(&board->ready, 1, 10000), "the child does not start");
	board->pid = pid;
	watcher = vt_child(watch, board);
	while (ok && vt_now() < end &&
	       !__atomic_load_n(&board->reader.wrong, __ATOMIC_ACQUIRE)) {
		ok = time_once(pid);
		n++;
	}
	vt_store(&board->stop, 1);
	if (vt_reap(watcher, "watcher") || vt_reap(pid, "reader"))
		return VT_FAIL;
	VT_CHECK(ok, "no timer: %m");
	VT_CHECK(!board->by, "others read %lld ns less", (long long)board->by);
	VT_IN_TIME(board->seen, "the watcher never read");
	vt_note("%lu timers, %lu reads by the watcher", n, board->seen);
	return cputime_report(&board->reader, 1, "foreign timers");
}

#define TELLERS	3

/* The group cputimer is started, and no timer is left: the next tick stops it. */
static bool start_for_nothing(timer_t timer)
{
	struct itimerspec late = { .it_value = { 1000, 0 } }, none = { 0 };

	return !timer_settime(timer, 0, &late, NULL) &&
	       !timer_settime(timer, 0, &none, NULL);
}

static int ask_while_it_stops(struct board *boards, timer_t timer)
{
	uint64_t end = cputime_end(1);
	int result = VT_PASS, i;
	unsigned long n = 0;
	int64_t told;

	while (vt_now() < end && !result) {
		VT_NEED(start_for_nothing(timer));
		told = cputime_vdso(CLOCK_THREAD_CPUTIME_ID);
		for (i = 0; i < TELLERS; i++)
			told += told_by(&boards[i]);
		result = within(told, cputime_raw(CLOCK_PROCESS_CPUTIME_ID),
				"its threads together");
		n++;
	}
	vt_note("the group cputimer was stopped %lu times", n);
	return result;
}

/* The caller is held up before the threads are charged, for longer than a tick. */
int check_sum_stops(const void *arg)
{
	struct board *boards = vt_shared(TELLERS * sizeof(*boards));
	int result = cputime_init() ?: cputime_expected() ?: vt_delays_init();
	pthread_t threads[TELLERS];
	timer_t timer;
	int i;

	(void)arg;
	VT_NEED(boards);
	if (result)
		return result;
	VT_NEED(!timer_create(CLOCK_PROCESS_CPUTIME_ID, NULL, &timer));
	for (i = 0; i < TELLERS; i++)
		VT_NEED(!pthread_create(&threads[i], NULL, tell_thread_time,
					&boards[i]));
	for (i = 0; i < TELLERS; i++)
		VT_IN_TIME(vt_await(&boards[i].ready, 1, 10000), "no thread starts");
	VT_NEED(vt_delay("sync", STOP_US, getpid()));
	result = ask_while_it_stops(boards, timer);
	vt_delays_off();
	for (i = 0; i < TELLERS; i++)
		vt_store(&boards[i].stop, 1);
	for (i = 0; i < TELLERS; i++)
		pthread_join(threads[i], NULL);
	timer_delete(timer);
	return result;
}

/* RLIMIT_CPU from outside starts the group cputimer, with no less than was read. */
static int limit_one(const char *point)
{
	struct board *board = vt_shared(sizeof(*board));
	struct rlimit64 limit = { 1000, 2000 };
	pid_t pid;
	int result;

	VT_NEED(board);
	pid = vt_child(read_under_timer, board);
	VT_IN_TIME(vt_await(&board->ready, 1, 10000), "the child does not start");
	vt_sleep_ms(3);
	result = point && !vt_delay(point, VT_DELAY_US, pid);
	result |= prlimit64(pid, RLIMIT_CPU, &limit, NULL) ? 1 : 0;
	vt_delays_off();
	vt_sleep_ms(15);
	vt_store(&board->stop, 1);
	result |= vt_reap(pid, "reader");
	VT_CHECK(!board->reader.wrong, "%s: %lld ns less",
		 board->reader.what, (long long)board->reader.by);
	VT_CHECK(!result, "could not limit the reader: %m");
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
