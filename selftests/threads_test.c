// SPDX-License-Identifier: GPL-2.0
/*
 * Many threads of one process move between few CPUs: on x86 every switch changes the
 * CPU's slot. No reader may return another thread's answers. Each thread makes the
 * system calls at its start, so a read is one comparison, and there are millions.
 *
 * Fails when: a switch does not publish the incoming thread, or publishes its record
 * before it changes seq (slow-publication), a new thread keeps its creator's record
 * (churn), or an exiting thread's answers stay in its record (gone).
 * Where a switch can come between any two instructions (under TCG only with
 * one-insn-per-tb) also when the reader does not compare the CPU or seq again.
 *
 * -t SECONDS: duration of all cases together (8).
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "delays.h"
#include "ids.h"
#include "records.h"

#define MAX_WORKERS	64
#define SLOW_PUBLISH_US	300
#define EXITS		200

struct worker {
	pthread_t thread;
	unsigned int number;
	unsigned int seed;
	volatile int tid;
	volatile int has_read;
	unsigned long reads;
	int wrong_entry;
	int got, want;
};

static struct worker workers[MAX_WORKERS];
static unsigned int nr_workers;
static int cpus[VT_MAX_CPUS], nr_cpus;
static volatile int stop;
static unsigned int seconds = 8;

static unsigned int next_random(unsigned int *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 16;
}

static void count_reads(struct worker *w, unsigned long reads)
{
	w->reads += reads;
	if (reads)
		vt_store(&w->has_read, 1);
}

/* Makes @rounds rounds of reads; stores the first wrong answer and stops all. */
static void read_some(struct worker *w, const struct vt_answers *want,
		      unsigned int rounds)
{
	unsigned int r, i;

	for (r = 0; r < rounds; r++) {
		for (i = 0; i < vt_nr_ids; i++) {
			int got = vt_ids[i].fn();

			if (got == want->v[i])
				continue;
			w->got = got;
			w->want = want->v[i];
			w->wrong_entry = i;
			vt_store(&stop, 1);
			return;
		}
	}
	count_reads(w, rounds * vt_nr_ids);
}

static int report(const char *what)
{
	unsigned long reads = 0;
	unsigned int i;

	for (i = 0; i < nr_workers; i++) {
		struct worker *w = &workers[i];

		reads += w->reads;
		VT_CHECK(w->wrong_entry < 0,
			 "%s: thread %d: %s: vDSO %d, system call %d",
			 what, w->tid, vt_ids[w->wrong_entry].name, w->got,
			 w->want);
		VT_CHECK(w->reads, "%s: thread %u never read", what, i);
	}
	vt_note("%s: %u threads, %d CPUs, %lu reads, none wrong", what,
		nr_workers, nr_cpus, reads);
	return VT_PASS;
}

static int start(unsigned int n, void *(*body)(void *))
{
	unsigned int i;

	if (vt_ids_init() || !vt_promote())
		return VT_FAIL;
	nr_cpus = vt_cpus(cpus, VT_MAX_CPUS);
	nr_workers = n;
	for (i = 0; i < n; i++) {
		workers[i] = (struct worker){ .number = i, .seed = i * 7919,
					      .wrong_entry = -1 };
		errno = pthread_create(&workers[i].thread, NULL, body,
				       &workers[i]);
		VT_NEED(!errno);
	}
	return VT_PASS;
}

static uint64_t end_of_share(unsigned int shares)
{
	return vt_now() + seconds * 1000000000ull / shares;
}

/* Until @end, and until each thread has read: one with a high nice value may wait long. */
static int must_continue(uint64_t end)
{
	unsigned int i;

	if (vt_load(&stop))
		return 0;
	if (vt_now() < end)
		return 1;
	for (i = 0; i < nr_workers; i++)
		if (!vt_load(&workers[i].has_read))
			return 1;
	return 0;
}

static void wait_share(unsigned int shares)
{
	uint64_t end = end_of_share(shares);

	while (must_continue(end))
		vt_sleep_ms(10);
	vt_store(&stop, 1);
}

static void join_all(void)
{
	unsigned int i;

	for (i = 0; i < nr_workers; i++)
		pthread_join(workers[i].thread, NULL);
}

