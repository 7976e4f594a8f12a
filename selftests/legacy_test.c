// SPDX-License-Identifier: GPL-2.0
/*
 * The functions that were in the vDSO before task records still agree with their
 * system calls, for valid and for invalid arguments.
 *
 * Fails when: the area of the records moves the data pages from where the clock code
 * expects them (wrong or absurd times, SIGSEGV), or when the fault handler maps a page
 * of records in place of a data page.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>

#include "ids.h"

#define ROUNDS	2000

typedef int (*clock_fn)(clockid_t clock, struct timespec *ts);
typedef int (*gtod_fn)(struct timeval *tv, struct timezone *tz);
typedef long (*random_fn)(void *buf, size_t len, unsigned int flags,
			  void *state, size_t state_len);

struct clock_case {
	const char *get_slug;
	const char *res_slug;
	clockid_t id;
};

/* <linux/random.h> of the C library may be older than the vDSO function. */
struct random_params {
	uint32_t size;
	uint32_t prot;
	uint32_t flags;
	uint32_t reserved[13];
};

static int64_t nanoseconds(const struct timespec *ts)
{
	return ts->tv_sec * 1000000000ll + ts->tv_nsec;
}

/* The vDSO's answer lies between two answers of the system call. */
static int check_clock(const void *arg)
{
	const struct clock_case *c = arg;
	clock_fn fn = (clock_fn)vt_entry("clock_gettime");
	int i;

	VT_CHECK(fn, "the function is not in the vDSO");
	for (i = 0; i < ROUNDS; i++) {
		struct timespec a = { 0 }, v = { 0 }, b = { 0 };
		long ra = vt_raw2(__NR_clock_gettime, c->id, &a);
		int rv = fn(c->id, &v);
		long rb = vt_raw2(__NR_clock_gettime, c->id, &b);

		VT_CHECK(ra == rv && ra == rb,
			 "vDSO returns %d, system call %ld", rv, ra);
		VT_CHECK(v.tv_nsec >= 0 && v.tv_nsec < 1000000000,
			 "tv_nsec is %ld", v.tv_nsec);
		VT_CHECK(nanoseconds(&a) <= nanoseconds(&v) &&
			 nanoseconds(&v) <= nanoseconds(&b),
			 "system call %lld ns, then vDSO %lld, system call %lld",
			 (long long)nanoseconds(&a), (long long)nanoseconds(&v),
			 (long long)nanoseconds(&b));
	}
	return VT_PASS;
}

static int check_getres(const void *arg)
{
	const struct clock_case *c = arg;
	clock_fn fn = (clock_fn)vt_entry("clock_getres");
	struct timespec a = { 7, 7 }, v = { 7, 7 };
	long ra;
	int rv;

	VT_CHECK(fn, "the function is not in the vDSO");
	ra = vt_raw2(__NR_clock_getres, c->id, &a);
	rv = fn(c->id, &v);
	VT_CHECK(ra == rv, "vDSO returns %d, system call %ld", rv, ra);
	VT_CHECK(nanoseconds(&a) == nanoseconds(&v), "vDSO %lld ns, system call %lld",
		 (long long)nanoseconds(&v), (long long)nanoseconds(&a));
	ra = vt_raw2(__NR_clock_getres, c->id, NULL);
	VT_AGREE(fn(c->id, NULL), ra, "with NULL");
	return VT_PASS;
}

/*
 * Invalid clock numbers, and clocks of other processes and files. Newer kernels have
 * auxiliary clocks from 16 on.
 */
