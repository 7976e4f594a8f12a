// SPDX-License-Identifier: GPL-2.0
/* Runner and helpers; see vt.h. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "../kselftest.h"
#include "verdict.h"
#include "vt.h"

#define MAX_POLL_NS	100000000ull	/* see struct vt_limit */

/* The status of timeout(1), which kselftest's runner.sh reports as a timeout. */
#define EXIT_LATE	124

static void (*cleanups[VT_MAX_CLEANUPS])(void);

void vt_cleanup(void (*fn)(void))
{
	unsigned int i;

	for (i = 0; i < VT_MAX_CLEANUPS && cleanups[i]; i++)
		;
	if (i < VT_MAX_CLEANUPS)
		cleanups[i] = fn;
	else
		vt_fail("more than %d cleanup functions", VT_MAX_CLEANUPS);
}

unsigned int vt_timeout_scale(void)
{
	const char *text = getenv("VT_TIMEOUT_SCALE");
	int factor = text ? atoi(text) : 1;

	return factor < 1 ? 1 : factor;
}

/* Waits for @pid, the process of case @c and leader of its process group. */
static int reap_case(const struct vt_case *c, pid_t pid)
{
	unsigned int timeout = c->timeout ? c->timeout : 30;
	struct vt_limit limit = vt_limit_ms(timeout * 1000);
	int status, result;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (vt_is_over(&limit)) {
			result = vt_late("%s: no end after %u s", c->name,
					 timeout * vt_timeout_scale());
			kill(-pid, SIGKILL);
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return result;
		}
		vt_sleep_ms(2);
	}
	result = vt_decode_status(c->name, status);
	kill(-pid, SIGKILL);
	return result;
}

static int run_in_child(const struct vt_case *c)
{
	pid_t pid;

	*vt_reports = (struct vt_reports){ .group = 0 };
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return vt_fail("%s: fork: %m", c->name);
	if (!pid) {
		setpgid(0, 0);
		vt_reports->group = getpid();
		exit(vt_final_result(c->run(c->arg)));
	}
	setpgid(pid, pid);
	return vt_final_result(reap_case(c, pid));
}

static int run_one(const struct vt_case *c)
{
	int result = run_in_child(c);
	int i;

	/* In reverse order of vt_cleanup(), like atexit(). */
	for (i = VT_MAX_CLEANUPS - 1; i >= 0; i--)
		if (cleanups[i])
			cleanups[i]();
	return result;
}

static void print_result(const struct vt_case *c, int result)
{
	if (result == VT_LATE)
		ksft_test_result_fail("%s # TIMEOUT %s\n", c->name, vt_reports->late);
	else
		ksft_test_result_code(result, c->name,
				      result == VT_SKIP ? "%s" : NULL,
				      vt_reports->skip);
}

int vt_run(const struct vt_case *cases, unsigned int n)
{
	unsigned int i, failed = 0, late = 0;

	ksft_print_header();
	ksft_set_plan(n);
	vt_reports = vt_shared(sizeof(*vt_reports));
	if (!vt_reports)
		ksft_exit_fail_msg("no shared memory\n");
	for (i = 0; i < n; i++) {
		int result = run_one(&cases[i]);

		failed += result == VT_FAIL;
		late += result == VT_LATE;
		print_result(&cases[i], result);
	}
	ksft_print_cnts();
	return failed ? KSFT_FAIL : late ? EXIT_LATE : KSFT_PASS;
}

pid_t vt_child(int (*fn)(void *), void *arg)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		/* A child must not outlive its case. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		exit(vt_final_result(fn(arg)));
	}
	return pid;
}

int vt_run_child(int (*fn)(void *), void *arg, const char *name)
{
	return vt_reap(vt_child(fn, arg), name);
}

void *vt_shared(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static bool get_mask(cpu_set_t *set, size_t size)
{
	CPU_ZERO_S(size, set);
	return !sched_getaffinity(0, size, set);
}

int vt_cpus(int *list, int max)
{
	size_t size = CPU_ALLOC_SIZE(VT_MAX_CPUS);
	cpu_set_t *set = CPU_ALLOC(VT_MAX_CPUS);
	int cpu, n = 0;

	if (set && get_mask(set, size))
		for (cpu = 0; cpu < VT_MAX_CPUS && n < max; cpu++)
			if (CPU_ISSET_S(cpu, size, set))
				list[n++] = cpu;
	CPU_FREE(set);
	return n;
}

int vt_pin_tid(pid_t tid, int cpu)
{
	unsigned long mask[VT_MAX_CPUS / 8 / sizeof(long)] = { 0 };
	const int bits = 8 * sizeof(long);

	mask[cpu / bits] = 1ul << (cpu % bits);
	return vt_raw3(__NR_sched_setaffinity, tid, sizeof(mask), mask);
}

int vt_pin(int cpu)
{
	return vt_pin_tid(0, cpu);
}

bool vt_unpin(void)
{
	unsigned char mask[VT_MAX_CPUS / 8];

	memset(mask, 0xff, sizeof(mask));
	return !vt_raw3(__NR_sched_setaffinity, 0, sizeof(mask), mask);
}

uint64_t vt_now(void)
{
	struct timespec ts;

	vt_raw2(__NR_clock_gettime, CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

void vt_sleep_ms(unsigned int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000l };

	nanosleep(&ts, NULL);
}

bool vt_write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC), saved;
	ssize_t n;

	if (fd < 0)
		return false;
	n = write(fd, text, strlen(text));
	saved = errno;
	close(fd);
	errno = saved;
	return n == (ssize_t)strlen(text);
}

long vt_read_number(const char *path)
{
	FILE *f = fopen(path, "r");
	long value;

	if (!f)
		return -1;
	if (fscanf(f, "%ld", &value) != 1)
		value = -1;
	fclose(f);
	return value;
}

struct vt_limit vt_limit_ms(unsigned int ms)
{
	return (struct vt_limit){ vt_now(), ms * 1000000ull * vt_timeout_scale() };
}

bool vt_is_over(struct vt_limit *limit)
{
	uint64_t now = vt_now(), passed = now - limit->last;

	if (passed > MAX_POLL_NS)
		passed = MAX_POLL_NS;
	limit->last = now;
	limit->left -= passed < limit->left ? passed : limit->left;
	return !limit->left;
}

bool vt_await(const volatile int *flag, int value, unsigned int ms)
{
	struct vt_limit limit = vt_limit_ms(ms);

	while (vt_load(flag) != value) {
		if (vt_is_over(&limit))
			return false;
		sched_yield();
	}
	return true;
}

int vt_await_in_time(const volatile int *flag, int value, unsigned int ms,
		     const char *what)
{
	if (vt_await(flag, value, ms))
		return VT_PASS;
	return vt_late("%s: not within %u ms", what, ms * vt_timeout_scale());
}
