// SPDX-License-Identifier: GPL-2.0
/*
 * A 32-bit program on an arm64 kernel: its vDSO is unchanged, and TPIDRRO_EL0, by which
 * native threads find their records, holds its thread pointer.
 *
 * Fails when: the mapping code maps pages of task records for this ABI, or expects the
 * clocks' page where those would end (clocks, vvar); exec leaves a native thread's value
 * in the register, or a return to user space or a context switch writes one (tls-*); a
 * native program that this one executes does not get its own value (exec-native).
 * symbols_arm checks the exports.
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>

#include "bare.h"
#include "symbols.h"

#define SET_TLS		0x0f0005
#define ROUNDS		20000
/* Of the records of a process; include/vdso/task_area.h has their number. */
#define RECORDS_SIZE	(4096l * 64)
#define SIGNALS		300
#define SIGALRM_	14

struct time64 {
	long long sec, nsec;
};

typedef int (*clock_fn)(int clock, struct time64 *t);

static const int clocks[] = { 0, 1, 4, 5, 6, 7, 11 };
#define NR_CLOCKS	(sizeof(clocks) / sizeof(clocks[0]))

static struct vt_vdso image;
static volatile int handled, wrong_tls;
static unsigned long tls_at_start;

static unsigned long tls(void)
{
	unsigned long value;

	__asm__ volatile("mrc p15, 0, %0, c13, c0, 3" : "=r"(value));
	return value;
}

static void *entry(const char *name)
{
	unsigned int i;

	for (i = 0; i < VT_NR_SYMBOLS; i++)
		if (vt_streq(vdso_task_symbols[i].name, name))
			return vt_vdso_sym(&image, vdso_task_symbols[i].symbol,
					   vdso_task_symbols[i].version);
	return NULL;
}

static int not_after(const struct time64 *a, const struct time64 *b)
{
	return a->sec < b->sec || (a->sec == b->sec && a->nsec <= b->nsec);
}

static int one_clock(clock_fn fn, int clock)
{
	struct time64 before, now, after;
	int i;

	for (i = 0; i < 1000; i++) {
		if (bare_syscall(__NR_clock_gettime64, clock, &before) ||
		    fn(clock, &now) ||
		    bare_syscall(__NR_clock_gettime64, clock, &after))
			return 0;
		if (!not_after(&before, &now) || !not_after(&now, &after))
			return 0;
	}
	return 1;
}

static void check_clocks(void)
{
	clock_fn fn = (clock_fn)entry("clock_gettime64");
	unsigned int i, good = !!fn;

	for (i = 0; i < NR_CLOCKS && good; i++) {
		good = one_clock(fn, clocks[i]);
		if (!good)
			bare_note("vDSO and system call disagree on clock", clocks[i]);
	}
	bare_result(good, "clocks");
}

/* From here on clock_gettime() fails with EPERM; all other calls are allowed. */
static int refuse_clocks(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clock_gettime64, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clock_gettime, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	return bare_syscall(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1) ||
	       bare_syscall(__NR_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER,
			    &program);
}

static int clock_without_calls(void)
{
	clock_fn fn = (clock_fn)entry("clock_gettime64");
	struct time64 a, b;

	return !fn || refuse_clocks() ||
	       bare_syscall(__NR_clock_gettime64, 1, &a) != -1 ||
	       fn(1, &a) || fn(1, &b) || !not_after(&a, &b);
}

static void check_no_call(void)
{
	long pid = bare_fork();

	if (!pid)
		bare_exit(clock_without_calls());
	bare_result(bare_wait(pid) == 0, "clock-without-system-call");
}

/* The text of /proc/self/maps. [vvar] ends where the image begins. */
static char maps[16384];

static unsigned long read_maps(void)
{
	long fd = bare_syscall(__NR_open, "/proc/self/maps", 0), n;
	unsigned long size = 0;

	if (fd < 0)
		return 0;
	while (size < sizeof(maps) - 1 &&
	       (n = bare_syscall(__NR_read, fd, maps + size,
				 sizeof(maps) - 1 - size)) > 0)
		size += n;
	bare_syscall(__NR_close, fd);
	return size;
}