static int check_bad_clocks(const void *arg)
{
	static const int ids[] = {
		-1, -2, -3, -6, 10, 12, 13, 15, 24, 31, 32, 33, 63, 64, 100,
		1000, INT_MAX, INT_MIN, INT_MIN + 1, 0x10000, 0x7fffff00,
	};
	clock_fn get = (clock_fn)vt_entry("clock_gettime");
	clock_fn res = (clock_fn)vt_entry("clock_getres");
	struct timespec ts;
	unsigned int i;

	(void)arg;
	VT_CHECK(get && res, "the function is not in the vDSO");
	for (i = 0; i < VT_ARRAY_SIZE(ids); i++) {
		long want = vt_raw2(__NR_clock_gettime, ids[i], &ts);
		int got = get(ids[i], &ts);

		VT_CHECK(got == want, "clock %d: gettime %d, system call %ld",
			 ids[i], got, want);
		want = vt_raw2(__NR_clock_getres, ids[i], &ts);
		got = res(ids[i], &ts);
		VT_CHECK(got == want, "clock %d: getres %d, system call %ld",
			 ids[i], got, want);
	}
	return VT_PASS;
}

static int64_t microseconds(const struct timeval *tv)
{
	return tv->tv_sec * 1000000ll + tv->tv_usec;
}

static int check_gettimeofday(const void *arg)
{
	gtod_fn fn = (gtod_fn)vt_entry("gettimeofday");
	struct timezone zv = { 99, 99 }, zr = { 98, 98 };
	int i;

	(void)arg;
	VT_CHECK(fn, "the function is not in the vDSO");
	for (i = 0; i < ROUNDS; i++) {
		struct timeval a = { 0 }, v = { 0 }, b = { 0 };

		vt_raw2(__NR_gettimeofday, &a, &zr);
		VT_CHECK(!fn(&v, &zv), "the vDSO's function failed");
		vt_raw2(__NR_gettimeofday, &b, NULL);
		VT_CHECK(microseconds(&a) <= microseconds(&v) &&
			 microseconds(&v) <= microseconds(&b),
			 "system call %lld us, then vDSO %lld, system call %lld",
			 (long long)microseconds(&a),
			 (long long)microseconds(&v),
			 (long long)microseconds(&b));
		VT_CHECK(!memcmp(&zv, &zr, sizeof(zv)), "the time zones differ");
	}
	VT_CHECK(!fn(NULL, &zv) && !fn(NULL, NULL),
		 "gettimeofday failed with NULL");
	return VT_PASS;
}

#ifdef __NR_time
static int check_time(const void *arg)
{
	time_t (*fn)(time_t *t) = (time_t (*)(time_t *))vt_entry("time");
	int i;

	(void)arg;
	VT_CHECK(fn, "the function is not in the vDSO");
	for (i = 0; i < ROUNDS; i++) {
		time_t stored = 0, a, v, b;

		a = vt_raw2(__NR_time, NULL, 0);
		v = i & 1 ? fn(NULL) : fn(&stored);
		b = vt_raw2(__NR_time, NULL, 0);
		VT_CHECK(a <= v && v <= b,
			 "system call %ld, then vDSO %ld, system call %ld",
			 (long)a, (long)v, (long)b);
		VT_CHECK(i & 1 || stored == v, "time stores %ld, returns %ld",
			 (long)stored, (long)v);
	}
	return VT_PASS;
}
#endif

#if defined(__x86_64__)
static int check_getcpu(const void *arg)
{
	long (*fn)(unsigned int *cpu, unsigned int *node, void *unused);
	int cpus[64], n = vt_cpus(cpus, 64), i;

	(void)arg;
	fn = vt_entry("getcpu");
	VT_CHECK(fn, "the function is not in the vDSO");
	for (i = 0; i < n; i++) {
		unsigned int cpu = -1, node = -1, rcpu = -2, rnode = -2;

		VT_NEED(!vt_pin(cpus[i]));
		vt_raw3(__NR_getcpu, &rcpu, &rnode, NULL);
		VT_CHECK(!fn(&cpu, &node, NULL), "the vDSO's function failed");
		VT_CHECK(cpu == rcpu && node == rnode,
			 "vDSO %u/%u, system call %u/%u", cpu, node, rcpu,
			 rnode);
	}
	return VT_PASS;
}
#endif

