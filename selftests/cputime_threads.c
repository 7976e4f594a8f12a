// SPDX-License-Identifier: GPL-2.0
/* Readers that move, are preempted by wakeups, change class, or are throttled. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "cpus.h"
#include "cputime.h"
#include "delays.h"
#include "stats.h"

#define READERS		12
#define FORCED_US	800
#define FORCED		60
#define DELAY_US	700
#define CLOCK_FILE	"/sys/kernel/debug/vdso_task/clock"
#define GROUPS		"/tmp/vdso_task_groups"
#define GROUP		GROUPS "/throttled"

static struct cputime_reader readers[READERS];
static pthread_t threads[READERS];
static volatile int tids[READERS];
static int cpus[VT_MAX_CPUS], nr_cpus;
static volatile int stop;

static unsigned int next_random(unsigned int *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 16;
}

static void *read_on(void *arg)
{
	long i = (long)arg;

	vt_store(&tids[i], vt_raw0(__NR_gettid));
	while (!vt_load(&stop) && cputime_bracket(&readers[i], 60))
		;
	return NULL;
}

/* With few system calls, as each accounts the reader's runtime. */
static void *read_rarely_synced(void *arg)
{
	long i = (long)arg;

	vt_store(&tids[i], vt_raw0(__NR_gettid));
	while (!vt_load(&stop) && cputime_bracket(&readers[i], 20000))
		;
	return NULL;
}

/* Odd readers move themselves, even ones yield. */
static void *read_and_move(void *arg)
{
	long i = (long)arg;
	unsigned int seed = i * 7919;

	vt_store(&tids[i], vt_raw0(__NR_gettid));
	while (!vt_load(&stop) && cputime_bracket(&readers[i], 40)) {
		if (i & 1)
			vt_pin(cpus[next_random(&seed) % nr_cpus]);
		else if (next_random(&seed) % 16 == 0)
			sched_yield();
	}
	return NULL;
}

static int start(unsigned int n, void *(*body)(void *))
{
	long i;

	nr_cpus = vt_cpus(cpus, VT_MAX_CPUS);
	for (i = 0; i < (long)n; i++) {
		readers[i].clock = CLOCK_THREAD_CPUTIME_ID;
		errno = pthread_create(&threads[i], NULL, body, (void *)i);
		VT_NEED(!errno);
	}
	for (i = 0; i < (long)n; i++)
		while (!vt_load(&tids[i]))
			sched_yield();
	return VT_PASS;
}

