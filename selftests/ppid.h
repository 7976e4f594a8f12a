/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the cases of the program `ppid`: a parent that exits while its child's
 * threads read.
 */
#ifndef VDSO_TASK_PPID_H
#define VDSO_TASK_PPID_H

#include "ids.h"

#define PPID_MAX_STAGES	4
#define PPID_MAX_READERS	32

/**
 * struct family - shared by all processes of a case
 * @parents:	correct answers of getppid(), in the order in which they become so
 * @last:	index of the last of them
 * @observed:	index of the answer that a task has seen to be correct, stored with
 *		release: no call after an acquire of it may return an earlier one
 * @promoted:	threads of the child whose records answer
 * @die:	the parent must exit
 * @finished:	threads of the child that have read long enough after the last change
 * @wrong:	threads of the child that got a wrong answer
 * @got:	one such answer
 * @got_observed:	index that the thread had observed before the call that returned @got
 * @child:	the child's pid
 * @readers:	threads of the child that read the vDSO
 * @poller:	one more thread calls the system call and stores @observed
 * @pinned:	each reader stays on a CPU
 * @race_refresh:	the first reader invalidates its own answers, sets @die and calls:
 *		it refreshes while the parent exits
 * @exit_delay_us:	the parent waits for so long before it exits
 */
struct family {
	int parents[PPID_MAX_STAGES];
	int last;
	volatile int observed;
	volatile int promoted;
	volatile int die;
	volatile int finished;
	volatile int wrong;
	volatile int got;
	volatile int got_observed;
	volatile int child;
	int readers;
	bool poller;
	bool pinned;
	bool race_refresh;
	unsigned int exit_delay_us;
};

/* ppid_family.c */
extern int (*ppid_fn)(void);

/* Looks up getppid() and gets this thread a record. VT_PASS or the result. */
int ppid_setup(void);
struct family *ppid_family(void);

/* Body of the child: starts its threads and reads until past the last change. */
int ppid_child_body(struct family *f);

/* Waits until the child's threads have records; until they have read, and checks. */
int ppid_await_promoted(struct family *f);
int ppid_check_readers(struct family *f);

/* Starts a parent, which forks a child and exits after @f->die is set; its pid or -1. */
pid_t ppid_start_parent(struct family *f);

/*
 * fork(), or clone() with @flags. Both processes return once @f->child is stored. A
 * child of vt_child() would be killed when its parent exits.
 */
pid_t ppid_fork(struct family *f, unsigned long flags);

/* Pid of the process that adopts a grandchild when its parent exits; -1 after a message. */
int ppid_reaper(void);

/* ppid_test.c: one round from fork to check, with the answers @f->parents[0..1]. */
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
