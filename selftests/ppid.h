/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the cases of the program `ppid` share: a family of which the parent dies
 * while the child's threads read.
 */
#ifndef VDSO_TASK_PPID_H
#define VDSO_TASK_PPID_H

#include "ids.h"

#define PPID_MAX_STAGES	4
#define PPID_MAX_READERS	32

/**
 * struct family - shared by all processes of a case
 * @parents:	answers of getppid(), in the order in which they become true
 * @last:	index of the last of them
 * @told:	index of the answer that a thread knew to be true when it stored
 *		it here, with release: an earlier one must not come any more
 * @promoted:	threads of the child that are answered by their records
 * @die:	the parent shall exit, at once
 * @finished:	threads of the child that read long enough past the last change
 * @wrong:	threads of the child that got a wrong answer
 * @got:	one such answer
 * @got_told:	what was told before the call that gave it
 * @child:	the child's pid
 * @readers:	threads of the child that read the vDSO
 * @poller:	one thread more that reads the system call, and tells
 * @pinned:	each reader stays on a CPU
 * @race_refresh:	the first reader invalidates its own answers, orders the parent to
 *		die and calls: it refreshes while the parent dies
 * @linger_us:	the parent hesitates for so long
 */
struct family {
	int parents[PPID_MAX_STAGES];
	int last;
	volatile int told;
	volatile int promoted;
	volatile int die;
	volatile int finished;
	volatile int wrong;
	volatile int got;
	volatile int got_told;
	volatile int child;
	int readers;
	bool poller;
	bool pinned;
	bool race_refresh;
	unsigned int linger_us;
};

/* ppid_family.c */
extern int (*ppid_fn)(void);

/* Looks up getppid() and gets this thread a record. VT_PASS or the result. */
int ppid_setup(void);
struct family *ppid_family(void);

/* Body of the child: starts its threads and reads until all has been told. */
int ppid_read_on(struct family *f);

/* Waits until the child's threads have records; for its end, and judges what it saw. */
int ppid_await_promoted(struct family *f);
int ppid_judge(struct family *f);

/* Pid of a new parent, which forks a child and dies when told; -1. */
pid_t ppid_start_parent(struct family *f);

/*
 * Forks, with @flags for clone(). Both go on when @f->child is known. Not
 * vt_child(), whose children die with their parent.
 */
pid_t ppid_fork(struct family *f, unsigned long flags);

/* Who becomes the parent of a grandchild whose parent dies; -1 after a message. */
int ppid_reaper(void);

/* ppid_test.c: all of it once, with the answers @f->parents[0..1]. */
int ppid_orphan(struct family *f);

/* ppid_race.c */
int check_race_writer(const void *arg);
int check_race_refresh(const void *arg);
int check_crowd(const void *arg);

/* ppid_reparent.c */
int check_clone_parent(const void *arg);
int check_forking_thread(const void *arg);
int check_nested_reapers(const void *arg);
int check_pid_namespace(const void *arg);
int check_outside_parent(const void *arg);

/* ppid_notify.c */
int check_death_signal(const void *arg);
int check_message(const void *arg);

#endif /* VDSO_TASK_PPID_H */
