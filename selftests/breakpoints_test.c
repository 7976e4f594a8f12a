// SPDX-License-Identifier: GPL-2.0
/*
 * Forces races at every instruction: a vDSO read is stopped before each instruction
 * that it executes, and each event that a switch, another CPU or a signal can cause
 * takes place there. breakpoints_events.c has the events and the right answers.
 *
 * Fails when: the reader does not compare the CPU (move) or seq (away-and-back) after its
 * loads; a publication does not increment seq (away-and-back); an invalidation does not
 * zero the answer that changes (setresuid, parent-exit, filter); a child uses its parent's
 * data (fork), or a process those of another that ran on the CPU before (replace); a
 * thread without a record uses one that has changed owner (reuse), or takes the zero
 * page's seq of 0 for a slot's (promotion); a clock's parameters or base are used after
 * they changed (clock-change, tick), or those of a thread that ran there after the counter
 * was read (stale-clock); a record answers a process's clock while it has a timer (timer).
 *
 * Prints the number of instructions at which each event took place. A case fails if
 * events are not tried at all of them, or if the path of a call has a gap.
 */
#include <string.h>

#include "breakpoints.h"
#include "table.h"

struct bp_entry bp_entries[BP_MAX_ENTRIES];
unsigned int bp_nr_entries;
int bp_home_cpu, bp_other_cpu;

static int64_t nanoseconds(long ret, const struct timespec *ts)
{
	return ret ? ret : ts->tv_sec * 1000000000ll + ts->tv_nsec;
}

static clockid_t clock_of(const struct bp_entry *e)
{
	return e->kind == BP_THREAD_TIME ? CLOCK_THREAD_CPUTIME_ID :
					   CLOCK_PROCESS_CPUTIME_ID;
}

int64_t bp_vdso(const struct bp_entry *e)
{
	struct timespec ts;
	unsigned int cpu;

	switch (e->kind) {
	case BP_ID:
		return ((int (*)(void))e->fn)();
	case BP_CPU:
		return ((long (*)(unsigned int *, void *, void *))e->fn)(
			       &cpu, NULL, NULL) ?: cpu;
	default:
		return nanoseconds(((int (*)(clockid_t, struct timespec *))e->fn)(
					   clock_of(e), &ts), &ts);
	}
}

int64_t bp_raw(const struct bp_entry *e)
{
	struct timespec ts;
	unsigned int cpu;

	switch (e->kind) {
	case BP_ID:
		return (int)vt_raw0(e->nr);
	case BP_CPU:
		return vt_raw3(e->nr, &cpu, NULL, NULL) ?: cpu;
	default:
		return nanoseconds(vt_raw2(e->nr, clock_of(e), &ts), &ts);
	}
}

int64_t bp_process_time(pid_t pid)
{
	struct timespec ts;
	clockid_t clock = ~(clockid_t)pid << 3 | 2;

	return nanoseconds(vt_raw2(__NR_clock_gettime, clock, &ts), &ts);
}

static int add(const char *name, const char *function, enum bp_kind kind, long nr)
{
	struct bp_entry *e = &bp_entries[bp_nr_entries++];

	VT_CHECK(bp_nr_entries <= BP_MAX_ENTRIES, "too many entries");
	*e = (struct bp_entry){ name, kind, nr, vt_entry(function) };
	return vt_result(e->fn);
}

static bool is_new(const struct vdso_task_symbol *s)
{
	return vt_is_id(s) || (s->kind == VDSO_TASK_CODE && !s->weak);
}

int bp_init(void)
{
	const char *clock = "clock_gettime";
	int cpus[VT_MAX_CPUS], n = vt_cpus(cpus, VT_MAX_CPUS), result = VT_PASS;
	unsigned int i;

	if (n < 2)
		return vt_skip("needs two CPUs");
	/* Not the first one, which has most interrupts. */
	bp_home_cpu = cpus[n - 1];
	bp_other_cpu = cpus[n - 2];
	for (i = 0; i < VT_NR_SYMBOLS && !result; i++) {
		const struct vdso_task_symbol *s = &vdso_task_symbols[i];

		if (is_new(s))
			result = add(s->name, s->name, vt_is_id(s) ? BP_ID : BP_CPU,
				     s->nr);
	}
	return result ?:
	       add("thread-clock", clock, BP_THREAD_TIME, __NR_clock_gettime) ?:
	       add("process-clock", clock, BP_PROCESS_TIME, __NR_clock_gettime);
}

static int check_entry(const void *arg)
{
	struct bp_path path;
	unsigned int i;
	int result = bp_init();

	if (result)
		return result;
	VT_NEED(!vt_pin(bp_home_cpu));
	result = bp_open();
	for (i = 0; i < bp_nr_entries && !result; i++) {
		if (strcmp(bp_entries[i].name, arg))
			continue;
		result = bp_find_path(&bp_entries[i], &path);
		if (!result)
			vt_note("%s: %u instructions", path.entry->name, path.n);
		return result ?: bp_events_first(&path) ?:
				 bp_events_once(&path) ?: bp_events(&path);
	}
	return result ?: vt_fail("the table has no entry %s", (const char *)arg);
}

int main(void)
{
	struct vt_case cases[BP_MAX_ENTRIES];
	unsigned int i, n = 0;

	for (i = 0; i < VT_NR_SYMBOLS && n < BP_MAX_ENTRIES - 2; i++) {
		const char *name = vdso_task_symbols[i].name;

		if (is_new(&vdso_task_symbols[i]))
			cases[n++] = (struct vt_case){ name, check_entry, name, 120 };
	}
	cases[n++] = (struct vt_case){ "thread-clock", check_entry, "thread-clock", 180 };
	cases[n++] = (struct vt_case){ "process-clock", check_entry, "process-clock", 180 };
	return vt_run(cases, n);
}
