/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The CPU-time clocks by vDSO and by system call, and readers that compare the two.
 */
#ifndef VDSO_TASK_CPUTIME_H
#define VDSO_TASK_CPUTIME_H

#include "vt.h"

/* Clock IDs that contain a PID or TID, as libcs make them; @id 0: the caller's. */
#define CPUTIME_THREAD(id)	((clockid_t)(~(unsigned int)(id) << 3 | 6))
#define CPUTIME_PROCESS(id)	((clockid_t)(~(unsigned int)(id) << 3 | 2))

/* Nanoseconds, or a negative error, which is smaller than every time. */
int64_t cputime_vdso(clockid_t clock);
int64_t cputime_raw(clockid_t clock);

typedef int (*cputime_fn)(clockid_t clock, struct timespec *ts);

/* The functions of this process's vDSO, after cputime_init(). */
extern cputime_fn cputime_gettime, cputime_getres;

/* VT_PASS, or the result to return. Calls none of the functions. */
int cputime_init(void);

/*
 * Can user mode compute the scheduler's clock here, according to other files of the
 * kernel? VT_PASS, or VT_SKIP with a reason, for cases that need answers by the vDSO.
 */
int cputime_expected(void);

/*
 * Calls until the caller's record (on x86 with its CPU's slot) answers @clock, which is
 * one of the caller's own two. A result.
 */
int cputime_promote(clockid_t clock);

/* Does the record answer @clock now? */
bool cputime_is_promoted(clockid_t clock);

/**
 * struct cputime_reader - a thread that reads a clock repeatedly
 * @clock:	the clock
 * @last:	last reading, by vDSO or system call
 * @reads:	number of reads by the vDSO
 * @wrong:	a reading was less than the one before; @what and @by are set
 * @what:	the violated order
 * @by:		difference in nanoseconds
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
 * one before. False if one did, now or earlier.
 */
bool cputime_bracket(struct cputime_reader *r, unsigned int n);

/* One vDSO call: it must not return less than the call before. */
bool cputime_read(struct cputime_reader *r);

/* Was no reading less than the one before? A result. */
int cputime_check(const struct cputime_reader *r);

/* The same for @n readers that must have read; prints the number of reads. */
int cputime_report(const struct cputime_reader *r, unsigned int n,
		   const char *what);

/* Duration of the loops of a case (-t), of which cputime_end() takes 1/@share. */
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
int check_cputimer_stops(const void *arg);
int cputime_after_exec(const char *reading);

/* cputime_policy.c */
int check_no_counter(const void *arg);
int check_no_counter_thread(const void *arg);
int check_no_counter_child(const void *arg);
int check_filtered(const void *arg);
int check_traced(const void *arg);
int check_stepped(const void *arg);

#endif /* VDSO_TASK_CPUTIME_H */
