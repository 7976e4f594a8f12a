// SPDX-License-Identifier: GPL-2.0
/*
 * The task area: which processes own one, when it is freed, and how it is mapped.
 *
 * Fails when: an area is created before the process has called often (or by the
 * first fault, or by fork), is not shared by threads, is not freed with the mm
 * or at exec, or is freed twice; a fault that began before the promotion leaves the
 * zero page mapped forever, alone or with another thread's fault; the kernel does not
 * find a moved [vvar]; a CPU number that this kernel does not have leads out of [vvar];
 * [vvar] has another name, a gap to [vdso], or a second mapping; or a page is writable.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "ids.h"
#include "mapping_parts.h"
#include "records.h"
#include "stats.h"

#define THREADS	8

/* A child that runs @setup and then waits, while its parent reads the statistics. */
struct subject {
	int (*setup)(struct subject *s);
	int owned;		/* areas that it must own then */
	volatile int ready;
	volatile int may_exit;
};

static int subject_body(void *arg)
{
	struct subject *s = arg;

	if (s->setup(s))
		return VT_FAIL;
	vt_store(&s->ready, 1);
	return vt_await_in_time(&s->may_exit, 1, 20000, "the parent's request to exit");
}

static struct subject *new_subject(int (*setup)(struct subject *s), int owned)
{
	struct subject *s = vt_shared(sizeof(*s));

	if (s)
		*s = (struct subject){ .setup = setup, .owned = owned };
	return s;
}

static int wait_for_areas(long value, const char *when)
{
	if (vt_stat_becomes("areas", value))
		return VT_PASS;
	vt_note("%s", when);
	return VT_LATE;
}

/* There must be @owned areas more while the child lives, and none after its exit. */
static int compare_stats(struct subject *s)
{
	long before = vt_stable_stat("areas"), pages = vt_stat("pages"), now;
	int result;
	pid_t pid;

	pid = vt_child(subject_body, s);
	result = vt_await_in_time(&s->ready, 1, 20000, "setup of the process");
	result |= wait_for_areas(before + s->owned, "while the process lives");
	now = vt_stat("pages");
	if (!result && (s->owned ? now < pages + s->owned : now != pages))
		result = vt_fail("pages: %ld before, %ld now", pages, now);
	vt_store(&s->may_exit, 1);
	result |= vt_reap(pid, "process");
	result |= wait_for_areas(before, "after its exit");
	return vt_stat_becomes("pages", pages) ? result : result | VT_LATE;
}

static int run_subject(int (*setup)(struct subject *s), int owned)
{
	int result = vt_stats_init();
	struct subject *s;

	if (result || vt_ids_init())
		return result ? result : VT_FAIL;
	s = new_subject(setup, owned);
	VT_NEED(s);
	return compare_stats(s);
}

static int call_system_calls(struct subject *s)
{
	int i;

	(void)s;
	/* System calls of a process that does not use the vDSO do not promote it. */
	for (i = 0; i < 1000; i++)
		vt_raw_answers();
	return VT_PASS;
}

static int call_once(struct subject *s)
{
	(void)s;
	return vt_result(vt_ids[0].fn() == vt_raw0(vt_ids[0].nr));
}

static int promote(struct subject *s)
{
	(void)s;
	return vt_result(vt_promote());
}

static void *promoted_thread(void *arg)
{
	struct vt_answers want = vt_raw_answers();
	int i;

	(void)arg;
	for (i = 0; i < 2000; i++)
		if (vt_wrong(&want) >= 0)
			return (void *)1;
	return NULL;
}

static int promote_threads(struct subject *s)
{
	pthread_t threads[THREADS];
	long wrong = 0;
	int i;

	(void)s;
	for (i = 0; i < THREADS; i++)
		VT_NEED(!pthread_create(&threads[i], NULL, promoted_thread, NULL));
	for (i = 0; i < THREADS; i++) {
		void *result;

		pthread_join(threads[i], &result);
		wrong += (long)result;
	}
	VT_CHECK(!wrong, "%ld threads got wrong answers", wrong);
	return vt_result(vt_promote());
}

static int check_unused(const void *arg)
{
	(void)arg;
	return run_subject(call_system_calls, 0);
}

static int check_once(const void *arg)
{
	(void)arg;
	return run_subject(call_once, 0);
}

static int check_promoted(const void *arg)
{
	(void)arg;
	return run_subject(promote, 1);
}

static int check_threads(const void *arg)
{
	(void)arg;
	return run_subject(promote_threads, 1);
}

/* A promoted process's child must own no area until its own calls promote it. */
static int check_child(const void *arg)
{
	(void)arg;
	if (vt_ids_init() || !vt_promote())
		return VT_FAIL;
	return run_subject(call_system_calls, 0) || run_subject(call_once, 0) ||
	       run_subject(promote, 1);
}

