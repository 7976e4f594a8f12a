// SPDX-License-Identifier: MIT
/*
 * Calls the library from an IFUNC resolver, a constructor, a signal handler, threads
 * that all make the first call, and children of fork(), vfork() and clone(). Prints
 * answers that differ from the system calls. Compiles as C and C++.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vdsox.h>

#include "vdsox_calls.h"

#define NR_THREADS	8
#define STACK_SIZE	65536
#define SOME_ERRNO	77

static long early_pid;
static volatile sig_atomic_t handler_bad = -1;

/* The number of answers that differ; async-signal-safe. */
static int differences(void)
{
	unsigned int cpu = ~0u;
	int bad = 0;

	errno = SOME_ERRNO;
#define DIFFERS_RECORD(name, nr, result)                                         \
	bad += vdsox_##name() != (result)syscall(nr);
#define DIFFERS_CODE(name, nr, result)
#define DIFFERS_BASE(name, nr, result)
#define DIFFERS(name, NAME, KIND, symbol, version, nr, result, shown, passed,  \
		all, sent)                                                     \
	DIFFERS_##KIND(name, nr, result)
	VDSOX_CALLS(DIFFERS)
	bad += vdsox_getcpu(&cpu, NULL) != 0 || cpu == ~0u;
	return bad + (errno != SOME_ERRNO);
}

#ifdef WITH_IFUNC
static int chosen(void)
{
	return 1;
}

static int not_chosen(void)
{
	return 0;
}

#ifdef __cplusplus
extern "C" {
#endif
/* A resolver may call no other library function. */
static int (*choose(void))(void)
{
	return vdsox_gettid() > 0 ? chosen : not_chosen;
}

int by_ifunc(void) __attribute__((ifunc("choose")));
#ifdef __cplusplus
}
#endif
#endif

__attribute__((constructor)) static void constructor(void)
{
	early_pid = vdsox_getpid();
}

static int report(const char *where, int bad)
{
	if (bad)
		printf("%s: %d differ\n", where, bad);
	return bad != 0;
}

static int wait_for(pid_t pid)
{
	int status = 0;

	if (pid < 0 || waitpid(pid, &status, __WALL) != pid)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static void handler(int signal)
{
	(void)signal;
	handler_bad = differences();
}

/* The child makes its first calls in a signal handler. */
static int from_handler(void)
{
	pid_t pid = fork();

	if (pid)
		return wait_for(pid);
	signal(SIGUSR1, handler);
	raise(SIGUSR1);
	_exit(handler_bad);
}

static void *thread(void *barrier)
{
	pthread_barrier_wait((pthread_barrier_t *)barrier);
	return (void *)(long)differences();
}

/* All threads start with an empty cache. */
static int from_threads(void)
{
	pthread_barrier_t barrier;
	pthread_t threads[NR_THREADS];
	int i, bad = 0;

	pthread_barrier_init(&barrier, NULL, NR_THREADS);
	for (i = 0; i < NR_THREADS; i++)
		if (pthread_create(&threads[i], NULL, thread, &barrier))
			return 1;
	for (i = 0; i < NR_THREADS; i++) {
		void *result;

		pthread_join(threads[i], &result);
		bad += (int)(long)result;
	}
	pthread_barrier_destroy(&barrier);
	return bad;
}

static int from_fork(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(differences());
	return wait_for(pid);
}

static int from_vfork(void)
{
	pid_t pid = vfork();

	if (!pid)
		_exit(differences());
	return wait_for(pid);
}

static int from_raw_clone(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (!pid)
		_exit(differences());
	return wait_for(pid);
}

static int clone_body(void *unused)
{
	(void)unused;
	return differences();
}

static int from_clone_vm(void)
{
	static char stack[STACK_SIZE] __attribute__((aligned(64)));

	pid_t pid = clone(clone_body, stack + sizeof(stack), CLONE_VM | SIGCHLD,
			  NULL);

	/* User-mode emulators fail with EINVAL; Linux accepts these flags. */
	return pid < 0 && errno == EINVAL ? 0 : wait_for(pid);
}

static int about_entries(void)
{
	const enum vdsox_entry none = (enum vdsox_entry)VDSOX_NR_ENTRIES;
	unsigned int i;
	int bad = vdsox_entry_count() != VDSOX_NR_ENTRIES;

	for (i = 0; i < vdsox_entry_count(); i++)
		bad += vdsox_entry_source((enum vdsox_entry)i) < 0 ||
		       !vdsox_entry_name((enum vdsox_entry)i);
	return bad + (vdsox_entry_source(none) != -EINVAL) +
	       (vdsox_entry_name(none) != NULL) +
	       (vdsox_entry_source((enum vdsox_entry)-1) != -EINVAL);
}

int main(void)
{
	int bad = report("constructor", early_pid != syscall(SYS_getpid));

	bad += report("handler", from_handler());
	bad += report("threads", from_threads());
	bad += report("main", differences());
	bad += report("fork", from_fork());
	bad += report("vfork", from_vfork());
	bad += report("raw clone", from_raw_clone());
	bad += report("CLONE_VM", from_clone_vm());
	bad += report("entries", about_entries());
#ifdef WITH_IFUNC
	bad += report("ifunc", !by_ifunc());
#endif
	return bad ? 1 : 0;
}
