/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The CPU-time clocks by vDSO and by system call, and readers that check one
 * against the other.
 */
#ifndef VDSO_TASK_CPUTIME_H
#define VDSO_TASK_CPUTIME_H

#include "vt.h"

/* Clocks with an ID in them, as libcs make them; @id 0: the caller's. */
#define CPUTIME_THREAD(id)	((clockid_t)(~(unsigned int)(id) << 3 | 6))
#define CPUTIME_PROCESS(id)	((clockid_t)(~(unsigned int)(id) << 3 | 2))

/* Errors are negative, and so smaller than every time. */
int64_t cputime_vdso(clockid_t clock);
int64_t cputime_raw(clockid_t clock);

typedef int (*cputime_fn)(clockid_t clock, struct timespec *ts);

/* The functions of this process's vDSO, after cputime_init(). */
extern cputime_fn cputime_gettime, cputime_getres;

/* VT_PASS, or the result to return. Calls none of them. */
int cputime_init(void);

/*
 * Can user mode compute the scheduler's clock here, by what the kernel says elsewhere?
 * VT_PASS, or a reason to skip what only an answer by the vDSO can show.
 */
int cputime_expected(void);

/*
 * Calls until the caller's record, and on x86 the slot, has what @clock, one of the
 * caller's two, needs. A result.
 */
int cputime_promote(clockid_t clock);

/* Does it have that now? */
bool cputime_is_promoted(clockid_t clock);

/**
 * struct cputime_reader - a thread that reads a clock again and again
 * @clock:	which
 * @last:	greatest time that this reader ever got, by either way
 * @reads:	by the vDSO
 * @wrong:	a reading was less than an earlier one, as the rest says
 * @what:	which order was violated
 * @by:		by how many nanoseconds
 */
struct cputime_reader {
	clockid_t clock;
	int64_t last;
	unsigned long reads;
	bool wrong;
	const char *what;
	int64_t by;
};

/*
 * One system call, @n vDSO calls, one system call: none may return less than the
 * one before. False once that happened.
 */
bool cputime_bracket(struct cputime_reader *r, unsigned int n);

/* One vDSO call: it must not return less than the call before. */
bool cputime_read(struct cputime_reader *r);

/* A result; adds a note of how much was read. */
int cputime_report(const struct cputime_reader *r, unsigned int n,
		   const char *what);

/* The time a case may take for what it does again and again, -t. */
extern unsigned int cputime_seconds;
uint64_t cputime_end(unsigned int share);

/* cputime_test.c, one thread */
int check_answered(const void *arg);
int check_alone(const void *arg);
int check_own_ids(const void *arg);
int check_other_ids(const void *arg);
int check_bad_ids(const void *arg);
int check_bad_pointers(const void *arg);
int check_resolution(const void *arg);

/* cputime_threads.c */
int check_moving(const void *arg);
int check_wakeups(const void *arg);
int check_forced_wakeup(const void *arg);
int check_forced(const void *arg);
int check_classes(const void *arg);
int check_deadline(const void *arg);
int check_unplugged(const void *arg);
int check_throttled(const void *arg);
int check_balanced(const void *arg);
int check_retuned(const void *arg);
int check_unstable(const void *arg);

/* cputime_process.c */
int check_second_thread(const void *arg);
int check_thread_alone(const void *arg);
int check_thread_of_many(const void *arg);
int check_two_stay_unpromoted(const void *arg);
int check_threads_come_and_go(const void *arg);
int check_foreign_reader(const void *arg);
int check_exit(const void *arg);
int check_exec(const void *arg);
int check_own_timer(const void *arg);
int check_foreign_timer(const void *arg);
int check_foreign_timers(const void *arg);
int check_sum_stops(const void *arg);
int cputime_after_exec(const char *told);

/* cputime_policy.c */
int check_no_counter(const void *arg);
int check_no_counter_thread(const void *arg);
int check_no_counter_child(const void *arg);
int check_filtered(const void *arg);
int check_traced(const void *arg);
int check_stepped(const void *arg);

#endif /* VDSO_TASK_CPUTIME_H */
