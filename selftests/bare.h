/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The part of a libc that the 32-bit programs need, as none is installed for them:
 * start-up, system calls, and KTAP output.
 */
#ifndef VDSO_TASK_BARE_H
#define VDSO_TASK_BARE_H

#include <linux/types.h>
#include <asm/unistd.h>

#ifndef NULL
#define NULL	((void *)0)
#endif

#if defined(__i386__)
static inline long bare_syscall5(long nr, long a, long b, long c, long d,
				 long e)
{
	long ret;

	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "0"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
			 : "memory");
	return ret;
}
#elif defined(__arm__)
static inline long bare_syscall5(long nr, long a, long b, long c, long d,
				 long e)
{
	register long r7 __asm__("r7") = nr;
	register long r0 __asm__("r0") = a;
	register long r1 __asm__("r1") = b;
	register long r2 __asm__("r2") = c;
	register long r3 __asm__("r3") = d;
	register long r4 __asm__("r4") = e;

	__asm__ volatile("svc 0"
			 : "+r"(r0)
			 : "r"(r7), "r"(r1), "r"(r2), "r"(r3), "r"(r4)
			 : "memory");
	return r0;
}
#else
/* x32: registers are wider than long; a pointer must not be sign-extended. */
static inline __u64 bare_wide(long value)
{
	return (unsigned long)value;
}

static inline long long bare_syscall5(long nr, long a, long b, long c, long d,
				      long e)
{
	register __u64 r10 __asm__("r10") = bare_wide(d);
	register __u64 r8 __asm__("r8") = bare_wide(e);
	long long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"((long long)nr), "D"(bare_wide(a)),
			   "S"(bare_wide(b)), "d"(bare_wide(c)), "r"(r10),
			   "r"(r8)
			 : "rcx", "r11", "memory");
	return ret;
}
#endif

#define bare_syscall(nr, ...)	bare_pad(nr, ##__VA_ARGS__, 0, 0, 0, 0, 0)
#define bare_pad(nr, a, b, c, d, e, ...)				\
	bare_syscall5(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))

/* From the auxiliary vector; 0 where absent. */
extern unsigned long bare_sysinfo, bare_sysinfo_ehdr, bare_page_size;

void bare_exit(int status) __attribute__((noreturn));
void bare_print(const char *s);
void bare_print_number(long n);
void *bare_memset(void *p, int c, unsigned long n);

/*
 * KTAP: the plan, a line for each case, and the program's exit status, as in vt_run().
 * A case failed (0), passed (1), or only exceeded a time limit (BARE_LATE).
 */
#define BARE_LATE	2
#define BARE_ALL_LATE	124

void bare_plan(unsigned int n);
void bare_result(int result, const char *name);
void bare_skip(const char *name, const char *why, const char *what);
void bare_note(const char *text, long number);
int bare_finish(void);

/* Prints why no further case can run; returns the exit status for that. */
int bare_bail_out(const char *why);

/* The argument of rt_sigaction(). Without a restorer the kernel uses its own. */
struct bare_sigaction {
	void *handler;
	unsigned long flags;
	void *restorer;
	unsigned long mask[2];
};

/* The argument of setitimer(), except on x32, whose long is shorter. */
struct bare_itimerval {
	long interval_sec, interval_usec;
	long value_sec, value_usec;
};

/* Size of the image at AT_SYSINFO_EHDR in bytes, in whole pages. */
unsigned long bare_image_size(void);

/* Reads that image; returns NULL, or an error message. */
struct vt_vdso;
const char *bare_read_image(struct vt_vdso *image);

/* fork(): 0 in the child. wait4(): the exit status, 128 + signal, or -1. */
long bare_fork(void);
int bare_wait(long pid);

/* Binds the caller to its current CPU and returns the number; -1 on failure. */
long bare_bind_to_own_cpu(void);

/* Each program defines it; it returns the exit status. */
int bare_main(int argc, char **argv);

#endif /* VDSO_TASK_BARE_H */
