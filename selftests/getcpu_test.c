// SPDX-License-Identifier: GPL-2.0
/*
 * getcpu() of the vDSO. On arm64 TPIDRRO_EL0, which locates the record, holds the number.
 *
 * Fails when: arm64's kernel_exit does not restore TPIDRRO_EL0 after a trampoline vector
 * used it (after-exceptions), the context switch does not set it (pinned,
 * follows-every-move), exec leaves another value (fresh-image), the node is shifted
 * wrongly (node), the vDSO stores through NULL (null-arguments), or a filter does not
 * see the call (filtered).
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "filter.h"
#include "ids.h"
#include "records.h"

typedef long (*getcpu_fn)(unsigned int *cpu, unsigned int *node, void *unused);

static getcpu_fn getcpu_vdso;
static int cpus[VT_MAX_CPUS];
static int nr_cpus;

static int setup(void)
{
	getcpu_vdso = (getcpu_fn)vt_entry("getcpu");
	nr_cpus = vt_cpus(cpus, VT_MAX_CPUS);
	VT_CHECK(getcpu_vdso, "the vDSO has no getcpu");
	VT_CHECK(nr_cpus > 0, "the affinity mask has no CPU");
#ifndef VT_HAS_SLOTS
	VT_CHECK(!vt_ids_init() && vt_promote(), "the thread gets no record");
#endif
	return VT_PASS;
}

#ifndef VT_HAS_SLOTS
static bool is_answered(void)
{
	struct vt_maps m;

	return vt_read_maps(&m, 0) &&
	       vt_own_field(&m, offsetof(struct vdso_task_record, getcpu));
}

/* Runs in a child, because a filter cannot be removed. */
static int filtered(void *arg)
{
	unsigned int cpu;
	int i;

	(void)arg;
	if (setup())
		return VT_FAIL;
	VT_CHECK(is_answered(), "the record does not answer getcpu");
	VT_NEED(!vt_refuse_call(__NR_getcpu, EDOM, 0));
	for (i = 0; i < 1000; i++)
		VT_CHECK(getcpu_vdso(&cpu, NULL, NULL) == -EDOM, "not filtered");
	VT_CHECK(!is_answered(), "the record still answers a filtered getcpu");
	return VT_PASS;
}

static int check_filtered(const void *arg)
{
	(void)arg;
	return vt_run_child(filtered, NULL, "filtered child");
}

/* For an address of the kernel the vDSO falls back, and the kernel returns EFAULT. */
static int check_kernel_address(const void *arg)
{
	unsigned int *const kernel = (void *)(1ul << 63 | 1ul << 55);
	unsigned int cpu, node;
	long got, want;

	(void)arg;
	if (setup())
		return VT_FAIL;
	VT_CHECK(is_answered(), "the record does not answer getcpu");
	got = getcpu_vdso(kernel, &node, NULL);
	want = vt_raw3(__NR_getcpu, kernel, &node, NULL);
	VT_CHECK(got == want && want == -EFAULT,
		 "cpu at a kernel address: vDSO %ld, system call %ld", got, want);
	got = getcpu_vdso(&cpu, kernel, NULL);
	want = vt_raw3(__NR_getcpu, &cpu, kernel, NULL);
	VT_CHECK(got == want && want == -EFAULT,
		 "node at a kernel address: vDSO %ld, system call %ld", got, want);
	return VT_PASS;
}
#endif

static int cpu_by_vdso(void)
{
	unsigned int cpu = -1;

	return getcpu_vdso(&cpu, NULL, NULL) ? -1 : (int)cpu;
}

static int check_pinned(const void *arg)
{
	int i, k, cpu;

	(void)arg;
	if (setup())
		return VT_FAIL;
	for (i = 0; i < nr_cpus; i++) {
		VT_NEED(!vt_pin(cpus[i]));
		for (k = 0; k < 1000; k++) {
			cpu = cpu_by_vdso();
			VT_CHECK(cpu == cpus[i], "on CPU %d getcpu returns %d",
				 cpus[i], cpu);
		}
	}
	return VT_PASS;
}