static void *move_and_read(void *arg)
{
	struct vt_answers want = vt_raw_answers();
	struct worker *w = arg;

	vt_store(&w->tid, vt_raw0(__NR_gettid));
	while (!vt_load(&stop)) {
		if (w->number & 1)
			vt_pin(cpus[next_random(&w->seed) % nr_cpus]);
		read_some(w, &want, 200);
	}
	return NULL;
}

/* Moves the even threads, at any of their instructions. */
static void move_threads(unsigned int shares)
{
	uint64_t end = end_of_share(shares);
	unsigned int seed = 1, i;

	while (must_continue(end)) {
		for (i = 0; i < nr_workers; i += 2)
			if (vt_load(&workers[i].tid))
				vt_pin_tid(workers[i].tid,
					   cpus[next_random(&seed) % nr_cpus]);
		sched_yield();
	}
	vt_store(&stop, 1);
}

static int check_hopping(const void *arg)
{
	(void)arg;
	if (start(10, move_and_read))
		return VT_FAIL;
	move_threads(4);
	join_all();
	if (nr_cpus < 2)
		vt_note("one CPU only: switches, but no moves");
	return report("hopping");
}

static void *just_read(void *arg)
{
	struct vt_answers want = vt_raw_answers();
	struct worker *w = arg;

	vt_store(&w->tid, vt_raw0(__NR_gettid));
	while (!vt_load(&stop)) {
		read_some(w, &want, 500);
		if (next_random(&w->seed) % 4 == 0)
			sched_yield();
	}
	return NULL;
}

static int check_crowded(const void *arg)
{
	int n = sysconf(_SC_NPROCESSORS_ONLN) * 8;

	(void)arg;
	if (start(n < 16 ? 16 : n > MAX_WORKERS ? MAX_WORKERS : n, just_read))
		return VT_FAIL;
	wait_share(8);
	join_all();
	return report("crowded");
}

/* Each publication is delayed between seq and the record. */
static int check_slow_publish(const void *arg)
{
	int result = vt_delays_init();

	(void)arg;
	if (result)
		return result;
	if (!vt_delay("publish", SLOW_PUBLISH_US, getpid()) ||
	    start(6, move_and_read))
		return VT_FAIL;
	move_threads(8);
	join_all();
	vt_delays_off();
	return report("slow publication");
}

static void set_class(unsigned int number)
{
	struct sched_param param = { .sched_priority = 1 + number % 3 };

	switch (number % 4) {
	case 0:
		pthread_setschedparam(pthread_self(), SCHED_FIFO, &param);
		break;
	case 1:
		setpriority(PRIO_PROCESS, 0, 19);
		break;
	case 2:
		param.sched_priority = 0;
		pthread_setschedparam(pthread_self(), SCHED_BATCH, &param);
		break;
	}
}

/* Short bursts, as a spinning SCHED_FIFO thread would starve the others. */
static void *read_in_class(void *arg)
{
	struct vt_answers want = vt_raw_answers();
	struct worker *w = arg;

	vt_store(&w->tid, vt_raw0(__NR_gettid));
	set_class(w->number);
	while (!vt_load(&stop)) {
		read_some(w, &want, 300);
		if (w->number % 4 == 0)
			usleep(100);
	}
	return NULL;
}

static int check_classes(const void *arg)
{
	struct sched_param param = { .sched_priority = 1 };

	(void)arg;
	if (start(12, read_in_class))
		return VT_FAIL;
	if (sched_setscheduler(0, SCHED_FIFO, &param))
		vt_note("SCHED_FIFO: %s", strerror(errno));
	wait_share(4);
	join_all();
	return report("classes");
}

/* A thread that exits after some reads: tests the record of a new task. */
static void *short_lived(void *arg)
{
	struct vt_answers want = vt_raw_answers();

	read_some(arg, &want, 50);
	return NULL;
}

