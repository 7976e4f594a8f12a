// SPDX-License-Identifier: GPL-2.0
/*
 * A process is promoted while one of its threads is in the first fault, which began
 * before the promotion and will map the zero page.
 */
#include <pthread.h>
#include <stdlib.h>

#include "delays.h"
#include "ids.h"
#include "mapping_parts.h"

#define ROUNDS	8

static volatile int touching;

static void *touch(void *arg)
{
	int got;

	(void)arg;
	vt_store(&touching, 1);
	got = vt_ids[0].fn();
	return (void *)(long)(got != vt_raw0(vt_ids[0].nr));
}

/* Once the area was touched, every thread's system calls count for the promotion. */
static int promote_during_fault(void *arg)
{
	uint64_t end;
	pthread_t thread;
	void *wrong;

	(void)arg;
	if (!vt_delay("fault", VT_DELAY_US, getpid()))
		return VT_FAIL;
	VT_NEED(!pthread_create(&thread, NULL, touch, NULL));
	while (!vt_load(&touching))
		;
	for (end = vt_now() + VT_DELAY_US * 2000ull; vt_now() < end;)
		vt_raw_answers();
	pthread_join(thread, &wrong);
	vt_delays_off();
	VT_CHECK(!wrong, "the first call returned a wrong answer");
	return vt_result(vt_promoted_and_same("after the fault"));
}

/*
 * The thread in the first fault inserts the zero page after another thread's fault has
 * created the area and before that inserts its page, which finds the zero page there.
 */
static int two_faults(void *arg)
{
	uint64_t end;
	pthread_t thread;
	void *wrong;

	(void)arg;
	if (!vt_delay("fault", VT_DELAY_US, getpid()) ||
	    !vt_delay("map", 2 * VT_DELAY_US, getpid()))
		return VT_FAIL;
	VT_NEED(!pthread_create(&thread, NULL, touch, NULL));
	while (!vt_load(&touching))
		;
	for (end = vt_now() + VT_DELAY_US * 500ull; vt_now() < end;)
		vt_raw_answers();
	/* The process is promoted now, and the other thread still in its first fault. */
	touch(NULL);
	pthread_join(thread, &wrong);
	vt_delays_off();
	VT_CHECK(!wrong, "the first call returned a wrong answer");
	return vt_result(vt_promoted_and_same("after the faults"));
}

static int run_in_new_processes(int (*fn)(void *))
{
	int result = vt_delays_init(), i;

	if (result)
		return result;
	if (vt_ids_init())
		return VT_FAIL;
	for (i = 0; i < ROUNDS; i++)
		if (vt_run_child(fn, NULL, "new process"))
			return VT_FAIL;
	return VT_PASS;
}

int check_fault_race(const void *arg)
{
	(void)arg;
	return run_in_new_processes(promote_during_fault);
}

int check_two_faults(const void *arg)
{
	(void)arg;
	return run_in_new_processes(two_faults);
}