static int check_node(const void *arg)
{
	int i;

	(void)arg;
	if (setup())
		return VT_FAIL;
	for (i = 0; i < nr_cpus; i++) {
		unsigned int node = -1, want = -2;

		VT_NEED(!vt_pin(cpus[i]));
		VT_NEED(!vt_raw3(__NR_getcpu, NULL, &want, NULL));
		VT_CHECK(!getcpu_vdso(NULL, &node, NULL), "getcpu failed");
		VT_CHECK(node == want, "CPU %d is on node %u, getcpu returns %u",
			 cpus[i], want, node);
	}
	return VT_PASS;
}

static int check_null(const void *arg)
{
	unsigned int cpu = -1, node = -1;

	(void)arg;
	if (setup() || vt_pin(cpus[0]))
		return vt_fail("setup failed");
	VT_CHECK(!getcpu_vdso(NULL, NULL, NULL), "getcpu failed with both NULL");
	VT_CHECK(!getcpu_vdso(&cpu, NULL, NULL), "getcpu failed without node");
	VT_CHECK((int)cpu == cpus[0], "getcpu without node returns CPU %u", cpu);
	VT_CHECK(!getcpu_vdso(NULL, &node, NULL), "getcpu failed without cpu");
	VT_CHECK(node != -1u, "getcpu without cpu stored no node");
	return VT_PASS;
}

static int check_third(const void *arg)
{
	static const unsigned long junk[] = { 1, 8, 4096, ~0ul, 1ul << 63 };
	unsigned long canary[16];
	unsigned int i, cpu;

	(void)arg;
	if (setup() || vt_pin(cpus[0]))
		return vt_fail("setup failed");
	for (i = 0; i < VT_ARRAY_SIZE(junk); i++) {
		cpu = -1;
		VT_CHECK(!getcpu_vdso(&cpu, NULL, (void *)junk[i]),
			 "getcpu failed with third argument %#lx", junk[i]);
		VT_CHECK((int)cpu == cpus[0], "on CPU %d getcpu returns %u",
			 cpus[0], cpu);
	}
	memset(canary, 0x5a, sizeof(canary));
	VT_CHECK(!getcpu_vdso(&cpu, NULL, canary), "getcpu failed");
	for (i = 0; i < VT_ARRAY_SIZE(canary); i++)
		VT_CHECK(canary[i] == 0x5a5a5a5a5a5a5a5aul,
			 "getcpu stores through its third argument");
	return VT_PASS;
}

/* After sched_setaffinity() the first call already returns the new CPU. */
static int check_moves(const void *arg)
{
	uint64_t end = vt_now() + 2000000000ull;
	unsigned int moves = 0;

	(void)arg;
	if (setup())
		return VT_FAIL;
	if (nr_cpus < 2)
		return vt_skip("one CPU only: nowhere to move to");
	while (vt_now() < end) {
		int want = cpus[moves++ % nr_cpus], cpu;

		VT_NEED(!vt_pin(want));
		cpu = cpu_by_vdso();
		VT_CHECK(cpu == want, "moved to CPU %d, getcpu returns %d",
			 want, cpu);
	}
	vt_note("%u moves", moves);
	return VT_PASS;
}

static volatile int migrate_stop;

static void *migrate(void *arg)
{
	pid_t target = *(pid_t *)arg;
	unsigned int i = 0;

	/* The last CPU is never allowed. */
	while (!vt_load(&migrate_stop))
		vt_pin_tid(target, cpus[i++ % (nr_cpus - 1)]);
	return NULL;
}

/* While another thread migrates this one, getcpu() only returns allowed CPUs. */
static int check_allowed(const void *arg)
{
	uint64_t end = vt_now() + 2000000000ull;
	pid_t self = vt_raw0(__NR_gettid);
	unsigned long reads = 0;
	pthread_t thread;
	int cpu;

	(void)arg;
	if (setup())
		return VT_FAIL;
	if (nr_cpus < 2)
		return vt_skip("one CPU only: none can be disallowed");
	VT_NEED(!vt_pin(cpus[0]));
	VT_NEED(!pthread_create(&thread, NULL, migrate, &self));
	vt_pin_tid(0, cpus[0]);
	while (vt_now() < end) {
		int i;

		for (i = 0; i < 100; i++, reads++) {
			cpu = cpu_by_vdso();
			VT_CHECK(cpu >= 0 && cpu != cpus[nr_cpus - 1] &&
				 cpu <= cpus[nr_cpus - 1],
				 "CPU %d is not allowed", cpu);
		}
	}
	vt_store(&migrate_stop, 1);
	pthread_join(thread, NULL);
	vt_note("%lu reads", reads);
	return VT_PASS;
}