static int check_random_flags(random_fn fn)
{
	static const unsigned int flags[] = {
		0, 1, 2, 3, 4, 5, 6, 7, 8, 0x10, 0x80000000, UINT_MAX,
	};
	char buf[16];
	unsigned int i;

	for (i = 0; i < VT_ARRAY_SIZE(flags); i++) {
		long want = vt_raw3(__NR_getrandom, buf, sizeof(buf), flags[i]);

		VT_AGREE(fn(buf, sizeof(buf), flags[i], NULL, 0), want, "flags %#x",
			 flags[i]);
	}
	return VT_PASS;
}

static int check_getrandom(const void *arg)
{
	static unsigned char bufs[64][32];
	random_fn fn = (random_fn)vt_entry("getrandom");
	struct random_params p = { 0 };
	unsigned int i, k;
	void *state;

	(void)arg;
	VT_CHECK(fn, "the function is not in the vDSO");
	VT_CHECK(!fn(NULL, 0, 0, &p, ~0ul), "getrandom returned no parameters");
	state = mmap(NULL, p.size, p.prot, p.flags, -1, 0);
	VT_NEED(state != MAP_FAILED);
	for (i = 0; i < VT_ARRAY_SIZE(bufs); i++) {
		long got = fn(bufs[i], sizeof(bufs[i]), 0, state, p.size);

		VT_CHECK(got == sizeof(bufs[i]), "getrandom returned %ld", got);
		for (k = 0; k < i; k++)
			VT_CHECK(memcmp(bufs[i], bufs[k], sizeof(bufs[i])),
				 "buffers %u and %u are equal", i, k);
	}
	VT_CHECK(!fn(bufs, 0, 0, state, p.size),
		 "getrandom of 0 bytes does not return 0");
	return check_random_flags(fn);
}

#define CLOCK(slug, id)	{ "clock_gettime-" slug, "clock_getres-" slug, id }

static const struct clock_case clocks[] = {
	CLOCK("realtime", CLOCK_REALTIME),
	CLOCK("monotonic", CLOCK_MONOTONIC),
	CLOCK("process-cputime", CLOCK_PROCESS_CPUTIME_ID),
	CLOCK("thread-cputime", CLOCK_THREAD_CPUTIME_ID),
	CLOCK("monotonic-raw", CLOCK_MONOTONIC_RAW),
	CLOCK("realtime-coarse", CLOCK_REALTIME_COARSE),
	CLOCK("monotonic-coarse", CLOCK_MONOTONIC_COARSE),
	CLOCK("boottime", CLOCK_BOOTTIME),
	CLOCK("realtime-alarm", CLOCK_REALTIME_ALARM),
	CLOCK("boottime-alarm", CLOCK_BOOTTIME_ALARM),
	CLOCK("tai", CLOCK_TAI),
};

int main(void)
{
	static const struct vt_case others[] = {
		{ "bad-clocks", check_bad_clocks, NULL, 0 },
		{ "gettimeofday", check_gettimeofday, NULL, 0 },
		{ "getrandom", check_getrandom, NULL, 0 },
#ifdef __NR_time
		{ "time", check_time, NULL, 0 },
#endif
#if defined(__x86_64__)
		{ "getcpu", check_getcpu, NULL, 0 },
#endif
	};
	struct vt_case cases[64];
	unsigned int i, n = 0;

	for (i = 0; i < VT_ARRAY_SIZE(clocks); i++) {
		cases[n++] = (struct vt_case){ clocks[i].get_slug, check_clock,
					       &clocks[i], 0 };
		cases[n++] = (struct vt_case){ clocks[i].res_slug, check_getres,
					       &clocks[i], 0 };
	}
	for (i = 0; i < VT_ARRAY_SIZE(others); i++)
		cases[n++] = others[i];
	return vt_run(cases, n);
}