static const char *hex(const char *p, unsigned long *value)
{
	for (*value = 0;; p++) {
		if (*p >= '0' && *p <= '9')
			*value = *value << 4 | (*p - '0');
		else if (*p >= 'a' && *p <= 'f')
			*value = *value << 4 | (*p - 'a' + 10);
		else
			return p;
	}
}

static void check_vvar(void)
{
	unsigned long begin, end, size = 0;
	const char *line = maps, *name;

	read_maps();
	while (*line) {
		line = hex(hex(line, &begin) + 1, &end);
		name = line;
		while (*line && *line++ != '\n')
			if (*line == '[')
				name = line;
		if (name[0] == '[' && name[1] == 'v' && name[2] == 'v' &&
		    end == bare_sysinfo_ehdr)
			size = end - begin;
	}
	bare_note("bytes of [vvar]:", size);
	bare_result(size && size == VDSO_TASK_VVAR_PAGES * bare_page_size, "vvar");
}

/*
 * On any kernel an exec that sleeps late leaves the old program's thread pointer here:
 * only what may be the low half of a native thread's value is an error, which is the
 * distance of a record from record 0.
 */
static void check_tls_at_start(void)
{
	long distance = (long)tls_at_start;

	bare_note("thread pointer at the start:", tls_at_start);
	bare_result(distance >= 0 || distance < -RECORDS_SIZE, "tls-at-start");
}

static void check_tls_in_handler(int sig)
{
	(void)sig;
	handled++;
	if (tls() != 0x12345678)
		wrong_tls++;
}

static int alarm_every(long us)
{
	struct bare_itimerval it = { 0, us, 0, us };

	return bare_syscall(__NR_setitimer, 0, &it, 0);
}

/* System calls, signals and context switches must preserve the thread pointer. */
static int tls_changed(void)
{
	struct bare_sigaction sa = { .handler = check_tls_in_handler };
	long i;

	if (bare_syscall(__NR_rt_sigaction, SIGALRM_, &sa, 0, 8) ||
	    bare_syscall(SET_TLS, 0x12345678) || alarm_every(300))
		return 1;
	for (i = 0; (i < ROUNDS || handled < SIGNALS) && !wrong_tls; i++) {
		if (tls() != 0x12345678)
			wrong_tls++;
		if (i % 16 == 0)
			bare_syscall(__NR_sched_yield);
	}
	alarm_every(0);
	return wrong_tls;
}

/* Two processes, so that CPUs also switch from one AArch32 thread to another. */
static void check_tls(void)
{
	long pid = bare_fork();
	int bad = tls_changed();

	if (!pid)
		bare_exit(bad);
	bad |= bare_wait(pid);
	bare_note("signals:", handled);
	bare_result(!bad, "tls-is-kept");
}

static void check_exec_native(void)
{
	static const char *argv[] = { "./getcpu", NULL };
	long pid = bare_fork();
	int status;

	if (!pid) {
		long null = bare_syscall(__NR_open, "/dev/null", 1);

		bare_syscall(__NR_dup2, null, 1);
		bare_syscall(__NR_execve, argv[0], argv, argv + 1);
		bare_exit(127);
	}
	status = bare_wait(pid);
	bare_result(status == BARE_ALL_LATE ? BARE_LATE : !status, "exec-native");
}

int bare_main(int argc, char **argv)
{
	const char *fault;

	(void)argc;
	(void)argv;
	tls_at_start = tls();
	bare_plan(6);
	fault = bare_read_image(&image);
	if (fault)
		return bare_bail_out(fault);
	check_tls_at_start();
	check_clocks();
	check_no_call();
	check_vvar();
	check_tls();
	check_exec_native();
	return bare_finish();
}
