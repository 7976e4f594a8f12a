// SPDX-License-Identifier: GPL-2.0
/*
 * The system call entry that AT_SYSINFO points to, and the two functions that return
 * from a signal handler, in a 32-bit program.
 *
 * Fails when: the ia32 image's landing pads are not where the kernel expects them
 * (restarted, fork, sigreturn), the entry clobbers registers, or the image was moved
 * relative to AT_SYSINFO. Runs once for each CPU model: `landing-pad` prints which
 * instruction the kernel has chosen.
 */
#include "bare.h"
#include "symbols.h"

#define SIGUSR1_	10
#define SIGALRM_	14
#define SA_SIGINFO_	0x4
#define SA_RESTART_	0x10000000
#define EFAULT_		14
#define EINTR_		4
#define EBADF_		9

static struct vt_vdso image;

static long vsyscall(long nr, long a, long b, long c, long d, long e)
{
	long ret;

	__asm__ volatile("call *%[entry]"
			 : "=a"(ret)
			 : "0"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e),
			   [entry] "m"(bare_sysinfo)
			 : "memory", "cc");
	return ret;
}

static const char *instruction(const unsigned char *p, unsigned long n)
{
	unsigned long i;

	for (i = 0; i + 1 < n; i++) {
		if (p[i] == 0x0f && p[i + 1] == 0x34)
			return "sysenter";
		if (p[i] == 0x0f && p[i + 1] == 0x05)
			return "syscall";
		if (p[i] == 0xcd && p[i + 1] == 0x80)
			return "int80";
	}
	return NULL;
}

/* AT_SYSINFO points to the table's vsyscall; prints the instruction there. */
static void check_landing_pad(void)
{
	const vt_sym_t *s = NULL;
	const char *how;
	unsigned int i;

	for (i = 0; i < VT_NR_SYMBOLS && !s; i++)
		if (vt_streq(vdso_task_symbols[i].name, "vsyscall"))
			s = vt_vdso_lookup(&image, VT_SYSV_HASH,
					   vdso_task_symbols[i].symbol,
					   vdso_task_symbols[i].version);
	how = s ? instruction(image.base + s->st_value, s->st_size) : NULL;
	bare_print("# landing-pad: ");
	bare_print(how ? how : "none");
	bare_print("\n");
	bare_result(how && (unsigned long)image.base + s->st_value ==
		    bare_sysinfo, "landing-pad");
}

static void check_getpid(void)
{
	long want = bare_syscall(__NR_getpid), got = 0;
	int i;

	for (i = 0; i < 1000; i++) {
		got = vsyscall(__NR_getpid, 0, 0, 0, 0, 0);
		if (got != want)
			break;
	}
	bare_result(got == want, "getpid");
}

static void check_errors(void)
{
	int good;

	good = vsyscall(__NR_close, -1, 0, 0, 0, 0) == -EBADF_;
	good &= vsyscall(__NR_write, 1, 1, 1, 0, 0) == -EFAULT_;
	good &= vsyscall(9999, 0, 0, 0, 0, 0) ==
		bare_syscall(9999, 0, 0, 0, 0, 0);
	bare_result(good, "failing-calls");
}

/* The entry preserves EBP and the five argument registers. */
static void check_registers(void)
{
	unsigned long b = 0x11111111, c = 0x22222222, d = 0x33333333;
	unsigned long si = 0x44444444, di = 0x55555555, bp;
	long ret;

	__asm__ volatile("pushl %%ebp\n\t"
			 "movl $0x66666666, %%ebp\n\t"
			 "call *%[entry]\n\t"
			 "xchgl %%ebp, (%%esp)\n\t"
			 "popl %[bp]"
			 : "=a"(ret), "+b"(b), "+c"(c), "+d"(d), "+S"(si),
			   "+D"(di), [bp] "=m"(bp)
			 : "0"(__NR_getppid), [entry] "m"(bare_sysinfo)
			 : "memory", "cc");
	bare_result(ret == bare_syscall(__NR_getppid) && b == 0x11111111 &&
		    c == 0x22222222 && d == 0x33333333 && si == 0x44444444 &&
		    di == 0x55555555 && bp == 0x66666666, "registers");
}

