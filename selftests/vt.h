/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by all programs of this directory: a runner that starts each case in a
 * process of its own, raw system calls, and helpers to wait, pin and fork.
 */
#ifndef VDSO_TASK_VT_H
#define VDSO_TASK_VT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/*
 * The first three have the values of kselftest.h, which only vt.c includes because
 * it defines data. Each is a bit of its own: results of several steps can be ORed.
 *
 * VT_FAIL: an answer was wrong, a process crashed, or a check failed.
 * VT_LATE: only a time limit was exceeded, which a busy host can cause. The case ends
 * as `not ok ... # TIMEOUT`, and the harness runs the program once more.
 * A case with both results has failed.
 */
enum vt_result { VT_PASS = 0, VT_FAIL = 1, VT_SKIP = 4, VT_LATE = 8 };

/* The result of a case or step, without a message. */
static inline int vt_result(bool passed)
{
	return passed ? VT_PASS : VT_FAIL;
}

#define VT_MAX_CPUS	4096
#define VT_MAX_IDS	16
#define VT_ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/**
 * struct vt_case - a test case, one line of KTAP
 * @name:	stable slug
 * @run:	returns an enum vt_result; runs in a new child process, so it starts
 *		without a record and may crash, hang or filter itself
 * @arg:	argument of @run
 * @timeout:	seconds until the child is killed and the case is late; 0: 30; is
 *		multiplied by vt_timeout_scale()
 */
struct vt_case {
	const char *name;
	int (*run)(const void *arg);
	const void *arg;
	unsigned int timeout;
};

/*
 * Runs @n cases and prints KTAP header, plan and results; returns the exit status:
 * 1 if a case failed, 124 if cases were late and none failed, else 0.
 */
int vt_run(const struct vt_case *cases, unsigned int n);

/*
 * The runner calls @fn after each case, however the case ended, to undo changes of
 * the whole system. Up to VT_MAX_CLEANUPS functions.
 */
#define VT_MAX_CLEANUPS	4
void vt_cleanup(void (*fn)(void));

/* Prints a line of its own, "# ...", and returns @result. */
int vt_print(int result, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Counts a failure of the case; returns VT_FAIL. */
int vt_count_wrong(void);

/*
 * All print or store a message and return the result, so that a case can
 * `return vt_fail(...)`. After vt_late() a case may return VT_FAIL, too: see
 * vt_final_result(). vt_late() returns VT_FAIL if a process of the case has crashed,
 * as the caller may have waited for that process.
 */
#define vt_fail(...)	vt_print(vt_count_wrong(), __VA_ARGS__)
#define vt_note(...)	((void)vt_print(VT_PASS, __VA_ARGS__))
int vt_late(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int vt_skip(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#define VT_CHECK(cond, ...)				\
	do {						\
		if (!(cond))				\
			return vt_fail(__VA_ARGS__);	\
	} while (0)

/* Fails unless the vDSO's answer is the system call's; @call and the rest name the call. */
#define VT_AGREE(vdso, raw, call, ...)						\
	do {									\
		long vt_vdso = (vdso), vt_raw = (raw);				\
										\
		VT_CHECK(vt_vdso == vt_raw, call ": vDSO %ld, system call %ld",	\
			 ##__VA_ARGS__, vt_vdso, vt_raw);			\
	} while (0)

/* For a condition that is false only if a time limit was exceeded. */
#define VT_IN_TIME(cond, ...)				\
	do {						\
		if (!(cond))				\
			return vt_late(__VA_ARGS__);	\
	} while (0)

/* A setup step that fails only on a broken system. */
#define VT_NEED(cond)	VT_CHECK(cond, "%s:%d: %s: %m", __FILE__, __LINE__, #cond)

/* Raw system call without errno: safe with a shared or missing TLS. */
static inline long vt_syscall6(long nr, long a, long b, long c, long d,
			       long e, long f)
{
#if defined(__x86_64__)
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
			   "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
#else
#error "no raw system call for this architecture"
#endif
}

#define vt_raw0(nr)		vt_syscall6(nr, 0, 0, 0, 0, 0, 0)
#define vt_raw2(nr, a, b)	vt_syscall6(nr, (long)(a), (long)(b), 0, 0, 0, 0)
#define vt_raw3(nr, a, b, c) \
	vt_syscall6(nr, (long)(a), (long)(b), (long)(c), 0, 0, 0)

/*
 * Processes. vt_child() forks, runs @fn and exits with its result; vt_reap()
 * waits and turns the wait status into a result; vt_run_child() does both. @name
 * is the process in messages. vt_finish() is vt_reap(), but if @result is not
 * VT_PASS it kills the process first, and returns @result ORed with the result of
 * the process if that ended before the SIGKILL.
 */
pid_t vt_child(int (*fn)(void *), void *arg);
int vt_reap(pid_t pid, const char *name);
int vt_run_child(int (*fn)(void *), void *arg, const char *name);
int vt_finish(int result, pid_t pid, const char *name);

/*
 * The exit status for @result in a process that vt_child() did not start: VT_FAIL
 * becomes VT_LATE if the case has only exceeded time limits so far.
 * vt_decode_status() turns a wait status into a result.
 */
int vt_final_result(int result);
int vt_decode_status(const char *name, int status);

/* Zeroed memory that children share with their parent; NULL on failure. */
void *vt_shared(size_t size);

/* CPUs that this process may use, and how many; pinning of the calling thread. */
int vt_cpus(int *list, int max);
int vt_pin(int cpu);
int vt_pin_tid(pid_t tid, int cpu);
bool vt_unpin(void);

/* CLOCK_MONOTONIC in nanoseconds, by the system call as the vDSO is under test. */
uint64_t vt_now(void);
void vt_sleep_ms(unsigned int ms);

/* One write() of all of @text; false with errno. */
bool vt_write_file(const char *path, const char *text);

/* The number at the start of a file of /proc or /sys; -1 if there is none. */
long vt_read_number(const char *path);

/*
 * Factor of all time limits, for slow kernels (with KASAN, or emulated):
 * $VT_TIMEOUT_SCALE, or 1.
 */
unsigned int vt_timeout_scale(void);

/**
 * struct vt_limit - a time limit of a polling loop
 * @last:	time of the last poll
 * @left:	nanoseconds left
 *
 * A host may stop a guest's CPUs for seconds, in which the waiting task cannot poll.
 * So at most a tenth of a second is counted between two polls.
 */
struct vt_limit {
	uint64_t last;
	uint64_t left;
};

/* @ms milliseconds, multiplied by vt_timeout_scale(). */
struct vt_limit vt_limit_ms(unsigned int ms);
/* Polls: is the time over? */
bool vt_is_over(struct vt_limit *limit);

/*
 * Waits for *@flag == @value in shared memory; false after @ms, a vt_limit.
 * vt_await_in_time() returns VT_PASS or, after a message about @what, VT_LATE.
 */
bool vt_await(const volatile int *flag, int value, unsigned int ms);
int vt_await_in_time(const volatile int *flag, int value, unsigned int ms,
		     const char *what);

static inline int vt_load(const volatile int *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static inline void vt_store(volatile int *p, int value)
{
	__atomic_store_n(p, value, __ATOMIC_RELEASE);
}

#endif /* VDSO_TASK_VT_H */
