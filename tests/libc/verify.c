// SPDX-License-Identifier: GPL-2.0
/*
 * Compares the id functions of the libc that it is linked with to the system calls.
 *
 *   verify [-c]     compares each function with its system call, everywhere that
 *                   a cached id would be wrong; exits with 1 if one of them differs
 *   verify calls N  calls each N times and nothing else, for strace to count
 *   verify count N  calls each N times once the process is promoted, and prints
 *                   the increase of the kernel's fallback_* counters and of the
 *                   program's context switches
 *
 * -c: gettid may be the parent's in vfork's and clone's children, as in a libc
 * that stores it in its thread structure.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATS "/sys/kernel/debug/vdso_task/stats"
#define THREADS 4
#define ROUNDS 200
#define WARMUP 64

#ifdef SYS_getuid32
#define NR_ID(name) SYS_##name##32
#else
#define NR_ID(name) SYS_##name
#endif

typedef unsigned int (*id_fn)(void);

#define WRAP(name)                                \
	static unsigned int call_##name(void)     \
	{                                         \
		return (unsigned int)name();      \
	}
WRAP(getpid)
WRAP(gettid)
WRAP(getppid)
WRAP(getuid)
WRAP(geteuid)
WRAP(getgid)
WRAP(getegid)

static const struct {
	const char *name;
	id_fn call;
	long nr;
} ids[] = {
	{ "getpid", call_getpid, SYS_getpid },
	{ "gettid", call_gettid, SYS_gettid },
	{ "getppid", call_getppid, SYS_getppid },
	{ "getuid", call_getuid, NR_ID(getuid) },
	{ "geteuid", call_geteuid, NR_ID(geteuid) },
	{ "getgid", call_getgid, NR_ID(getgid) },
	{ "getegid", call_getegid, NR_ID(getegid) },
};

#define NR_IDS (sizeof(ids) / sizeof(ids[0]))

static int tid_cached;
static unsigned int parent_tid;

/*
 * The number of answers that differ from the system call's. They are reported by
 * write() only, as vfork's children call this, too.
 */
static int compare(const char *where, int shared_tls)
{
	char line[128];
	int bad = 0;

	for (size_t i = 0; i < NR_IDS; i++) {
		unsigned int got = ids[i].call();
		unsigned int want = (unsigned int)syscall(ids[i].nr);
		int n;

		if (got == want)
			continue;
		if (shared_tls && tid_cached && ids[i].nr == SYS_gettid &&
		    got == parent_tid)
			continue;
		n = snprintf(line, sizeof(line), "%s: %s %u, system call %u\n",
			     where, ids[i].name, got, want);
		if (write(2, line, n) != n)
			bad++;
		bad++;
	}
	return bad;
}

static int rounds(const char *where, int shared_tls)
{
	int bad = 0;

	for (int i = 0; i < ROUNDS && !bad; i++)
		bad = compare(where, shared_tls);
	return bad;
}

static int status_of(const char *where, pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		perror(where);
		return 1;
	}
	if (WIFSIGNALED(status))
		fprintf(stderr, "%s: signal %d\n", where, WTERMSIG(status));
	return status != 0;
}

static int in_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(rounds("fork", 0) != 0);
	return status_of("fork", pid);
}

static int in_vfork(void)
{
	pid_t pid = vfork();

	if (pid == 0)
		_exit(rounds("vfork", 1) != 0);
	return status_of("vfork", pid) + rounds("after vfork", 0);
}

static int clone_child(void *unused)
{
	(void)unused;
	return rounds("clone", 1) != 0;
}

/* Another process with the parent's memory, including its thread pointer. */
static int in_clone(void)
{
	static _Alignas(16) char stack[256 * 1024];
	pid_t pid = clone(clone_child, stack + sizeof(stack),
			  CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);

	return status_of("clone", pid) + rounds("after clone", 0);
}

static void *thread(void *unused)
{
	(void)unused;
	return (void *)(long)rounds("thread", 0);
}