static void *create_threads(void *arg)
{
	struct worker *w = arg, child;

	while (!vt_load(&stop)) {
		child = (struct worker){ .wrong_entry = -1 };
		if (pthread_create(&child.thread, NULL, short_lived, &child))
			continue;
		pthread_join(child.thread, NULL);
		count_reads(w, child.reads);
		if (child.wrong_entry >= 0) {
			child.reads = w->reads;
			child.thread = w->thread;
			*w = child;
			break;
		}
	}
	return NULL;
}

static int check_churn(const void *arg)
{
	(void)arg;
	if (start(8, create_threads))
		return VT_FAIL;
	wait_share(8);
	join_all();
	return report("churn");
}

/* The main thread's tid is the pid; no other thread's is. */
static void *compare_tids(void *arg)
{
	struct vt_answers mine = vt_raw_answers(), *main_thread = arg;
	long differs = 0;
	unsigned int i;

	for (i = 0; i < vt_nr_ids; i++)
		differs += mine.v[i] != main_thread->v[i];
	return (void *)differs;
}

/* Self-check: threads differ in at least one entry. */
static int check_differ(const void *arg)
{
	struct vt_answers mine;
	pthread_t thread;
	void *differs;

	(void)arg;
	if (vt_ids_init())
		return VT_FAIL;
	mine = vt_raw_answers();
	VT_NEED(!pthread_create(&thread, NULL, compare_tids, &mine));
	pthread_join(thread, &differs);
	VT_CHECK(differs, "two threads have the same answers in all entries");
	return VT_PASS;
}

/* An exiting thread stores its tid and the location of its record. */
struct gone {
	struct vt_maps maps;
	long locator;
	pid_t tid;
};

static void *promote_and_exit(void *arg)
{
	struct gone *gone = arg;

	gone->tid = vt_raw0(__NR_gettid);
	gone->locator = vt_promote() ? vt_own_locator(&gone->maps) : 0;
	return NULL;
}

/* A thread can be joined before the kernel has freed its record. */
static bool await_exit(pid_t tid)
{
	struct vt_limit limit = vt_limit_ms(5000);

	while (!vt_raw3(__NR_tgkill, getpid(), tid, 0)) {
		if (vt_is_over(&limit))
			return false;
		sched_yield();
	}
	return true;
}

static bool is_empty(const struct vt_maps *maps, long locator)
{
	const volatile char *record = (const volatile char *)vt_record(maps, locator);
	unsigned int i;

	for (i = 0; i < VDSO_TASK_LINE_SIZE; i++)
		if (record[i])
			return false;
	return true;
}

/* All threads can read the area, so an exiting thread must leave no answers in it. */
static int check_gone(const void *arg)
{
	struct gone gone;
	pthread_t thread;
	int i;

	(void)arg;
	VT_NEED(!vt_ids_init() && vt_promote() && vt_read_maps(&gone.maps, 0));
	for (i = 0; i < EXITS; i++) {
		VT_NEED(!pthread_create(&thread, NULL, promote_and_exit, &gone));
		pthread_join(thread, NULL);
		VT_CHECK(gone.locator, "the thread had no record");
		VT_IN_TIME(await_exit(gone.tid), "thread %d does not exit", gone.tid);
		VT_CHECK(is_empty(&gone.maps, gone.locator),
			 "thread %d left its answers in the record at %ld", gone.tid,
			 gone.locator);
	}
	return VT_PASS;
}

int main(int argc, char **argv)
{
	unsigned int timeout;
	int opt;

	while ((opt = getopt(argc, argv, "t:")) != -1) {
		if (opt != 't' || atoi(optarg) <= 0) {
			fprintf(stderr, "usage: threads [-t SECONDS]\n");
			return VT_FAIL;
		}
		seconds = atoi(optarg);
	}
	timeout = seconds * 2 + 60;
	{
		const struct vt_case cases[] = {
			{ "threads-differ", check_differ, NULL, 0 },
			{ "hopping", check_hopping, NULL, timeout },
			{ "crowded", check_crowded, NULL, timeout },
			{ "scheduling-classes", check_classes, NULL, timeout },
			{ "slow-publication", check_slow_publish, NULL, timeout },
			{ "churn", check_churn, NULL, timeout },
			{ "gone", check_gone, NULL, 0 },
		};

		return vt_run(cases, VT_ARRAY_SIZE(cases));
	}
}
