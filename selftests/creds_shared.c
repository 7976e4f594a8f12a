// SPDX-License-Identifier: GPL-2.0
/* Threads with different credentials in one mm, and a keyring set by a child. */
#include <errno.h>
#include <linux/keyctl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "creds.h"
#include "stats.h"

#define WORKERS		8
#define CHANGES		150
#define READS		200
#define STACK_SIZE	65536
#define KEY_ROUNDS	15

#ifndef KEY_SPEC_SESSION_KEYRING
#define KEY_SPEC_SESSION_KEYRING	-3
#endif

/* Sets the ids of this thread only: the C library's wrapper would set all threads'. */
static struct creds set_thread_ids(unsigned int uid, unsigned int gid)
{
	vt_raw3(__NR_setresgid, gid, gid + 1, gid);
	vt_raw3(__NR_setresuid, uid, uid + 1, uid);
	return (struct creds){ uid, uid + 1, gid, gid + 1 };
}

static volatile int wrong_thread, stop;
static volatile int tids[WORKERS];

/* Prints nothing: callers run concurrently, some without libc state of their own. */
static bool reads_match(const struct creds *want, int rounds)
{
	struct vt_answers all;
	int i;

	/* vDSO first: a system call would refresh a stale record. */
	all = vt_vdso_answers();
	if (creds_raw().euid != want->euid ||
	    all.v[vt_id_index("geteuid")] != (int)want->euid ||
	    all.v[vt_id_index("getuid")] != (int)want->uid ||
	    all.v[vt_id_index("getgid")] != (int)want->gid ||
	    all.v[vt_id_index("getegid")] != (int)want->egid)
		return false;
	for (i = 0; i < rounds; i++)
		if (vt_wrong(&all) >= 0)
			return false;
	return true;
}

static void *change_and_read(void *arg)
{
	unsigned int number = (unsigned long)arg, i;

	vt_store(&tids[number], vt_raw0(__NR_gettid));
	for (i = 0; i < CHANGES && !vt_load(&wrong_thread); i++) {
		struct creds mine = set_thread_ids(1000 * (number + 1) + i,
						   100000 * (number + 1) + i);

		if (!reads_match(&mine, READS))
			vt_store(&wrong_thread, number + 1);
	}
	return NULL;
}

static void *migrate_repeatedly(void *arg)
{
	int cpus[VT_MAX_CPUS], n = vt_cpus(cpus, VT_MAX_CPUS);
	unsigned int i, k = 0;

	(void)arg;
	while (!vt_load(&stop)) {
		for (i = 0; i < WORKERS; i += 2, k += 3)
			if (vt_load(&tids[i]))
				vt_pin_tid(tids[i], cpus[k % n]);
		sched_yield();
	}
	return NULL;
}

/* Each thread changes its own ids; the threads share the CPUs. */
int check_threads(const void *arg)
{
	pthread_t threads[WORKERS], migrator;
	struct creds root = { 0, 0, 0, 0 };
	int result = creds_setup();
	unsigned long i;

	(void)arg;
	if (result)
		return result;
	if (!vt_promote())
		return VT_FAIL;
	VT_NEED(!pthread_create(&migrator, NULL, migrate_repeatedly, NULL));
	for (i = 0; i < WORKERS; i++)
		VT_NEED(!pthread_create(&threads[i], NULL, change_and_read,
					(void *)i));
	for (i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
	vt_store(&stop, 1);
	pthread_join(migrator, NULL);
	VT_CHECK(!wrong_thread, "thread %d got ids that are not its own",
		 wrong_thread - 1);
	return vt_result(creds_are(&root, "the first thread"));
}

static volatile int child_wrong;

static int change_in_child(void *arg)
{
	unsigned int i;

	(void)arg;
	for (i = 0; i < 50; i++) {
		struct creds mine = set_thread_ids(3000 + i, 300000 + i);

		child_wrong += !reads_match(&mine, READS);
		vt_raw0(__NR_sched_yield);
	}
	return 0;
}

static __attribute__((noinline)) pid_t vfork_once(void)
{
	pid_t pid = vfork();

	if (!pid) {
		change_in_child(NULL);
		_exit(0);
	}
	return pid;
}

int check_vfork(const void *arg)
{
	struct creds root = { 0, 0, 0, 0 };
	int result = creds_setup(), i;

	(void)arg;
	if (result)
		return result;
	for (i = 0; i < 20; i++) {
		pid_t pid;

		if (!vt_promote())
			return VT_FAIL;
		pid = vfork_once();
		if (!creds_are(&root, "parent") || vt_reap(pid, "child"))
			return VT_FAIL;
	}
	VT_CHECK(!child_wrong, "%d wrong answers in children", child_wrong);
	return VT_PASS;
}

/* The child changes its ids while the parent reads. */
int check_clone_vm(const void *arg)
{
	struct vt_answers want;
	int result = creds_setup(), i;
	void *stack;

	(void)arg;
	if (result)
		return result;
	stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	VT_NEED(stack != MAP_FAILED);
	if (!vt_promote())
		return VT_FAIL;
	want = vt_raw_answers();
	for (i = 0; i < 20; i++) {
		pid_t pid = clone(change_in_child, (char *)stack + STACK_SIZE,
				  CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD,
				  NULL);

		VT_NEED(pid > 0);
		while (!waitpid(pid, NULL, WNOHANG))
			VT_CHECK(vt_same(&want, "parent"), "while a child ran");
	}
	VT_CHECK(!child_wrong, "%d wrong answers in children", child_wrong);
	return vt_result(vt_same_now("parent"));
}

static long session_key(void)
{
	return vt_raw3(__NR_keyctl, KEYCTL_GET_KEYRING_ID,
		       KEY_SPEC_SESSION_KEYRING, 0);
}

/* Prepares credentials with a new session keyring, which the parent installs. */
static int give_session(void *arg)
{
	(void)arg;
	VT_CHECK(vt_raw2(__NR_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) > 0,
		 "cannot join a new session keyring");
	VT_CHECK(!vt_raw2(__NR_keyctl, KEYCTL_SESSION_TO_PARENT, 0),
		 "KEYCTL_SESSION_TO_PARENT failed");
	return VT_PASS;
}

int check_session_key(const void *arg)
{
	int result = creds_setup(), i;
	struct vt_answers want;
	long before, invalidations;

	(void)arg;
	if (!result)
		result = vt_stats_init();
	if (result)
		return result;
	if (session_key() == -ENOSYS)
		return vt_skip("needs CONFIG_KEYS");
	for (i = 0; i < KEY_ROUNDS; i++) {
		struct vt_limit limit = vt_limit_ms(10000);
		pid_t pid;

		if (!vt_promote())
			return VT_FAIL;
		want = vt_raw_answers();
		before = session_key();
		invalidations = vt_stat("self_invalidate");
		pid = vt_child(give_session, NULL);
		/* No id system call in between: it would refresh a stale record. */
		do {
			if (vt_wrong(&want) >= 0)
				return vt_fail("wrong answer while the child ran");
		} while (!waitpid(pid, &result, WNOHANG));
		VT_CHECK(!result, "child: status %#x", result);
		while (session_key() == before)
			VT_IN_TIME(!vt_is_over(&limit), "no new session keyring");
		if (!vt_same(&want, "in the new session"))
			return VT_FAIL;
		VT_CHECK(vt_stat("self_invalidate") > invalidations,
			 "the new keyring invalidated no answers");
	}
	return VT_PASS;
}
