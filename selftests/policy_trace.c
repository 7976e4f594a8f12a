// SPDX-License-Identifier: GPL-2.0
/* The sys_enter tracepoint. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "delays.h"
#include "ids.h"
#include "policy.h"

#define TRACEFS		"/sys/kernel/tracing"
#define INSTANCE	TRACEFS "/instances/vdso_task"
#define EVENT		INSTANCE "/events/raw_syscalls/sys_enter"
#define CALLS		200
#define ROUNDS		5

/* Events of the test's wait loops would overwrite these in the ring buffer. */
static int trace_only_ids(void)
{
	char filter[512] = "";
	size_t used = 0;
	unsigned int i;

	for (i = 0; i < vt_nr_ids; i++)
		used += snprintf(filter + used, sizeof(filter) - used,
				 "%sid == %ld", i ? " || " : "", vt_ids[i].nr);
	VT_NEED(used < sizeof(filter) && vt_write_file(EVENT "/filter", filter));
	return VT_PASS;
}

static int trace_setup(void)
{
	if (geteuid())
		return vt_skip("tracefs needs root");
	if (access(TRACEFS "/events", X_OK) &&
	    mount("tracefs", TRACEFS, "tracefs", 0, NULL))
		return vt_skip("this kernel has no tracefs");
	if (access(TRACEFS "/events/raw_syscalls/sys_enter", X_OK))
		return vt_skip("this kernel has no CONFIG_FTRACE_SYSCALLS");
	rmdir(INSTANCE);
	VT_NEED(!mkdir(INSTANCE, 0700));
	return trace_only_ids();
}

/* Events of system call @nr made by @pid that the instance has recorded. */
static int count_events(pid_t pid, long nr)
{
	char line[512], task[32], call[32];
	FILE *f = fopen(INSTANCE "/trace", "r");
	int n = 0;

	snprintf(task, sizeof(task), "-%d ", pid);
	snprintf(call, sizeof(call), "NR %ld ", nr);
	while (f && fgets(line, sizeof(line), f))
		n += strstr(line, task) && strstr(line, call);
	if (f)
		fclose(f);
	return f ? n : -1;
}

struct traced {
	volatile int promoted, on, calls, done;
};

/* Has answers, and makes no call while the tracepoint is being enabled. */
static int traced_body(void *arg)
{
	struct traced *s = arg;
	struct vt_answers want;

	if (!vt_promote())
		return VT_FAIL;
	want = vt_raw_answers();
	vt_store(&s->promoted, 1);
	while (!vt_load(&s->on))
		;
	for (; s->calls < CALLS; s->calls++)
		if (vt_wrong(&want) >= 0)
			return vt_fail("wrong answer under a tracepoint");
	vt_store(&s->done, 1);
	VT_IN_TIME(vt_await(&s->on, 2, 20000), "the tracepoint was not disabled");
	return vt_result(vt_promoted_and_same("after the tracepoint"));
}

static int trace_one(struct traced *s, pid_t pid, const char *point)
{
	int result = VT_PASS;
	unsigned int i;

	VT_IN_TIME(vt_await(&s->promoted, 1, 10000), "the process gets no record");
	if (point && !vt_delay(point, VT_DELAY_US, pid))
		return VT_FAIL;
	VT_NEED(vt_write_file(EVENT "/enable", "1"));
	vt_store(&s->on, 1);
	if (point)
		vt_delays_off();
	result = vt_await_in_time(&s->done, 1, 10000, "the traced process's calls");
	vt_write_file(EVENT "/enable", "0");
	for (i = 0; i < vt_nr_ids && !result; i++) {
		int n = count_events(pid, vt_ids[i].nr);

		if (n != CALLS)
			result = vt_fail("%s: %d calls, the tracepoint saw %d",
					 vt_ids[i].name, CALLS, n);
	}
	vt_write_file(INSTANCE "/trace", "");
	vt_store(&s->on, 2);
	return result;
}

static int trace_rounds(const char *point)
{
	struct traced *s = vt_shared(sizeof(*s));
	int round, result = VT_PASS;

	VT_NEED(s);
	for (round = 0; round < ROUNDS && !result; round++) {
		pid_t pid;

		*s = (struct traced){ 0 };
		pid = vt_child(traced_body, s);
		result = trace_one(s, pid, point);
		result = vt_finish(result, pid, "traced process");
	}
	return result;
}

int check_tracepoint(const void *arg)
{
	int result = arg ? vt_delays_init() : VT_PASS;

	if (result)
		return result;
	if (vt_ids_init() || !vt_promote())
		return VT_FAIL;
	result = trace_setup();
	if (result)
		return result;
	result = trace_rounds(arg);
	rmdir(INSTANCE);
	return vt_result(!result);
}
