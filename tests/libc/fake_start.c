// SPDX-License-Identifier: GPL-2.0
/*
 * Starts a static program with AT_SYSINFO_EHDR pointing to the image FAKE (a file's
 * name), as a kernel with that vDSO does. Prints each function's result and that of
 * its system call; the first line is a call before libc's start. An argument is the
 * number to which the process sets its user and group ID, as root.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

__asm__(".pushsection .text.fake, \"ax\", %progbits\n"
	".balign 65536\n"
	"fake_image: .incbin \"" FAKE "\"\n"
	".balign 65536\n"
	".popsection\n");
extern const char fake_image[] __attribute__((visibility("hidden")));

#if defined(__x86_64__)
__asm__(".globl fake_start\n"
	"fake_start:\n"
	"	mov %rsp, %rdi\n"
	"	call fake_auxv\n"
	"	jmp _start\n");
#elif defined(__aarch64__)
__asm__(".globl fake_start\n"
	"fake_start:\n"
	"	mov x0, sp\n"
	"	bl fake_auxv\n"
	"	b _start\n");
#else
#error "not written for this architecture"
#endif

static pid_t early;

/* Under an emulator without a vDSO, AT_CLKTCK's entry is replaced, which is unused. */
__attribute__((used, visibility("hidden"))) void fake_auxv(unsigned long *sp)
{
	unsigned long *word = sp + 1 + *sp + 1, *entry, *spare = NULL;

	early = getpid();
	while (*word)
		word++;
	for (entry = word + 1; *entry; entry += 2) {
		if (*entry == AT_CLKTCK && !spare)
			spare = entry;
		if (*entry == AT_SYSINFO_EHDR)
			spare = entry;
	}
	spare[0] = AT_SYSINFO_EHDR;
	spare[1] = (unsigned long)fake_image;
}

#define SHOW(name) \
	printf(#name " %u %u\n", (unsigned int)name(), \
	       (unsigned int)syscall(SYS_##name))

static void set_ids(unsigned int id)
{
	if (!setresgid(id, id, id) && !setresuid(id, id, id))
		return;
	perror("setresuid");
	exit(2);
}

int main(int argc, char **argv)
{
	if (argc == 2)
		set_ids(strtoul(argv[1], NULL, 10));
	printf("early %u %u\n", (unsigned int)early,
	       (unsigned int)syscall(SYS_getpid));
	for (int again = 0; again < 2; again++) {
		SHOW(getpid);
		SHOW(gettid);
		SHOW(getppid);
		SHOW(getuid);
		SHOW(geteuid);
		SHOW(getgid);
		SHOW(getegid);
	}
	return 0;
}