static int join(unsigned int n, const char *what)
{
	unsigned int i;

	vt_store(&stop, 1);
	for (i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	return cputime_report(readers, n, what);
}

int check_moving(const void *arg)
{
	unsigned int seed = 1;
	uint64_t end;
	int i;

	(void)arg;
	if (cputime_init() || start(READERS, read_and_move))
		return VT_FAIL;
	for (end = cputime_end(1); vt_now() < end; sched_yield())
		for (i = 0; i < READERS; i += 2)
			vt_pin_tid(tids[i], cpus[next_random(&seed) % nr_cpus]);
	return join(READERS, "moving");
}

/* A SCHED_FIFO thread on the readers' CPU waits at wake_pipe. */
static int wake_pipe[2], wakee_ran[2];

static void *wakee(void *arg)
{
	struct sched_param param = { .sched_priority = 10 };
	char byte;

	vt_pin(*(int *)arg);
	pthread_setschedparam(pthread_self(), SCHED_FIFO, &param);
	while (read(wake_pipe[0], &byte, 1) == 1 && write(wakee_ran[1], &byte, 1) == 1)
		;
	return NULL;
}

static int start_wakee(pthread_t *wakee_thread, int *cpu)
{
	VT_NEED(!pipe(wake_pipe) && !pipe(wakee_ran));
	errno = pthread_create(wakee_thread, NULL, wakee, cpu);
	VT_NEED(!errno);
	return VT_PASS;
}

static int wake(void)
{
	char byte = 0;

	VT_NEED(write(wake_pipe[1], &byte, 1) == 1);
	VT_NEED(read(wakee_ran[0], &byte, 1) == 1);
	return VT_PASS;
}

static int end_wakee(pthread_t wakee_thread)
{
	close(wake_pipe[1]);
	pthread_join(wakee_thread, NULL);
	return VT_PASS;
}

static int need_two_cpus(void)
{
	nr_cpus = vt_cpus(cpus, VT_MAX_CPUS);
	if (geteuid())
		return vt_skip("SCHED_FIFO needs root");
	return nr_cpus < 2 ? vt_skip("needs two CPUs") : VT_PASS;
}

/* Wakeups at the rate of two pipes; each one requests to skip a clock update. */
int check_wakeups(const void *arg)
{
	int result = cputime_init() ?: need_two_cpus();
	pthread_t wakee_thread;
	uint64_t end;
	long wakeups;

	(void)arg;
	if (result)
		return result;
	if (start(2, read_on) || start_wakee(&wakee_thread, &cpus[0]))
		return VT_FAIL;
	vt_pin_tid(tids[0], cpus[0]);
	vt_pin_tid(tids[1], cpus[0]);
	vt_pin(cpus[1]);
	end = cputime_end(1);
	for (wakeups = 0; vt_now() < end; wakeups++)
		if (wake())
			return VT_FAIL;
	end_wakee(wakee_thread);
	vt_note("%ld wakeups", wakeups);
	return join(2, "wakeups");
}

/* Set from before a wakeup until after it. */
static volatile int waking;

/* No system calls during a wakeup, as each accounts the reader's runtime. */
static void *read_through_wakeups(void *arg)
{
	struct cputime_reader *r = &readers[0];

	(void)arg;
	vt_store(&tids[0], vt_raw0(__NR_gettid));
	while (!vt_load(&stop) && cputime_bracket(r, 20))
		while (vt_load(&waking) && cputime_read(r))
			;
	return NULL;
}

/*
 * The wakeup is delayed after it has updated the runqueue's clock. The reader runs on and
 * reads times later than that clock. The delay is mostly less than a tick, which would
 * account the reader's runtime after the wakeup.
 */
int check_forced_wakeup(const void *arg)
{
	int result = cputime_init() ?: need_two_cpus() ?: vt_delays_init(), i;
	pthread_t wakee_thread;

	(void)arg;
	if (result)
		return result;
	if (start(1, read_through_wakeups) || start_wakee(&wakee_thread, &cpus[0]))
		return VT_FAIL;
	vt_pin_tid(tids[0], cpus[0]);
	vt_pin(cpus[1]);
	for (i = 0; i < FORCED && !result; i++) {
		vt_store(&waking, 1);
		result = !vt_delay("wakeup", FORCED_US, getpid()) || wake();
		vt_store(&waking, 0);
		vt_delays_off();
		vt_sleep_ms(2);
	}
	end_wakee(wakee_thread);
	return result ?: join(1, "forced wakeup");
}

/* Another thread reads the first reader's clock by system call. */
static struct cputime_reader watcher;
static volatile int stop_watcher;

/* Each reading must be no less than what the reader read before that. */
static void *watch(void *arg)
{
	const clockid_t clock = CPUTIME_THREAD(tids[0]);

	(void)arg;
	while (!vt_load(&stop_watcher) && !watcher.wrong) {
		int64_t reading = __atomic_load_n(&readers[0].last, __ATOMIC_ACQUIRE);
		int64_t raw = cputime_raw(clock);

		watcher.wrong = raw < reading;
		watcher.what = "another thread's system call";
		watcher.by = reading - raw;
		watcher.reads++;
	}
	return NULL;
}

/* One reader, and a thread that reads its clock. */
static int start_watched(pthread_t *thread, void *(*body)(void *))
{
	if (start(1, body))
		return VT_FAIL;
	errno = pthread_create(thread, NULL, watch, NULL);
	VT_NEED(!errno);
	return VT_PASS;
}

/* The watcher ends first, as a thread's clock ends with it. */
static int join_watched(pthread_t thread, const char *what)
{
	vt_store(&stop_watcher, 1);
	pthread_join(thread, NULL);
	return join(1, what) ?: cputime_report(&watcher, 1, "watcher");
}

/*
 * A reader that is moved between two CPUs and delayed each time it reaches @arg, while
 * another thread reads its clock.
 */
int check_forced(const void *arg)
{
	int result = cputime_init() ?: need_two_cpus() ?: vt_delays_init();
	pthread_t thread;
	uint64_t end;
	int moves;

	if (result)
		return result;
	if (start_watched(&thread, read_on))
		return VT_FAIL;
	result = !vt_delay(arg, DELAY_US, getpid());
	end = cputime_end(4);
	for (moves = 0; vt_now() < end && !result; moves++) {
		result = vt_pin_tid(tids[0], cpus[moves % 2]);
		usleep(2 * DELAY_US);
	}
	vt_delays_off();
	vt_note("%d moves", moves);
	return join_watched(thread, arg) ?: result;
}

/* struct sched_attr, which older C libraries lack. */
struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

#define DEADLINE	5	/* in attrs[] */

static void change_class(pid_t tid, unsigned int which)
{
	static const struct attr attrs[] = {
		{ .policy = SCHED_OTHER, .nice = 10 },
		{ .policy = SCHED_FIFO, .priority = 3 },
		{ .policy = SCHED_RR, .priority = 2 },
		{ .policy = SCHED_OTHER, .nice = -10 },
		{ .policy = SCHED_BATCH },
		[DEADLINE] = { .policy = 6 /* SCHED_DEADLINE */, .runtime = 2000000,
		  .deadline = 20000000, .period = 20000000 },
		{ .policy = SCHED_IDLE },
		{ .policy = SCHED_OTHER },
	};
	struct attr attr = attrs[which % VT_ARRAY_SIZE(attrs)];

	attr.size = sizeof(attr);
	vt_raw3(__NR_sched_setattr, tid, &attr, 0);
}

int check_classes(const void *arg)
{
	struct sched_param param = { .sched_priority = 20 };
	unsigned int n = READERS / 2, which = 0, i;
	uint64_t end;

	(void)arg;
	if (cputime_init() || start(n, read_on))
		return VT_FAIL;
	if (sched_setscheduler(0, SCHED_FIFO, &param))
		vt_note("SCHED_FIFO: %s", strerror(errno));
	for (end = cputime_end(1); vt_now() < end; usleep(500))
		for (i = 0; i < n; i++)
			change_class(tids[i], which++ + i);
	for (i = 0; i < n; i++)
		change_class(tids[i], 7);
	return join(n, "classes");
}

/*
 * A thread that reads the reader's clock accounts its runtime and may so exhaust its
 * budget: the reader runs on, and reads on, until it is interrupted.
 */
int check_deadline(const void *arg)
{
	int result = cputime_init() ?: need_two_cpus();
	pthread_t thread;

	(void)arg;
	if (result)
		return result;
	if (start_watched(&thread, read_rarely_synced))
		return VT_FAIL;
	change_class(tids[0], DEADLINE);
	vt_sleep_ms(cputime_seconds * 500);
	return join_watched(thread, "deadline");
}

int check_unplugged(const void *arg)
{
	int off[VT_MAX_CPUS], n = vt_unpluggable(off, VT_MAX_CPUS), i;
	uint64_t end;

	(void)arg;
	if (geteuid() || n < 1)
		return vt_skip("no CPU can be taken offline here");
	if (cputime_init() || start(READERS, read_on))
		return VT_FAIL;
	for (end = cputime_end(1); vt_now() < end;)
		for (i = 0; i < n; i++) {
			VT_NEED(!vt_plug(off[i], false));
			vt_sleep_ms(5);
			if (vt_plug_back(off[i]))
				return VT_FAIL;
		}
	return join(READERS, "unplugged");
}

static int make_group(void)
{
	mkdir(GROUPS, 0700);
	if (mount("cgroup2", GROUPS, "cgroup2", 0, NULL) && errno != EBUSY)
		return vt_skip("no cgroup2: %s", strerror(errno));
	if (!vt_write_file(GROUPS "/cgroup.subtree_control", "+cpu"))
		return vt_skip("no CPU controller: %s", strerror(errno));
	mkdir(GROUP, 0700);
	if (access(GROUP "/cpu.max", W_OK))
		return vt_skip("needs CONFIG_CFS_BANDWIDTH");
	return VT_PASS;
}

/* Moves the calling process to the cgroup with this cgroup.procs file. */
static int join_group(const char *procs)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", getpid());
	VT_NEED(vt_write_file(procs, number));
	return VT_PASS;
}

