// SPDX-License-Identifier: GPL-2.0
/*
 * ids, for the 32-bit ABIs: x32's image is made from the objects of the 64-bit
 * one, ia32's is not; both have their own version script, mapping code and
 * system call numbers.
 *
 * Fails when: the numbers lack the x32 bit (the fallback would fail); an answer is
 * narrower than an id (large-ids, x32); the image computes another address of the
 * records than its [vvar] has, or the kernel gives such a process no record
 * (answered-from-record); an interrupted reader uses another thread's record (signals).
 */
#include "arch.h"
#include "bare.h"
#include "symbols.h"

#define CALLS		200
#define PAGE		4096
#define MAX_ENTRIES	16
/* Larger than any process ID. */
#define LARGE		2000000000
#define SIGNALS		300
#define SKIPPED		4
#define LATE		8	/* exit status */
#define SIGALRM_	14
#define SA_RESTORER_	0x04000000

struct entry {
	const char *name;
	long nr;
	unsigned int offset;
	int (*fn)(void);
};

static struct vt_vdso image;
static struct entry entries[MAX_ENTRIES];
static unsigned int nr_entries;

#define NO_FIELD	(~0u)

static unsigned int offset_of(const char *name)
{
	static const struct {
		const char *name;
		unsigned int offset;
	} fields[] = {
#define VT_FIELD(entry, symbol, field, type, nr)			\
		{ #entry, __builtin_offsetof(struct vdso_task_record, field) },
		VDSO_TASK_ENTRIES(VT_FIELD)
#undef VT_FIELD
	};
	unsigned int i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (vt_streq(name, fields[i].name))
			return fields[i].offset;
	return NO_FIELD;
}

static void find_entries(void)
{
	unsigned int i;

	for (i = 0; i < VT_NR_SYMBOLS && nr_entries < MAX_ENTRIES; i++) {
		const struct vdso_task_symbol *s = &vdso_task_symbols[i];

		if (vt_is_id(s))
			entries[nr_entries++] = (struct entry){
				s->name, s->nr, offset_of(s->name),
				(int (*)(void))vt_vdso_sym(&image, s->symbol,
							   s->version) };
	}
}

static int compare(const struct entry *e)
{
	int i;

	for (i = 0; i < CALLS; i++) {
		int want = bare_syscall(e->nr), got = e->fn();

		if (got != want) {
			bare_note("vDSO", got);
			bare_note("system call", want);
			return 0;
		}
	}
	return 1;
}

/* Compares in this process, in @depth generations of children, and here again. */
static int check_family(const struct entry *e, int depth)
{
	long pid;

	if (!compare(e))
		return 0;
	if (!depth)
		return 1;
	pid = bare_fork();
	if (!pid)
		bare_exit(!check_family(e, depth - 1));
	return !bare_wait(pid) && compare(e);
}

/* A field of the record that CPU @cpu's slot points to; the process is bound to @cpu. */
static __u32 field(unsigned int cpu, unsigned int offset)
{
	unsigned long records = bare_sysinfo_ehdr - VT_VVAR_PAGES * PAGE - VT_TOP_SIZE;
	const volatile struct vdso_task_slot *slot =
		(const void *)(records + (cpu + 1) * VDSO_TASK_LINE_SIZE);

	return *(const volatile __u32 *)(records + (unsigned long)slot->record + offset);
}

static int is_answered(const struct entry *e)
{
	long cpu = bare_bind_to_own_cpu();
	__u32 want = (__u32)bare_syscall(e->nr) + 1;
	int i;

	for (i = 0; i < 100 * CALLS && cpu >= 0; i++) {
		e->fn();
		if (i % CALLS == 0 && field(cpu, e->offset) == want)
			return 1;
	}
	bare_note("not answered from the record in time, CPU", cpu);
	return BARE_LATE;
}

/* This process's record answers all entries, as vt_promote() checks for 64-bit ABIs. */
static int check_answered(void)
{
	int result = 1;
	unsigned int i;

	for (i = 0; i < nr_entries && result == 1; i++) {
		result = is_answered(&entries[i]);
		if (!compare(&entries[i]))
			result = 0;
		if (result != 1)
			bare_note(entries[i].name, i);
	}
	return result;
}

static int exit_status(int result)
{
	return result == BARE_LATE ? LATE : !result;
}

static int result_of(int status)
{
	return status == LATE ? BARE_LATE : !status;
}

/* ia32 has no entry for a user or group id. */
#if defined(__i386__)
#define CASES	2

static void check_large_ids(void)
{
}
#else
#define CASES	3

static long set_large_ids(void)
{
	return bare_syscall(__NR_setresgid, LARGE + 3, LARGE + 4, -1) |
	       bare_syscall(__NR_setresuid, LARGE + 1, LARGE + 2, -1);
}

/* Exit status: 0, 1, LATE, or SKIPPED if the process may not change ids. */
static int large_ids(void)
{
	int sum = 0, result = check_answered();
	unsigned int i;

	if (result != 1)
		return exit_status(result);
	if (set_large_ids())
		return SKIPPED;
	for (i = 0; i < nr_entries; i++) {
		int got = entries[i].fn();

		/* The first call after the change, before any system call. */
		sum += got > LARGE && got <= LARGE + 4 ? got - LARGE : 0;
		if (got != bare_syscall(entries[i].nr))
			return 1;
	}
	return sum != 1 + 2 + 3 + 4 ? 1 : exit_status(check_answered());
}

static void check_large_ids(void)
{
	long pid = bare_fork();
	int status;

	if (!pid)
		bare_exit(large_ids());
	status = bare_wait(pid);
	if (status == SKIPPED)
		bare_skip("large-ids", "changing ids needs root", "");
	else
		bare_result(result_of(status), "large-ids");
}
#endif

static volatile int handled, wrong;
static int expected[MAX_ENTRIES];

static int any_wrong(void)
{
	unsigned int i;

	for (i = 0; i < nr_entries; i++)
		if (entries[i].fn() != expected[i])
			return 1;
	return 0;
}

#if defined(__i386__)
#define RESTORER	NULL
#define ACTION_FLAGS	0
static __attribute__((regparm(0))) void on_alarm(int sig)
#else
void bare_restorer(void);
__asm__("bare_restorer:\n"
	"	movl $0x40000201, %eax\n"
	"	syscall\n");
#define RESTORER	bare_restorer
#define ACTION_FLAGS	SA_RESTORER_
static void on_alarm(int sig)
#endif
{
	(void)sig;
	handled++;
	wrong += any_wrong();
}

/* A timer in microseconds; long is 64 bits wide in x32's system call. */
static long start_timer(long us)
{
#if defined(__i386__)
	long it[4] = { 0, us, 0, us };
#else
	long long it[4] = { 0, us, 0, us };
#endif

	return bare_syscall(__NR_setitimer, 0, it, NULL);
}

/* Signals interrupt the reads at any instruction; their handler reads, too. */
static int read_under_signals(void)
{
	struct bare_sigaction sa = { on_alarm, ACTION_FLAGS, RESTORER,
				     { 0, 0 } };
	unsigned int i;

	for (i = 0; i < nr_entries; i++)
		expected[i] = bare_syscall(entries[i].nr);
	handled = 0;
	if (bare_syscall(__NR_rt_sigaction, SIGALRM_, &sa, NULL, 8) ||
	    start_timer(500))
		return 0;
	while (handled < SIGNALS && !wrong)
		wrong += any_wrong();
	start_timer(0);
	return !wrong;
}

static int answered_under_signals(void)
{
	int result = check_answered();

	return result == 1 ? read_under_signals() : result;
}

/* In a child that starts unpromoted, and in its parent. */
static void check_signals(void)
{
	long pid = bare_fork();
	int result;

	if (!pid)
		bare_exit(exit_status(answered_under_signals()));
	result = result_of(bare_wait(pid));
	bare_result(result == 1 ? answered_under_signals() : result, "signals");
}

int bare_main(int argc, char **argv)
{
	unsigned int i;

	(void)argc;
	(void)argv;
	if (bare_read_image(&image))
		return bare_bail_out("no usable vDSO");
	find_entries();
	bare_plan(nr_entries + CASES);
	for (i = 0; i < nr_entries; i++) {
		if (!entries[i].fn || entries[i].offset == NO_FIELD)
			return bare_bail_out("an entry is not in the vDSO");
	}
	for (i = 0; i < nr_entries; i++)
		bare_result(check_family(&entries[i], 4), entries[i].name);
	bare_result(check_answered(), "answered-from-record");
	check_large_ids();
	check_signals();
	return bare_finish();
}
