// SPDX-License-Identifier: GPL-2.0
/* See cputime.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cputime.h"
#include "ids.h"
#include "records.h"

#define MIN_CALLS	2000
#define CLOCKSOURCE	"/sys/devices/system/clocksource/clocksource0/"

cputime_fn cputime_gettime, cputime_getres;
unsigned int cputime_seconds = 4;

static int64_t nanoseconds(long ret, const struct timespec *ts)
{
	return ret ? ret : ts->tv_sec * 1000000000ll + ts->tv_nsec;
}

int64_t cputime_vdso(clockid_t clock)
{
	struct timespec ts;

	return nanoseconds(cputime_gettime(clock, &ts), &ts);
}

int64_t cputime_raw(clockid_t clock)
{
	struct timespec ts;

	return nanoseconds(vt_raw2(__NR_clock_gettime, clock, &ts), &ts);
}

int cputime_init(void)
{
	if (vt_ids_init())
		return VT_FAIL;
	cputime_gettime = (cputime_fn)vt_entry("clock_gettime");
	cputime_getres = (cputime_fn)vt_entry("clock_getres");
	return vt_result(cputime_gettime && cputime_getres);
}

static bool has_word(const char *path, const char *word)
{
	char line[4096];
	bool found = false;
	FILE *f = fopen(path, "r");

	while (f && !found && fgets(line, sizeof(line), f))
		found = strstr(line, word);
	if (f)
		fclose(f);
	return found;
}

int cputime_expected(void)
{
#if defined(__x86_64__)
	static const char * const others[] = { "kvm-clock", "hyperv", "xen" };
	unsigned int i;

	if (!has_word("/proc/cpuinfo", "constant_tsc"))
		return vt_skip("the TSC is not constant");
	if (!has_word(CLOCKSOURCE "available_clocksource", "tsc"))
		return vt_skip("the TSC is not stable");
	for (i = 0; i < VT_ARRAY_SIZE(others); i++)
		if (has_word(CLOCKSOURCE "available_clocksource", others[i]))
			return vt_skip("a hypervisor's clock: %s", others[i]);
#else
	if (!has_word(CLOCKSOURCE "available_clocksource", "arch_sys_counter"))
		return vt_skip("the counter is not the architected one");
#endif
	return VT_PASS;
}

static bool own_u64(const struct vt_maps *m, size_t offset)
{
	return vt_own_field(m, offset) || vt_own_field(m, offset + 4);
}

static bool is_answered(const struct vt_maps *m, clockid_t clock)
{
#ifdef VT_HAS_SLOTS
	if (!vt_record(m, 0)->counter)
		return false;
#endif
	return vt_own_base(m) &&
	       vt_own_field(m, offsetof(struct vdso_task_record, cputime)) &&
	       (clock != CLOCK_PROCESS_CPUTIME_ID ||
		own_u64(m, offsetof(struct vdso_task_record, exited_runtime)));
}

bool cputime_is_promoted(clockid_t clock)
{
	struct vt_maps m;

	return vt_read_maps(&m, 0) && is_answered(&m, clock);
}

/*
 * Checks after each call, and makes at least MIN_CALLS: an interrupt clears base, and on
 * a slow machine one comes every few hundred instructions.
 */
int cputime_promote(clockid_t clock)
{
	struct vt_limit limit = vt_limit_ms(5000);
	struct vt_maps m;
	int calls;

	if (!vt_read_maps(&m, 0))
		return VT_FAIL;
	for (calls = 0; calls < MIN_CALLS || !vt_is_over(&limit); calls++) {
		VT_CHECK(cputime_vdso(clock) >= 0, "reading clock %d fails", clock);
		if (is_answered(&m, clock))
			return VT_PASS;
		if (calls % 50 == 49)
			vt_sleep_ms(1);
	}
	return vt_late("no record answers clock %d in %d calls", clock, calls);
}

static bool add_reading(struct cputime_reader *r, int64_t ns, const char *what)
{
	if (ns < r->last && !r->wrong) {
		r->wrong = true;
		r->what = what;
		r->by = r->last - ns;
	}
	r->last = ns;
	return !r->wrong;
}

bool cputime_read(struct cputime_reader *r)
{
	r->reads++;
	return add_reading(r, cputime_vdso(r->clock), "vDSO after vDSO");
}

bool cputime_bracket(struct cputime_reader *r, unsigned int n)
{
	if (!add_reading(r, cputime_raw(r->clock), "system call after vDSO"))
		return false;
	if (!add_reading(r, cputime_vdso(r->clock), "vDSO after system call"))
		return false;
	for (r->reads++; --n; r->reads++)
		if (!add_reading(r, cputime_vdso(r->clock), "vDSO after vDSO"))
			return false;
	return add_reading(r, cputime_raw(r->clock), "system call after vDSO");
}

int cputime_check(const struct cputime_reader *r)
{
	VT_CHECK(!r->wrong, "%s returned %lld ns less", r->what, (long long)r->by);
	return VT_PASS;
}

int cputime_report(const struct cputime_reader *r, unsigned int n,
		   const char *what)
{
	unsigned long reads = 0;
	unsigned int i;

	for (i = 0; i < n; i++) {
		reads += r[i].reads;
		VT_CHECK(!r[i].wrong,
			 "%s: %s returned %lld ns less (reader %u, after %lu reads)",
			 what, r[i].what, (long long)r[i].by, i, r[i].reads);
		VT_IN_TIME(r[i].reads, "%s: reader %u never read", what, i);
	}
	vt_note("%s: %u readers, %lu reads, none wrong", what, n, reads);
	return VT_PASS;
}

uint64_t cputime_end(unsigned int share)
{
	return vt_now() + cputime_seconds * 1000000000ull / share;
}
