/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of a libc as the 32-bit programs need: none is installed for them.
 * Start-up, system calls, and KTAP output.
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
#else
/* x32: registers are wider than long, and a pointer has no sign. */
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
extern unsigned long bare_sysinfo, bare_sysinfo_ehdr;

void bare_exit(int status) __attribute__((noreturn));
void bare_print(const char *s);
void bare_print_number(long n);
void *bare_memset(void *p, int c, unsigned long n);

/* KTAP: the plan, a line for a case, and the exit status of it all. */
void bare_plan(unsigned int n);
void bare_result(int good, const char *name);
void bare_skip(const char *name, const char *why, const char *what);
void bare_note(const char *text, long number);
int bare_finish(void);

/* Bytes of the image that AT_SYSINFO_EHDR points to, whole pages. */
unsigned long bare_image_size(void);

/* Forks; in the child returns 0. Waits: exit status, or 128 + signal. */
long bare_fork(void);
int bare_wait(long pid);

/* Each program has it; the result is the exit status. */
int bare_main(int argc, char **argv);

#endif /* VDSO_TASK_BARE_H */
