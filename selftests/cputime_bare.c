// SPDX-License-Identifier: GPL-2.0
/*
 * cputime for the 32-bit ABIs: x32 has the 64-bit functions; ia32 has two widths of
 * time and always falls back.
 *
 * Fails when: a time of one width is stored as the other width (thread, process), or no
 * record ever answers (answered, x32).
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

/* A function of the image and the system call that must agree with it. */
struct function {
	const char *name;
	int narrow;
	clock_fn fn;
	long nr;
};

static struct function functions[] = {
#if defined(__i386__)
	{ "clock_gettime", 1, NULL, 0 },
	{ "clock_gettime64", 0, NULL, 0 },
#else
	{ "clock_gettime", 0, NULL, 0 },
#endif
};
#define NR_FUNCTIONS	(sizeof(functions) / sizeof(functions[0]))

static int find_functions(void)
{
	unsigned int i, k, found = 0;

	for (i = 0; i < NR_FUNCTIONS; i++)
		for (k = 0; k < VT_NR_SYMBOLS; k++) {
			const struct vdso_task_symbol *s = &vdso_task_symbols[k];

			if (s->weak || !vt_streq(s->name, functions[i].name))
				continue;
			functions[i].fn = (clock_fn)vt_vdso_sym(&image, s->symbol,
								s->version);
			functions[i].nr = s->nr;
			found += functions[i].fn != NULL;
		}
	return found == NR_FUNCTIONS;
}

/* Nanoseconds, or a negative error; -1 if memory behind a narrow time was changed. */
static long long value(const struct function *f, int ret, const struct wide *ts)
{
	const __u32 *narrow = (const __u32 *)ts;

	if (ret)
		return ret;
	if (!f->narrow)
		return ts->sec * NSEC + ts->nsec;
	return narrow[2] == ~0u && narrow[3] == ~0u ?
		       narrow[0] * NSEC + narrow[1] : -1;
}

static long long by_vdso(const struct function *f, int clock)
{
	struct wide ts = { -1, -1 };
	int ret = f->fn(clock, &ts);

	return value(f, ret, &ts);
}

static long long by_call(const struct function *f, int clock)
{
	struct wide ts = { -1, -1 };
	int ret = bare_syscall(f->nr, clock, &ts);

	return value(f, ret, &ts);
}

static int is_not_less(long long *last, long long now)
{
	int good = now >= *last;

	if (!good)
		bare_note("a reading went back by ns:", (long)(*last - now));
	*last = now;
	return good;
}

/* A kernel may lack the calls with narrow times; then the vDSO must fail as well. */
static int is_absent(const struct function *f, int clock)
{
	return by_call(f, clock) == -ENOSYS_ && by_vdso(f, clock) == -ENOSYS_;
}

/* Functions and calls in turn: none returns less than the one before it. */
static int check_clock(int clock)
{
	long long last = 0;
	unsigned int i, k, n;

	for (n = 0; n < BRACKETS; n++)
		for (k = 0; k < NR_FUNCTIONS; k++) {
			if (is_absent(&functions[k], clock))
				continue;
			if (!is_not_less(&last, by_call(&functions[k], clock)))
				return 0;
			for (i = 0; i < READS; i++)
				if (!is_not_less(&last, by_vdso(&functions[k], clock)))
					return 0;
			if (!is_not_less(&last, by_call(&functions[k], clock)))
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
 * No record answers while IRQ time is still to be subtracted from clock_task. That takes
 * as long as the interrupts did, so no longer than since boot.
 */
static int check_answered(void)
{
	const struct function *f = &functions[NR_FUNCTIONS - 1];
	long long end = 2 * by_call(f, BOOTTIME);
	long cpu = bare_bind_to_own_cpu();
	unsigned int i;

	for (i = 0; cpu >= 0 && (i < CALLS || by_call(f, BOOTTIME) < end); i++) {
		by_vdso(&functions[i % NR_FUNCTIONS], THREAD);
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

/* Is the scheduler's clock the TSC, according to the kernel's list of clocksources? */
static int is_tsc_sched_clock(void)
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
	if (!find_functions())
		return bare_bail_out("a function is not in the vDSO");
#ifdef __i386__
	bare_plan(5);
#else
	bare_plan(6);
	if (is_tsc_sched_clock())
		bare_result(check_answered(), "answered");
	else
		bare_skip("answered", "the TSC is not the scheduler's clock", "");
#endif
	bare_result(check_clock(THREAD), "thread");
	bare_result(check_clock(PROCESS), "process");
	bare_result(check_clock(own), "own-id");
	bare_result(check_clock(~0 * 8 + 2), "own-process");
	bare_result(by_vdso(&functions[0], bad) == by_call(&functions[0], bad), "bad-id");
	return bare_finish();
}
