// SPDX-License-Identifier: GPL-2.0
/*
 * cputime, for the 32-bit ABIs: x32 has the 64-bit functions, ia32 two widths of time,
 * and makes the system call.
 *
 * Fails when: a time of one width is stored in the other's place (thread, process), or
 * no record ever answers (answered, x32).
 */
#include "arch.h"
#include "bare.h"
#include "symbols.h"

#define PAGE		4096
#define BRACKETS	4000
#define READS		20
#define PROCESS		2
#define THREAD		3
#define BOOTTIME	7
#define CALLS		20000
#define NSEC		1000000000ll
#define ENOSYS_		38

typedef int (*clock_fn)(int clock, void *ts);

struct wide {
	long long sec;
	long long nsec;
};

static struct vt_vdso image;

/* A function of the image and the system call beside it. */
struct way {
	const char *name;
	int narrow;
	clock_fn fn;
	long nr;
};

static struct way ways[] = {
#if defined(__i386__)
	{ "clock_gettime", 1, NULL, 0 },
	{ "clock_gettime64", 0, NULL, 0 },
#else
	{ "clock_gettime", 0, NULL, 0 },
#endif
};
#define NR_WAYS	(sizeof(ways) / sizeof(ways[0]))

static int find_ways(void)
{
	unsigned int i, k, found = 0;

	for (i = 0; i < NR_WAYS; i++)
		for (k = 0; k < VT_NR_SYMBOLS; k++) {
			const struct vdso_task_symbol *s = &vdso_task_symbols[k];

			if (s->weak || !vt_streq(s->name, ways[i].name))
				continue;
			ways[i].fn = (clock_fn)vt_vdso_sym(&image, s->symbol,
							   s->version);
			ways[i].nr = s->nr;
			found += ways[i].fn != NULL;
		}
	return found == NR_WAYS;
}

/* Nanoseconds, or a negative error; -1 if what lies behind the time was changed. */
static long long value(const struct way *w, int ret, const struct wide *ts)
{
	const __u32 *narrow = (const __u32 *)ts;

	if (ret)
		return ret;
	if (!w->narrow)
		return ts->sec * NSEC + ts->nsec;
	return narrow[2] == ~0u && narrow[3] == ~0u ?
		       narrow[0] * NSEC + narrow[1] : -1;
}

static long long by_vdso(const struct way *w, int clock)
{
	struct wide ts = { -1, -1 };
	int ret = w->fn(clock, &ts);

	return value(w, ret, &ts);
}

static long long by_call(const struct way *w, int clock)
{
	struct wide ts = { -1, -1 };
	int ret = bare_syscall(w->nr, clock, &ts);

	return value(w, ret, &ts);
}

static int tell(long long *last, long long now)
{
	int good = now >= *last;

	if (!good)
		bare_note("nanoseconds less", (long)(*last - now));
	*last = now;
	return good;
}

/* A kernel may lack the calls with narrow times; then the vDSO has no answer either. */
static int is_absent(const struct way *w, int clock)
{
	return by_call(w, clock) == -ENOSYS_ && by_vdso(w, clock) == -ENOSYS_;
}

/* All ways in turn: none returns less than the one before it. */
static int check_clock(int clock)
{
	long long last = 0;
	unsigned int i, k, n;

	for (n = 0; n < BRACKETS; n++)
		for (k = 0; k < NR_WAYS; k++) {
			if (is_absent(&ways[k], clock))
				continue;
			if (!tell(&last, by_call(&ways[k], clock)))
				return 0;
			for (i = 0; i < READS; i++)
				if (!tell(&last, by_vdso(&ways[k], clock)))
					return 0;
			if (!tell(&last, by_call(&ways[k], clock)))
				return 0;
		}
	return 1;
}

#ifndef __i386__
static __u64 base(unsigned int cpu)
{
	unsigned long records = bare_sysinfo_ehdr - VT_VVAR_PAGES * PAGE - VT_TOP_SIZE;
	const volatile struct vdso_task_slot *slot =
		(const void *)(records + (cpu + 1) * VDSO_TASK_LINE_SIZE);

	return slot->base;
}

/*
 * No record answers while time in interrupts is still to be taken off, which takes as
 * long as they did: no longer than since boot.
 */
static int check_answered(void)
{
	const struct way *w = &ways[NR_WAYS - 1];
	long long end = 2 * by_call(w, BOOTTIME);
	long cpu = bare_bind_to_own_cpu();
	unsigned int i;

	for (i = 0; cpu >= 0 && (i < CALLS || by_call(w, BOOTTIME) < end); i++) {
		by_vdso(&ways[i % NR_WAYS], THREAD);
		if (base(cpu))
			return 1;
	}
	return BARE_LATE;
}

static int contains(const char *text, const char *word)
{
	for (; *text; text++) {
		unsigned int i;

		for (i = 0; word[i] && text[i] == word[i]; i++)
			;
		if (!word[i])
			return 1;
	}
	return 0;
}

/* Is the scheduler's clock the TSC, by what the kernel says of clocks elsewhere? */
static int can_be_told(void)
{
	static char text[256];
	int fd = bare_syscall(__NR_open,
			      "/sys/devices/system/clocksource/clocksource0/"
			      "available_clocksource", 0);

	if (fd < 0 || bare_syscall(__NR_read, fd, text, sizeof(text) - 1) < 0)
		return 0;
	return contains(text, "tsc") && !contains(text, "kvm-clock") &&
	       !contains(text, "hyperv") && !contains(text, "xen");
}
#endif

int bare_main(int argc, char **argv)
{
	int own = ~(int)bare_syscall(__NR_gettid) * 8 + 6;
	int bad = ~0 * 8 + 3;

	(void)argc;
	(void)argv;
	if (bare_read_image(&image))
		return bare_bail_out("no usable vDSO");
	if (!find_ways())
		return bare_bail_out("a function is not in the vDSO");
#ifdef __i386__
	bare_plan(5);
#else
	bare_plan(6);
	if (can_be_told())
		bare_result(check_answered(), "answered");
	else
		bare_skip("answered", "the TSC is not the scheduler's clock", "");
#endif
	bare_result(check_clock(THREAD), "thread");
	bare_result(check_clock(PROCESS), "process");
	bare_result(check_clock(own), "own-id");
	bare_result(check_clock(~0 * 8 + 2), "own-process");
	bare_result(by_vdso(&ways[0], bad) == by_call(&ways[0], bad), "bad-id");
	return bare_finish();
}
