// SPDX-License-Identifier: GPL-2.0
/*
 * Linked with glibc's objects of these calls; defines the vDSO pointers that glibc's
 * startup sets: every function of the vDSO returns NUMBER, in a full register.
 *
 *	objects NUMBER [ID]
 *
 * Prints each function's result and that of its system call. ID: the process sets its
 * user and group ID to that number first, as root.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static long number;

static long constant(void)
{
	return number;
}

#define IDS(X) \
	X(getpid) X(gettid) X(getppid) X(getuid) X(geteuid) X(getgid) X(getegid)
#define POINTER(name) long (*_dl_vdso_##name)(void) = constant;
IDS(POINTER)

#define SHOW(name) \
	printf(#name " %u %u\n", (unsigned int)name(), \
	       (unsigned int)syscall(SYS_##name));

static void set_ids(unsigned int id)
{
	if (!setresgid(id, id, id) && !setresuid(id, id, id))
		return;
	perror("setresuid");
	exit(2);
}

int main(int argc, char **argv)
{
	if (argc != 2 && argc != 3)
		return 2;
	number = atol(argv[1]);
	if (argc == 3)
		set_ids(strtoul(argv[2], NULL, 10));
	IDS(SHOW)
	return 0;
}