static volatile sig_atomic_t handled, wrong_in_handler;
static int pinned_cpu;

static void on_timer(int sig)
{
	(void)sig;
	handled++;
	if (cpu_by_vdso() != pinned_cpu)
		wrong_in_handler++;
}

/* The CPU stays right over interrupts, page faults, signals and system calls. */
static int check_exceptions(const void *arg)
{
	struct itimerval it = { { 0, 500 }, { 0, 500 } };
	struct sigaction sa = { .sa_handler = on_timer };
	uint64_t end;
	char *page;
	int cpu;

	(void)arg;
	if (setup())
		return VT_FAIL;
	pinned_cpu = cpus[nr_cpus - 1];
	VT_NEED(!vt_pin(pinned_cpu));
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	VT_NEED(page != MAP_FAILED);
	VT_NEED(!sigaction(SIGALRM, &sa, NULL));
	VT_NEED(!setitimer(ITIMER_REAL, &it, NULL));
	end = vt_now() + 2000000000ull;
	while (vt_now() < end || handled <= 100) {
		madvise(page, 4096, MADV_DONTNEED);
		page[0]++;
		cpu = cpu_by_vdso();
		VT_CHECK(cpu == pinned_cpu, "after a page fault: CPU %d", cpu);
		sched_yield();
		cpu = cpu_by_vdso();
		VT_CHECK(cpu == pinned_cpu, "after a yield: CPU %d", cpu);
	}
	VT_CHECK(!wrong_in_handler, "%d handlers got a wrong CPU",
		 (int)wrong_in_handler);
	return VT_PASS;
}

static int first_call(void *arg)
{
	int want = *(int *)arg, cpu = cpu_by_vdso();

	VT_CHECK(cpu == want, "first call on CPU %d returns %d", want, cpu);
	return VT_PASS;
}

static int check_children(const void *arg)
{
	int i, k;

	(void)arg;
	if (setup())
		return VT_FAIL;
	for (i = 0; i < nr_cpus && i < 8; i++) {
		VT_NEED(!vt_pin(cpus[i]));
		for (k = 0; k < 10; k++)
			if (vt_run_child(first_call, &cpus[i], "child"))
				return VT_FAIL;
	}
	return VT_PASS;
}

/* A new image gets the right CPU, on arm64 from when it has a record. */
static int check_fresh_image(const void *arg)
{
	char number[16];
	int i;

	(void)arg;
	if (setup())
		return VT_FAIL;
	for (i = 0; i < nr_cpus && i < 8; i++) {
		pid_t pid = fork();

		if (!pid) {
			vt_pin(cpus[i]);
			snprintf(number, sizeof(number), "%d", cpus[i]);
			execl("/proc/self/exe", "getcpu", "--on", number, NULL);
			_exit(VT_FAIL);
		}
		if (vt_reap(pid, "new image"))
			return VT_FAIL;
	}
	return VT_PASS;
}

int main(int argc, char **argv)
{
	static const struct vt_case cases[] = {
		{ "pinned", check_pinned, NULL, 0 },
		{ "node", check_node, NULL, 0 },
		{ "null-arguments", check_null, NULL, 0 },
		{ "third-argument-ignored", check_third, NULL, 0 },
		{ "follows-every-move", check_moves, NULL, 0 },
		{ "only-allowed-cpus", check_allowed, NULL, 0 },
		{ "after-exceptions", check_exceptions, NULL, 0 },
		{ "first-call-of-child", check_children, NULL, 0 },
		{ "fresh-image", check_fresh_image, NULL, 0 },
#ifndef VT_HAS_SLOTS
		{ "filtered", check_filtered, NULL, 0 },
		{ "kernel-address", check_kernel_address, NULL, 0 },
#endif
	};

	if (argc == 3 && !strcmp(argv[1], "--on")) {
		int cpu = atoi(argv[2]);

		return setup() ? VT_FAIL : first_call(&cpu);
	}
	return vt_run(cases, VT_ARRAY_SIZE(cases));
}
