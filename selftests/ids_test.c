// SPDX-License-Identifier: GPL-2.0
/*
 * Each new entry agrees with its system call, from the first call of a process until
 * its record answers and after, and in every kind of process.
 *
 * Fails when: a refresh computes for another task, or stores in another task's record; a
 * new task has its parent's record (fork-*, vfork, clone-vm); a switch does not publish,
 * or publishes the outgoing task's record; no record ever answers (becomes-promoted).
 */
#include <stdlib.h>
#include <string.h>

#include "ids.h"
#include "ids_parts.h"
#include "table.h"

#define REPEATS	300

static int check_record_entry(const struct vdso_task_symbol *s)
{
	const struct vt_id *id = NULL;
	unsigned int i;
	int want;

	if (vt_ids_init())
		return VT_FAIL;
	for (i = 0; i < vt_nr_ids; i++)
		if (!strcmp(vt_ids[i].name, s->name))
			id = &vt_ids[i];
	want = vt_raw0(id->nr);
	for (i = 0; i < REPEATS; i++) {
		VT_AGREE(id->fn(), want, "call %u", i);
		if (i % 50 == 49)
			vt_sleep_ms(1);
	}
	if (!vt_promote())
		return VT_FAIL;
	for (i = 0; i < REPEATS; i++)
		VT_AGREE(id->fn(), want, "promoted");
	return VT_PASS;
}

/* getcpu is the only hand-written entry. It returns the CPU and its node. */
static int check_code_entry(const struct vdso_task_symbol *s)
{
	long (*fn)(unsigned int *cpu, unsigned int *node, void *unused);
	unsigned int cpu = -1, node = -1, rcpu = -2, rnode = -2;

	VT_CHECK(!strcmp(s->name, "getcpu"), "there is no test for %s", s->name);
	fn = vt_entry(s->name);
	VT_CHECK(fn, "the vDSO has no %s", s->name);
	VT_NEED(!vt_pin(vt_raw3(__NR_getcpu, &rcpu, NULL, NULL) ? 0 : rcpu));
	vt_raw3(__NR_getcpu, &rcpu, &rnode, NULL);
	VT_CHECK(!fn(&cpu, &node, NULL), "getcpu failed");
	VT_CHECK(cpu == rcpu && node == rnode,
		 "vDSO %u/%u, system call %u/%u", cpu, node, rcpu, rnode);
	return VT_PASS;
}

static int check_entry(const void *arg)
{
	const struct vdso_task_symbol *s = arg;

	return s->kind == VDSO_TASK_RECORD ? check_record_entry(s) :
					   check_code_entry(s);
}

/* The first call of a new image. */
static int check_first_call(const void *arg)
{
	pid_t pid = fork();

	(void)arg;
	if (!pid) {
		execl("/proc/self/exe", "ids", "--once", NULL);
		_exit(VT_FAIL);
	}
	return vt_reap(pid, "new image");
}

static int check_becomes_promoted(const void *arg)
{
	(void)arg;
	if (vt_ids_init())
		return VT_FAIL;
	return vt_result(vt_promoted_and_same("during promotion"));
}

/* Runs long enough for some hundred ticks and context switches. */
static int check_stays_right(const void *arg)
{
	uint64_t end = vt_now() + 2000000000ull;
	struct vt_answers want;
	unsigned long reads = 0;
	int i;

	(void)arg;
	if (vt_ids_init() || !vt_promote())
		return VT_FAIL;
	want = vt_raw_answers();
	while (vt_now() < end) {
		for (i = 0; i < 1000; i++, reads++)
			if (vt_wrong(&want) >= 0)
				break;
		if (!vt_same(&want, "promoted") || i < 1000)
			return vt_fail("wrong answer after %lu reads", reads);
	}
	vt_note("%lu reads of each entry", reads);
	return VT_PASS;
}

static const struct vt_case scenarios[] = {
	{ "first-call-of-image", check_first_call, NULL, 0 },
	{ "becomes-promoted", check_becomes_promoted, NULL, 0 },
	{ "stays-right", check_stays_right, NULL, 0 },
	{ "fork-tree", check_fork_tree, NULL, 60 },
	{ "fork-chain", check_fork_chain, NULL, 60 },
	{ "vfork", check_vfork, NULL, 0 },
	{ "clone-vm", check_clone_vm, NULL, 0 },
	{ "clone-vm-crowd", check_clone_vm_crowd, NULL, 60 },
	{ "posix-spawn", check_spawn, NULL, 0 },
	{ "session", check_session, NULL, 0 },
	{ "call-in-handler", check_call_in_handler, NULL, 0 },
	{ "signal-storm", check_signal_storm, NULL, 0 },
	{ "fork-in-handler", check_fork_in_handler, NULL, 60 },
	{ "reader-answers-from-record", check_reader_answers, NULL, 0 },
	{ "reader-falls-back-on-zero", check_reader_zero, NULL, 0 },
};

static int once(void)
{
	return vt_result(!vt_ids_init() &&
			 vt_same_now("first call") &&
			 vt_promoted_and_same("new image"));
}

int main(int argc, char **argv)
{
	struct vt_case cases[VT_NR_SYMBOLS + VT_ARRAY_SIZE(scenarios)];
	unsigned int i, n = 0;

	if (argc == 2 && !strcmp(argv[1], "--once"))
		return vt_final_result(once());
	for (i = 0; i < VT_NR_SYMBOLS; i++) {
		const struct vdso_task_symbol *s = &vdso_task_symbols[i];

		if (s->kind == VDSO_TASK_BASE)
			continue;
		cases[n++] = (struct vt_case){ s->name, check_entry, s, 0 };
	}
	for (i = 0; i < VT_ARRAY_SIZE(scenarios); i++)
		cases[n++] = scenarios[i];
	return vt_run(cases, n);
}
