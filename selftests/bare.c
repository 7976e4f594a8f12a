// SPDX-License-Identifier: GPL-2.0
/* See bare.h. */
#include "bare.h"
#include "parse_task_vdso.h"

#define AT_NULL			0
#define BARE_AT_PAGESZ		6
#define BARE_AT_SYSINFO		32
#define BARE_AT_SYSINFO_EHDR	33

unsigned long bare_sysinfo, bare_sysinfo_ehdr, bare_page_size;

static unsigned int planned, done, failed, late, skipped;

#if defined(__i386__)
__asm__(".globl _start\n"
	"_start:\n"
	"	xorl %ebp, %ebp\n"
	"	movl %esp, %eax\n"
	"	andl $-16, %esp\n"
	"	subl $12, %esp\n"
	"	pushl %eax\n"
	"	call bare_start\n"
	"	hlt\n");
#elif defined(__arm__)
__asm__(".globl _start\n"
	"_start:\n"
	"	mov fp, #0\n"
	"	mov lr, #0\n"
	"	mov r0, sp\n"
	"	bic r1, r0, #7\n"
	"	mov sp, r1\n"
	"	bl bare_start\n"
	"	udf #0\n");
#else
__asm__(".globl _start\n"
	"_start:\n"
	"	xorl %ebp, %ebp\n"
	"	movl %esp, %edi\n"
	"	andl $-16, %esp\n"
	"	call bare_start\n"
	"	hlt\n");
#endif

void bare_start(unsigned long *sp);

void bare_start(unsigned long *sp)
{
	int argc = sp[0];
	char **argv = (char **)(sp + 1);
	unsigned long *p = sp + 1 + argc + 1;

	while (*p++)
		;
	for (; p[0] != AT_NULL; p += 2) {
		if (p[0] == BARE_AT_SYSINFO)
			bare_sysinfo = p[1];
		if (p[0] == BARE_AT_SYSINFO_EHDR)
			bare_sysinfo_ehdr = p[1];
		if (p[0] == BARE_AT_PAGESZ)
			bare_page_size = p[1];
	}
	bare_exit(bare_main(argc, argv));
}

void bare_exit(int status)
{
	for (;;)
		bare_syscall(__NR_exit_group, status);
}

void *bare_memset(void *p, int c, unsigned long n)
{
	unsigned char *b = p;

	while (n--)
		*b++ = c;
	return p;
}

/* The compiler calls it for large initialisers. */
void *memset(void *p, int c, unsigned long n);
void *memset(void *p, int c, unsigned long n)
{
	return bare_memset(p, c, n);
}

void bare_print(const char *s)
{
	unsigned long n = 0;

	while (s[n])
		n++;
	bare_syscall(__NR_write, 1, s, n);
}

void bare_print_number(long n)
{
	unsigned long u = n < 0 ? -(unsigned long)n : (unsigned long)n;
	char buf[24];
	int i = sizeof(buf);

	buf[--i] = 0;
	do {
		buf[--i] = '0' + u % 10;
		u /= 10;
	} while (u);
	if (n < 0)
		buf[--i] = '-';
	bare_print(buf + i);
}

void bare_plan(unsigned int n)
{
	planned = n;
	bare_print("TAP version 13\n1..");
	bare_print_number(n);
	bare_print("\n");
}

static void line(const char *verdict, const char *name)
{
	bare_print(verdict);
	bare_print_number(++done);
	bare_print(" ");
	bare_print(name);
}

void bare_result(int result, const char *name)
{
	failed += !result;
	late += result == BARE_LATE;
	line(result == 1 ? "ok " : "not ok ", name);
	bare_print(result == BARE_LATE ? " # TIMEOUT time limit exceeded\n" : "\n");
}

void bare_skip(const char *name, const char *why, const char *what)
{
	skipped++;
	line("ok ", name);
	bare_print(" # SKIP ");
	bare_print(why);
	bare_print(what);
	bare_print("\n");
}

void bare_note(const char *text, long number)
{
	bare_print("# ");
	bare_print(text);
	bare_print(" ");
	bare_print_number(number);
	bare_print("\n");
}

int bare_finish(void)
{
	bare_note("failed", failed);
	bare_note("late", late);
	bare_note("skipped", skipped);
	if (failed || done != planned)
		return 1;
	return late ? BARE_ALL_LATE : 0;
}

int bare_bail_out(const char *why)
{
	bare_print("Bail out! ");
	bare_print(why);
	bare_print("\n");
	return 1;
}

/* The kernel maps the one segment and, behind it, the section headers. */
unsigned long bare_image_size(void)
{
	const vt_ehdr_t *eh = (const vt_ehdr_t *)bare_sysinfo_ehdr;
	const vt_phdr_t *ph;
	unsigned long size;
	int i;

	if (!eh)
		return 0;
	size = eh->e_shoff + eh->e_shnum * eh->e_shentsize;
	ph = (const vt_phdr_t *)(bare_sysinfo_ehdr + eh->e_phoff);
	for (i = 0; i < eh->e_phnum; i++)
		if (ph[i].p_type == PT_LOAD && ph[i].p_memsz > size)
			size = ph[i].p_memsz;
	return (size + 4095) & ~4095ul;
}

const char *bare_read_image(struct vt_vdso *image)
{
	return vt_vdso_init(image, (const void *)bare_sysinfo_ehdr,
			    bare_image_size());
}

long bare_fork(void)
{
	return bare_syscall(__NR_fork);
}

int bare_wait(long pid)
{
	int status = 0;

	if (pid < 0 || bare_syscall(__NR_wait4, pid, &status) != pid)
		return -1;
	return status & 0x7f ? 128 + (status & 0x7f) : status >> 8 & 0xff;
}

long bare_bind_to_own_cpu(void)
{
	static __u64 mask[64];
	unsigned int cpu = 0;

	bare_syscall(__NR_getcpu, &cpu, NULL, NULL);
	bare_memset(mask, 0, sizeof(mask));
	mask[cpu / 64] = 1ull << cpu % 64;
	if (bare_syscall(__NR_sched_setaffinity, 0, sizeof(mask), mask) < 0)
		return -1;
	bare_syscall(__NR_sched_yield);
	return cpu;
}