static void remove_group(void)
{
	join_group(GROUPS "/cgroup.procs");
	rmdir(GROUP);
	umount2(GROUPS, MNT_DETACH);
	rmdir(GROUPS);
}

/* Changes the quota of the group, which is mostly less than the readers use. */
static int throttle(void)
{
	static const char * const quotas[] = { "2000 10000", "max 10000",
					       "5000 20000", "9000 10000" };
	uint64_t end = cputime_end(1);
	unsigned int i;

	for (i = 0; vt_now() < end; i++) {
		VT_NEED(vt_write_file(GROUP "/cpu.max",
				      quotas[i % VT_ARRAY_SIZE(quotas)]));
		vt_sleep_ms(40);
	}
	return VT_PASS;
}

int check_throttled(const void *arg)
{
	int result = cputime_init();

	(void)arg;
	if (result)
		return result;
	result = make_group() ?: join_group(GROUP "/cgroup.procs");
	if (!result)
		result = start(4, read_on) || throttle();
	vt_write_file(GROUP "/cpu.max", "max 10000");
	if (!result)
		result = join(4, "throttled");
	remove_group();
	return result;
}

/* Reads time that is not accounted yet, sleeps, and compares with the accounted time. */
static void *read_and_sleep(void *arg)
{
	const struct timespec moment = { 0, 20000 };
	long i = (long)arg;
	int n;

	vt_store(&tids[i], vt_raw0(__NR_gettid));
	do {
		for (n = 0; n < 300 && cputime_read(&readers[i]); n++)
			;
		nanosleep(&moment, NULL);
	} while (!vt_load(&stop) && cputime_bracket(&readers[i], 1));
	return NULL;
}

