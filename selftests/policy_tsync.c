// SPDX-License-Identifier: GPL-2.0
/*
 * A filter that one thread installs for all threads of its process (TSYNC), with and
 * without an older filter, and with a delay in the installing or in a filtered thread.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "delays.h"
#include "ids.h"
#include "policy.h"

#define OBSERVERS	3
#define ROUNDS		40
#define DELAYED_ROUNDS	5
#define READS_AFTER	2000

/**
 * struct tsync - one process
 * @point:	delay point, NULL: no delay
 * @race_refresh:	the first observer is delayed in a refresh while the filter is
 *		installed; else the installing thread is delayed
 * @calling:	the first observer is about to call
 * @ready:	the delay is set
 * @filtered:	the filter is installed
 */
struct tsync {
	const char *point;
	bool race_refresh;
	volatile int calling, ready, filtered;
};

/**
 * struct observer - one of several threads of a process; reads until it is filtered
 * @t:		the process
 * @number:	index of the thread
 * @promoted:	its record answers
 * @wrong:	answers that were neither the id nor the filter's error
 * @unfiltered_again:	ids after a filtered answer
 * @after_filter:	ids after @filtered was set
 */
struct observer {
	struct tsync *t;
	int number;
	volatile int promoted;
	int wrong, unfiltered_again, after_filter;
};

/* Calls all entries once and counts wrong and unfiltered answers. */
static void read_all(struct observer *o, const struct vt_answers *want, bool *seen)
{
	bool filtered = vt_load(&o->t->filtered);
	unsigned int i;

	for (i = 0; i < vt_nr_ids; i++) {
		int got = vt_ids[i].fn();

		if (got == -POLICY_ERRNO) {
			*seen = true;
			continue;
		}
		o->wrong += got != want->v[i];
		o->unfiltered_again += *seen;
		o->after_filter += filtered;
	}
}

static void race_refresh(struct observer *o)
{
	while (!vt_load(&o->t->ready))
		sched_yield();
	o->wrong += !vt_invalidate_own();
	vt_store(&o->t->calling, 1);
	vt_ids[0].fn();
}

static void *observe(void *arg)
{
	struct vt_answers want = vt_raw_answers();
	struct observer *o = arg;
	bool seen = false;
	int after = 0;

	if (!vt_promote())
		return NULL;
	vt_store(&o->promoted, 1);
	if (o->t->race_refresh && !o->number)
		race_refresh(o);
	while (after < READS_AFTER) {
		read_all(o, &want, &seen);
		after += vt_load(&o->t->filtered);
	}
	return NULL;
}

static int start(struct tsync *t, struct observer *o, pthread_t *threads)
{
	int cpus[VT_MAX_CPUS], nr = vt_cpus(cpus, VT_MAX_CPUS), i;

	for (i = 0; i < OBSERVERS; i++) {
		o[i] = (struct observer){ .t = t, .number = i };
		if (t->point)
			vt_pin(cpus[(i + 1) % nr]);
		VT_NEED(!pthread_create(&threads[i], NULL, observe, &o[i]));
	}
	if (t->point)
		vt_pin(cpus[0]);
	for (i = 0; i < OBSERVERS; i++)
		VT_IN_TIME(vt_await(&o[i].promoted, 1, 10000), "an observer gets no record");
	return VT_PASS;
}

static int install_for_all(struct tsync *t)
{
	uint64_t begun = vt_now();

	if (t->point && !vt_delay(t->point, VT_DELAY_US, getpid()))
		return VT_FAIL;
	vt_store(&t->ready, 1);
	if (t->race_refresh)
		VT_IN_TIME(vt_await(&t->calling, 1, 10000),
			   "the first observer does not call");
	VT_NEED(!policy_filter(SECCOMP_FILTER_FLAG_TSYNC,
			       SECCOMP_RET_ERRNO | POLICY_ERRNO));
	vt_store(&t->filtered, 1);
	VT_CHECK(!t->point || t->race_refresh ||
		 vt_now() - begun >= VT_DELAY_US * 1000ull,
		 "no delay at %s", t->point);
	return VT_PASS;
}

/* With a delay, the threads have an older filter, which allows all entries. */
static int tsync_round(void *arg)
{
	struct observer o[OBSERVERS];
	pthread_t threads[OBSERVERS];
	struct tsync *t = arg;
	int i;

	if (t->point)
		VT_NEED(!policy_allow_list(0));
	if (!vt_promote() || start(t, o, threads) || install_for_all(t))
		return VT_FAIL;
	for (i = 0; i < OBSERVERS; i++) {
		pthread_join(threads[i], NULL);
		VT_CHECK(!o[i].wrong, "an answer was neither the id nor the error");
		VT_CHECK(!o[i].after_filter, "%d ids after the filter was installed",
			 o[i].after_filter);
		VT_CHECK(!o[i].unfiltered_again, "%d ids after a filtered answer",
			 o[i].unfiltered_again);
	}
	return policy_answers(-POLICY_ERRNO, "the thread that installed the filter");
}

static int rounds(const char *point, bool racing, int n)
{
	struct tsync *t = vt_shared(sizeof(*t));
	int i;

	VT_NEED(t);
	for (i = 0; i < n; i++) {
		*t = (struct tsync){ .point = point, .race_refresh = racing };
		if (vt_run_child(tsync_round, t, "process"))
			return VT_FAIL;
		if (point)
			vt_delays_off();
	}
	return VT_PASS;
}

int check_seccomp_tsync(const void *arg)
{
	int result = policy_no_seccomp();

	(void)arg;
	if (result || vt_ids_init())
		return result ? result : VT_FAIL;
	return rounds(NULL, false, ROUNDS);
}

static int delayed(const char *point, bool racing)
{
	int result = policy_no_seccomp();

	if (!result)
		result = vt_delays_init();
	if (result || vt_ids_init())
		return result ? result : VT_FAIL;
	return rounds(point, racing, DELAYED_ROUNDS);
}

int check_tsync_writer(const void *arg)
{
	return delayed(arg, false);
}

int check_tsync_refresh(const void *arg)
{
	return delayed(arg, true);
}