static int in_threads(void)
{
	pthread_t all[THREADS];
	int bad = 0;

	for (int i = 0; i < THREADS; i++) {
		if (pthread_create(&all[i], NULL, thread, NULL))
			return 1;
	}
	bad += rounds("beside threads", 0);
	for (int i = 0; i < THREADS; i++) {
		void *result;

		if (pthread_join(all[i], &result) || result)
			bad++;
	}
	return bad;
}

/*
 * The parent exits when the child has compared its answers once, which the child
 * signals through `compared`; `result` returns the verdict on the orphan.
 */
static int as_orphan(void)
{
	int compared[2], result[2];
	char bad = 1;
	pid_t pid;

	if (pipe(compared) || pipe(result))
		return 1;
	pid = fork();
	if (pid == 0) {
		pid_t parent = getpid();

		if (fork()) {
			close(compared[1]);
			bad = rounds("orphan's parent", 0) != 0;
			_exit(read(compared[0], &(char){ 0 }, 1) != 1 || bad);
		}
		bad = rounds("before the parent dies", 0) != 0;
		bad |= write(compared[1], "", 1) != 1;
		while ((pid_t)syscall(SYS_getppid) == parent)
			sched_yield();
		bad |= rounds("orphan", 0) != 0;
		_exit(write(result[1], &bad, 1) != 1);
	}
	close(compared[1]);
	close(result[1]);
	if (status_of("orphan's parent", pid) || read(result[0], &bad, 1) != 1)
		bad = 1;
	close(result[0]);
	close(compared[0]);
	return bad;
}

static int with_other_ids(void)
{
	pid_t pid;

	if (geteuid() != 0) {
		puts("ids: not root, so they were not changed");
		return 0;
	}
	pid = fork();
	if (pid == 0) {
		if (compare("before setuid", 0) || setresgid(1201, 1202, 1203) ||
		    setresuid(1301, 1302, 1303))
			_exit(1);
		if (getuid() != 1301 || geteuid() != 1302 ||
		    getgid() != 1201 || getegid() != 1202)
			_exit(2);
		_exit(rounds("after setuid", 0) != 0);
	}
	return status_of("setuid", pid);
}

static int verify(void)
{
	static int (*const places[])(void) = {
		in_fork, in_vfork, in_clone, in_threads, as_orphan, with_other_ids,
	};
	int bad;

	parent_tid = (unsigned int)syscall(SYS_gettid);
	bad = rounds("main", 0);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		fflush(stdout);
		bad += places[i]();
	}
	bad += rounds("at the end", 0);
	puts(bad ? "verify: FAILED" : "verify: all answers are the kernel's");
	return bad != 0;
}

static void call_each(long times)
{
	for (size_t i = 0; i < NR_IDS; i++) {
		for (long n = 0; n < times; n++)
			ids[i].call();
	}
}

struct counter {
	char key[32];
	long value;
};

static int read_stats(struct counter *all, int max)
{
	FILE *file = fopen(STATS, "r");
	int n = 0;

	if (!file)
		return 0;
	while (n < max &&
	       fscanf(file, "%31s %ld", all[n].key, &all[n].value) == 2)
		n++;
	fclose(file);
	return n;
}

static long switches(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_THREAD, &usage)) {
		perror("getrusage");
		exit(2);
	}
	return usage.ru_nvcsw + usage.ru_nivcsw;
}

static int count(long times)
{
	struct counter before[32], after[32];
	long switched;
	int n;

	call_each(WARMUP);
	switched = switches();
	n = read_stats(before, 32);
	call_each(times);
	if (!n || read_stats(after, 32) != n) {
		perror(STATS);
		return 2;
	}
	printf("switches %ld\n", switches() - switched);
	for (int i = 0; i < n; i++) {
		if (!strncmp(before[i].key, "fallback_", 9))
			printf("%s %ld\n", before[i].key,
			       after[i].value - before[i].value);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "calls")) {
		call_each(atol(argv[2]));
		return 0;
	}
	if (argc == 3 && !strcmp(argv[1], "count"))
		return count(atol(argv[2]));
	tid_cached = argc == 2 && !strcmp(argv[1], "-c");
	if (argc == 1 || tid_cached)
		return verify();
	fprintf(stderr, "usage: %s [-c | calls N | count N]\n", argv[0]);
	return 2;
}