static int spin_in_group(void *arg)
{
	if (join_group(GROUP "/cgroup.procs"))
		return VT_FAIL;
	while (!vt_load((volatile int *)arg))
		;
	return VT_PASS;
}

/*
 * A process that reads no clock exhausts its quota, and its CPU pulls a reader from
 * another CPU: balancing requests to skip the next clock update, which then would be
 * the reader's.
 */
int check_balanced(const void *arg)
{
	volatile int *enough = vt_shared(sizeof(*enough));
	int result = cputime_init() ?: make_group(), n, i;
	pid_t pids[READERS];

	(void)arg;
	if (result)
		return result;
	VT_NEED(enough);
	n = vt_cpus(cpus, VT_MAX_CPUS);
	if (n >= READERS)
		n = READERS - 1;
	for (i = 0; i < n; i++)
		pids[i] = vt_child(spin_in_group, (void *)enough);
	result = start(n + 1, read_and_sleep) || throttle();
	vt_store(enough, 1);
	for (i = 0; i < n; i++)
		result |= vt_reap(pids[i], "spinner");
	if (!result)
		result = join(n + 1, "balanced");
	remove_group();
	return result;
}

/* The clock's parameters are withdrawn and published again, unchanged. */
int check_retuned(const void *arg)
{
	int result = cputime_init() ?: cputime_expected() ?: vt_delays_init();
	uint64_t end;
	long times;

	(void)arg;
	if (result)
		return result;
	if (start(READERS / 2, read_on))
		return VT_FAIL;
	end = cputime_end(1);
	for (times = 0; vt_now() < end; times++) {
		VT_NEED(vt_write_file(CLOCK_FILE, "change"));
		if (times % 64 == 0)
			vt_sleep_ms(1);
	}
	vt_note("%ld changes", times);
	result = join(READERS / 2, "retuned");
	return result ?: cputime_promote(CLOCK_THREAD_CPUTIME_ID);
}

/* In a new process: its calls are counted only if they touch the area. */
static int call_without_clock(void *arg)
{
	long before = vt_fallbacks(), counted;
	int i;

	(void)arg;
	for (i = 0; i < 400; i++)
		VT_CHECK(cputime_vdso(CLOCK_THREAD_CPUTIME_ID) >= 0,
			 "reading the thread clock fails");
	counted = vt_fallbacks() - before;
	VT_CHECK(!counted, "%ld calls touched the area, which cannot answer them", counted);
	return VT_PASS;
}

/* The TSC is marked unstable: from then on all calls fall back. */
int check_unstable(const void *arg)
{
	int result = cputime_init() ?: cputime_expected() ?: vt_delays_init();
	struct cputime_reader r = { .clock = CLOCK_THREAD_CPUTIME_ID };
	uint64_t end;

	(void)arg;
	if (result)
		return result;
	if (cputime_promote(CLOCK_THREAD_CPUTIME_ID) ||
	    start(READERS / 2, read_on))
		return VT_FAIL;
	if (!vt_write_file(CLOCK_FILE, "unstable"))
		return vt_skip("this kernel's clock cannot be marked unstable: %s",
			       strerror(errno));
	end = cputime_end(2);
	while (vt_now() < end && cputime_bracket(&r, 10))
		;
	if (cputime_check(&r))
		return VT_FAIL;
	VT_CHECK(!cputime_is_promoted(CLOCK_THREAD_CPUTIME_ID),
		 "the record still answers after the TSC was marked unstable");
	return join(READERS / 2, "unstable") ?:
	       vt_run_child(call_without_clock, NULL, "unstable");
}