static void check_fork(void)
{
	long parent = bare_syscall(__NR_getpid);
	long pid = vsyscall(__NR_fork, 0, 0, 0, 0, 0);

	if (!pid)
		bare_exit(vsyscall(__NR_getpid, 0, 0, 0, 0, 0) == parent ||
			  vsyscall(__NR_getppid, 0, 0, 0, 0, 0) != parent);
	bare_result(pid > 0 && !bare_wait(pid), "fork");
}

static volatile int handled, bad_handler;
static volatile unsigned long return_address;

static void note_return(void *address)
{
	return_address = (unsigned long)address;
	handled++;
}

static __attribute__((regparm(0))) void plain_handler(int sig)
{
	bad_handler += sig != SIGUSR1_ && sig != SIGALRM_;
	note_return(__builtin_return_address(0));
}

static __attribute__((regparm(0))) void info_handler(int sig, void *info,
						     void *context)
{
	bad_handler += *(int *)info != sig || !context;
	note_return(__builtin_return_address(0));
}

static long set_handler(int sig, void *handler, unsigned long flags)
{
	struct bare_sigaction sa = { handler, flags, NULL, { 0, 0 } };

	return bare_syscall(__NR_rt_sigaction, sig, &sa, NULL,
			    sizeof(sa.mask));
}

/* The handler returns to the vDSO's function for its kind of frame. */
static void check_return(const char *slug, void *handler, unsigned long flags,
			 const char *entry)
{
	const struct vdso_task_symbol *s = NULL;
	unsigned long fn;
	unsigned int i;
	long pid = bare_syscall(__NR_getpid);
	int before = handled;

	for (i = 0; i < VT_NR_SYMBOLS; i++)
		if (vt_streq(vdso_task_symbols[i].name, entry))
			s = &vdso_task_symbols[i];
	fn = s ? (unsigned long)vt_vdso_sym(&image, s->symbol, s->version) : 0;
	set_handler(SIGUSR1_, handler, flags);
	for (i = 0; i < 100; i++)
		vsyscall(__NR_kill, pid, SIGUSR1_, 0, 0, 0);
	bare_result(fn && handled == before + 100 && !bad_handler &&
		    return_address == fn, slug);
}

/* A timer signal interrupts a read(), which restarts if @flags has SA_RESTART. */
static long interrupted_read(unsigned long flags, int fd)
{
	struct bare_itimerval it = { 0, 0, 0, 50000 };
	char byte;

	set_handler(SIGALRM_, plain_handler, flags);
	bare_syscall(__NR_setitimer, 0, &it, NULL);
	return vsyscall(__NR_read, fd, (long)&byte, 1, 0, 0);
}

static void check_restart(void)
{
	struct { long long sec, nsec; } delay = { 1, 0 };
	int fds[2], before = handled;
	int status;
	long pid, got;

	if (bare_syscall(__NR_pipe, fds)) {
		bare_result(0, "interrupted");
		bare_result(0, "restarted");
		return;
	}
	got = interrupted_read(0, fds[0]);
	bare_result(got == -EINTR_ && handled == before + 1, "interrupted");
	pid = bare_fork();
	if (!pid) {
		bare_syscall(__NR_clock_nanosleep_time64, 1, 0, &delay, NULL);
		bare_exit(bare_syscall(__NR_write, fds[1], "x", 1) != 1);
	}
	got = interrupted_read(SA_RESTART_, fds[0]);
	status = bare_wait(pid);
	bare_note("read returns", got);
	bare_note("handlers run", handled - before);
	if (got == 1 && handled == before + 1 && !status)
		bare_result(BARE_LATE, "restarted");	/* the timer came too late */
	else
		bare_result(got == 1 && handled == before + 2 && !status,
			    "restarted");
}

int bare_main(int argc, char **argv)
{
	const char *fault;

	(void)argc;
	(void)argv;
	bare_plan(9);
	fault = bare_read_image(&image);
	if (fault || !bare_sysinfo)
		return bare_bail_out(fault ? fault : "no AT_SYSINFO");
	check_landing_pad();
	check_getpid();
	check_errors();
	check_registers();
	check_fork();
	check_return("sigreturn", plain_handler, 0, "sigreturn");
	check_return("rt-sigreturn", info_handler, SA_SIGINFO_, "rt_sigreturn");
	check_restart();
	return bare_finish();
}
