// SPDX-License-Identifier: GPL-2.0
/* Each entry against its system call: answered, not promoted yet, and denied. */
#include "bench.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "symtab.h"

#define SYSCTL	"/proc/sys/kernel/vdso_task"
#define SAMPLES	200
#define UNPROMOTED_CHILDREN	24
#define UNPROMOTED_CALLS	10

static void count_entry(const struct vdso_task_symbol *symbol, const char *what,
			bench_op op, long a)
{
	char name[96];

	snprintf(name, sizeof(name), "entry.%s.%s", symbol->name, what);
	count_many(name, op, a, 0, SAMPLES);
}

static void call_off(const struct vdso_task_symbol *symbol, bench_op op)
{
	(void)op;
	count_entry(symbol, "syscall", bench_call, symbol->nr);
}

static void call_enabled(const struct vdso_task_symbol *symbol, bench_op op)
{
	(void)op;
	count_entry(symbol, "syscall_enabled", bench_call, symbol->nr);
}

static void answered(const struct vdso_task_symbol *symbol, bench_op op)
{
	if (op)
		count_entry(symbol, "answered", op, 0);
	count_entry(symbol, "syscall_promoted", bench_call, symbol->nr);
}

static void promoted_child(void *arg)
{
	(void)arg;
	if (get_promoted())
		vdso_each_record_entry(answered);
}

/* --- unpromoted: many processes make few calls each, which do not promote them --- */

struct unpromoted_run {
	bench_op op;
	struct {
		uint64_t first, later[UNPROMOTED_CALLS];
	} child[UNPROMOTED_CHILDREN];
	unsigned int at;
};

static void unpromoted_child(void *arg)
{
	struct unpromoted_run *run = arg;

	count_once(bench_nothing, 0, 0);
	run->child[run->at].first = count_once(run->op, 0, 0);
	for (int i = 0; i < UNPROMOTED_CALLS; i++)
		run->child[run->at].later[i] = count_once(run->op, 0, 0);
}

static void unpromoted_entry(const struct vdso_task_symbol *symbol, bench_op op)
{
	struct samples first = samples_new(UNPROMOTED_CHILDREN);
	struct samples later = samples_new(UNPROMOTED_CHILDREN * UNPROMOTED_CALLS);
	struct unpromoted_run *run = map_shared(sizeof(*run));
	char name[96];

	run->op = op;
	for (unsigned int i = 0; op && i < UNPROMOTED_CHILDREN; i++) {
		run->at = i;
		run_in_child(unpromoted_child, run);
		sleep_briefly();
		samples_add(&first, run->child[i].first);
		for (int j = 0; j < UNPROMOTED_CALLS; j++)
			samples_add(&later, run->child[i].later[j]);
	}
	snprintf(name, sizeof(name), "entry.%s.first", symbol->name);
	samples_report(&first, name);
	snprintf(name, sizeof(name), "entry.%s.unpromoted", symbol->name);
	samples_report(&later, name);
}

/* Runs in a child, so that its memory is gone when later topics fork. */
static void unpromoted_entries(void *arg)
{
	(void)arg;
	vdso_each_record_entry(unpromoted_entry);
}

void topic_entries(enum mode mode)
{
	if (mode == MODE_OFF) {
		vdso_each_record_entry(call_off);
		return;
	}
	vdso_each_record_entry(call_enabled);
	run_in_child(promoted_child, NULL);
	run_in_child(unpromoted_entries, NULL);
}

/* --- denied --- */

static void denied_by_sysctl(const struct vdso_task_symbol *symbol, bench_op op)
{
	if (op)
		count_entry(symbol, "denied", op, 0);
}

static void denied_by_filter(const struct vdso_task_symbol *symbol, bench_op op)
{
	if (op)
		count_entry(symbol, "filtered", op, 0);
	count_entry(symbol, "syscall_filtered", bench_call, symbol->nr);
}

/* Loads an argument, so that the kernel's action cache marks no call as allowed. */
static bool install_filter(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[5])),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = ARRAY_SIZE(code), .filter = code };

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static void sysctl_child(void *arg)
{
	(void)arg;
	if (!get_promoted() || !write_text(SYSCTL, "0"))
		return;
	sleep_briefly();
	vdso_each_record_entry(denied_by_sysctl);
}

static void filter_child(void *arg)
{
	(void)arg;
	get_promoted();
	if (!install_filter()) {
		perror("seccomp");
		exit(1);
	}
	sleep_briefly();
	vdso_each_record_entry(denied_by_filter);
}

void topic_denied(enum mode mode)
{
	(void)mode;
	run_in_child(sysctl_child, NULL);
	write_text(SYSCTL, "1");
	run_in_child(filter_child, NULL);
}

/* --- clocks --- */

static const struct {
	clockid_t id;
	const char *name;
} clocks[] = {
	{ CLOCK_MONOTONIC, "monotonic" },
	{ CLOCK_REALTIME_COARSE, "realtime_coarse" },
	{ CLOCK_THREAD_CPUTIME_ID, "thread_cputime" },
	{ CLOCK_PROCESS_CPUTIME_ID, "process_cputime" },
};

static void clocks_child(void *arg)
{
	bench_op vdso = vdso_find("clock_gettime");
	struct timespec time;
	char name[96];

	get_promoted();
	for (size_t i = 0; i < ARRAY_SIZE(clocks); i++) {
		snprintf(name, sizeof(name), "clock.%s.vdso", clocks[i].name);
		if (vdso)
			count_many(name, vdso, clocks[i].id, (long)&time, SAMPLES);
		snprintf(name, sizeof(name), "clock.%s.syscall", clocks[i].name);
		count_many(name, bench_clock_call, clocks[i].id, (long)&time, SAMPLES);
	}
	(void)arg;
}

void topic_clocks(enum mode mode)
{
	(void)mode;
	run_in_child(clocks_child, NULL);
}