static int exec_when_promoted(void *arg)
{
	char number[24];

	if (!vt_promote())
		return VT_FAIL;
	snprintf(number, sizeof(number), "%ld", *(long *)arg);
	execl("/proc/self/exe", "mapping", "--areas", number, NULL);
	return vt_fail("exec: %m");
}

/* An exec frees the old mm's area while the process lives on. */
static int check_exec(const void *arg)
{
	int result = vt_stats_init();
	long before;
	pid_t pid;

	(void)arg;
	if (result || vt_ids_init())
		return result ? result : VT_FAIL;
	before = vt_stable_stat("areas");
	pid = vt_child(exec_when_promoted, &before);
	if (vt_reap(pid, "image"))
		return VT_FAIL;
	return vt_result(vt_stat_becomes("areas", before));
}

/* In the new image, before its first call: as many areas as before the process began. */
static int new_image(long areas)
{
	if (vt_stats_init() || vt_ids_init() ||
	    !vt_stat_becomes("areas", areas) || !vt_promote())
		return VT_FAIL;
	return vt_result(vt_stat_becomes("areas", areas + 1));
}

static int promote_child(void *arg)
{
	return promote(arg);
}

/* Processes that exit leave no area behind, however many. */
static int check_churn(const void *arg)
{
	int result = vt_stats_init(), i;
	long before;

	(void)arg;
	if (result || vt_ids_init())
		return result ? result : VT_FAIL;
	before = vt_stable_stat("areas");
	for (i = 0; i < 100; i++)
		if (vt_run_child(promote_child, NULL, "child"))
			return VT_FAIL;
	return vt_result(vt_stat_becomes("areas", before));
}

static int check_line(const char *line)
{
	static const char * const known[] = {
		"[vvar]", "[vvar_vclock]", "[vdso]", "[stack]", "[heap]",
		"[vsyscall]", "[uprobes]", "[sigpage]",
	};
	const char *name = strchr(line, '[');
	unsigned int i;

	if (!name)
		return VT_PASS;
	for (i = 0; i < VT_ARRAY_SIZE(known); i++)
		if (!strncmp(name, known[i], strlen(known[i])))
			return VT_PASS;
	return vt_fail("unknown special mapping: %s", name);
}

/* One [vvar] directly below one [vdso], and no new names of mappings. */
static int check_names(const void *arg)
{
	FILE *f = fopen("/proc/self/maps", "r");
	struct vt_maps m;
	char line[512];
	int result = VT_PASS;

	(void)arg;
	VT_NEED(f);
	while (fgets(line, sizeof(line), f))
		result |= check_line(line);
	fclose(f);
	if (vt_ids_init() || !vt_promote() || !vt_read_maps(&m, 0))
		return VT_FAIL;
	VT_CHECK(m.nr_vvar == 1 && m.nr_vdso == 1, "%u [vvar], %u [vdso]",
		 m.nr_vvar, m.nr_vdso);
	VT_CHECK(m.vvar_end + m.vclock == m.vdso, "[vvar] ends at %#lx, [vdso] is at %#lx",
		 m.vvar_end, m.vdso);
	VT_CHECK(vt_nr_lines(&m) >= VT_LINES, "the area has only %zu lines",
		 vt_nr_lines(&m));
	return result;
}

int main(int argc, char **argv)
{
	static const struct vt_case cases[] = {
		{ "silent-owns-none", check_unused, NULL, 60 },
		{ "one-call-owns-none", check_once, NULL, 60 },
		{ "promoted-owns-one", check_promoted, NULL, 60 },
		{ "threads-share-one", check_threads, NULL, 60 },
		{ "child-owns-its-own", check_child, NULL, 90 },
		{ "freed-at-exec", check_exec, NULL, 60 },
		{ "freed-at-exit", check_churn, NULL, 60 },
		{ "promoted-while-faulting", check_fault_race, NULL, 60 },
		{ "two-faults", check_two_faults, NULL, 60 },
		{ "moved-while-unpromoted", check_moved, NULL, 0 },
#ifdef __x86_64__
		{ "wrong-cpu-number", check_numbers, NULL, 0 },
#endif
		{ "names-and-order", check_names, NULL, 0 },
		{ "vm-flags", check_vm_flags, NULL, 0 },
		{ "mprotect", check_mprotect, NULL, 0 },
		{ "user-write", check_user_write, NULL, 0 },
		{ "own-proc-mem", check_own_mem, NULL, 0 },
		{ "other-process", check_other_mem, NULL, 0 },
		{ "ptrace-poke", check_ptrace_poke, NULL, 0 },
		{ "unmapped", check_unmap, NULL, 0 },
		{ "mapped-over", check_overmap, NULL, 0 },
		{ "madvise", check_madvise, NULL, 0 },
		{ "mlock", check_mlock, NULL, 0 },
	};

	if (argc == 3 && !strcmp(argv[1], "--areas"))
		return vt_final_result(new_image(atol(argv[2])));
	return vt_run(cases, VT_ARRAY_SIZE(cases));
}
