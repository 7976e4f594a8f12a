// SPDX-License-Identifier: GPL-2.0
/* Functions in assembly, so that their number of instructions is fixed. */
#include <sys/syscall.h>

#define STRING_(x)	#x
#define STRING(x)	STRING_(x)
#define FUNCTION(name, body)				\
	__asm__(".pushsection .text\n"			\
		".globl " #name "\n"			\
		".type " #name ", %function\n"		\
		".balign 64\n"				\
		#name ":\n" body			\
		".popsection\n")

#if defined(__x86_64__)
FUNCTION(bench_nothing, "ret\n");
FUNCTION(bench_call, "mov %rdi, %rax\nsyscall\nret\n");
FUNCTION(bench_clock_call, "mov $" STRING(__NR_clock_gettime) ", %eax\nsyscall\nret\n");
#elif defined(__aarch64__)
FUNCTION(bench_nothing, "ret\n");
FUNCTION(bench_call, "mov x8, x0\nsvc #0\nret\n");
FUNCTION(bench_clock_call, "mov x8, #" STRING(__NR_clock_gettime) "\nsvc #0\nret\n");
#endif
