/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A read by the vDSO is stopped before one of its instructions: by a hardware
 * breakpoint, in whose signal handler an event takes place.
 */
#ifndef VDSO_TASK_BREAKPOINTS_H
#define VDSO_TASK_BREAKPOINTS_H

#include "ids.h"

#define BP_MAX_STEPS	256
#define BP_AT_ONCE	3

enum bp_kind { BP_ID, BP_CPU, BP_THREAD_TIME, BP_PROCESS_TIME };

/* What is read, by the function of the vDSO and by the system call @nr. */
struct bp_entry {
	const char *name;
	enum bp_kind kind;
	long nr;
	void *fn;
};

/* Between attempts: what makes calls slow must come to its end. */
static inline void bp_pause(void)
{
	vt_sleep_ms(1);
}

#define BP_MAX_ENTRIES	(VT_MAX_IDS + 3)

extern struct bp_entry bp_entries[BP_MAX_ENTRIES];
extern unsigned int bp_nr_entries;

/* Where the reader is at home, and where else it goes. */
extern int bp_home, bp_away;

/*
 * All entries that a record may answer, and two CPUs. VT_PASS or the result to return;
 * calls none of the entries.
 */
int bp_init(void);

/* Errors are negative. */
int64_t bp_vdso(const struct bp_entry *e);
int64_t bp_raw(const struct bp_entry *e);

/*
 * Right before a read whose way must be that without a system call, when all else is
 * done: an interrupt takes the clocks away up to the next system call, and on a slow
 * machine one comes while a breakpoint is set. Returns the answer.
 */
static inline int64_t bp_get_ready(const struct bp_entry *e)
{
	return bp_raw(e);
}

/* The CPU time of process @pid, by the system call. */
int64_t bp_process_time(pid_t pid);

static inline bool bp_is_time(const struct bp_entry *e)
{
	return e->kind == BP_THREAD_TIME || e->kind == BP_PROCESS_TIME;
}

/* breakpoints_trap.c: the breakpoints of the calling thread, after bp_open(). */
typedef void (*bp_event)(void);

int bp_open(void);
bool bp_set(unsigned int which, unsigned long address, bp_event event);
void bp_clear(void);

/* Since bp_set(): was it hit, and before the other? */
bool bp_was_hit(unsigned int which);
bool bp_was_first(unsigned int which);

/**
 * struct bp_path - the instructions of a call that makes no system call
 * @entry:	what is called
 * @n:		how many there are
 * @step:	their addresses, in the order in which they are executed
 */
struct bp_path {
	const struct bp_entry *entry;
	unsigned int n;
	unsigned long step[BP_MAX_STEPS];
};

/* breakpoints_path.c */
int bp_find_path(const struct bp_entry *e, struct bp_path *path);

/* breakpoints_peer.c: a process that shares the reader's memory. */
enum bp_order {
	BP_PEER_READ,		/* reads all entries on the reader's home CPU */
	BP_PEER_REPLACE,	/* has one such process exit there, and a new one read */
	BP_PEER_TIMER,		/* makes a timer for the reader's process, and deletes it */
	BP_PEER_END,
};

/* The peer reads nothing before the first bp_peer(). */
int bp_start_peer(void);
/* No effect after BP_PEER_END. */
void bp_peer(enum bp_order order);

/* breakpoints_events.c: each event at each instruction, a result. */
int bp_events(const struct bp_path *path);

/* breakpoints_once.c: events that a process can go through once only. */
int bp_events_once(const struct bp_path *path);

/* breakpoints_first.c: events in the first read of a thread, which has no record. */
int bp_events_first(const struct bp_path *path);

#endif /* VDSO_TASK_BREAKPOINTS_H */
