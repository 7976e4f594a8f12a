// SPDX-License-Identifier: GPL-2.0
/* The C library's clock under a filter of its system calls: the vDSO must answer. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef __NR_clock_gettime64
#define __NR_clock_gettime64 __NR_clock_gettime
#endif

int main(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clock_gettime64, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clock_gettime, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };
	long long raw[2];
	struct timespec now;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
		perror("filter");
		return 2;
	}
	if (!syscall(__NR_clock_gettime64, CLOCK_MONOTONIC, raw)) {
		puts("the system call is not refused");
		return 2;
	}
	if (clock_gettime(CLOCK_MONOTONIC, &now)) {
		puts("clock_gettime() made the system call");
		return 1;
	}
	printf("%lld s by the vDSO\n", (long long)now.tv_sec);
	return 0;
}
