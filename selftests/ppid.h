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
 * struct family - shared by all processes of a round
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
 * @point:	delay point, for the child in a race_refresh, else for the parent; NULL: none
 * @delay_us:	the delay there
 * @round:	number of the round in its case, from 0
 * @parent_body:	what the parent does; NULL: forks the child and waits for @die
 * @child_body:	what the child does; NULL: its threads read until past the last change
 * @child_flags:	of the clone() that creates the child; 0: fork()
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
	const char *point;
	unsigned int delay_us;
	int round;
	int (*parent_body)(void *f);
	int (*child_body)(struct family *f);
	unsigned long child_flags;
};

/* ppid_family.c */
extern int (*ppid_fn)(void);

/*
 * Looks up getppid() and gets this thread a record; ppid_setup_reaper() also makes the
 * process adopt orphans. VT_PASS or the result.
 */
int ppid_setup(void);
int ppid_setup_reaper(void);

/*
 * Runs @n rounds of a case, each with a family that is a copy of *@start, and reaps the
 * children that are left after each. A result.
 */
int ppid_rounds(int n, const struct family *start, int (*round)(struct family *f));

/*
 * A round: the parent exits once the child's threads have records; then checks what they
 * read, with the answers @f->parents[0..1].
 */
int ppid_orphan(struct family *f);

/* Waits until the child's threads have records; until they have read, and checks. */
int ppid_await_promoted(struct family *f);
int ppid_check_readers(struct family *f);

/* Starts the parent; returns its pid or -1. */
pid_t ppid_start_parent(struct family *f);

/*
 * Starts the child, and returns in the parent once @f->child is stored. A child of
 * vt_child() would be killed when its parent exits.
 */
void ppid_start_child(struct family *f);

/* Pid of the process that adopts a grandchild when its parent exits; -1 after a message. */
int ppid_reaper(void);

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
