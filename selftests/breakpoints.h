/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A hardware breakpoint stops a vDSO read before one of its instructions, and an event
 * takes place in the breakpoint's signal handler.
 */
#ifndef VDSO_TASK_BREAKPOINTS_H
#define VDSO_TASK_BREAKPOINTS_H

#include "ids.h"

#define BP_MAX_STEPS	256
#define BP_AT_ONCE	3

enum bp_kind { BP_ID, BP_CPU, BP_THREAD_TIME, BP_PROCESS_TIME };

/* An answer that is read: by the vDSO function @fn and by the system call @nr. */
struct bp_entry {
	const char *name;
	enum bp_kind kind;
	long nr;
	void *fn;
};

/* Between attempts, so that the cause of a fallback has time to end. */
static inline void bp_pause(void)
{
	vt_sleep_ms(1);
}

#define BP_MAX_ENTRIES	(VT_MAX_IDS + 3)

extern struct bp_entry bp_entries[BP_MAX_ENTRIES];
extern unsigned int bp_nr_entries;

/* The CPU that the reader is pinned to, and the one that events move it to. */
extern int bp_home_cpu, bp_other_cpu;

/*
 * Fills bp_entries with all entries that a record may answer and picks the two CPUs.
 * VT_PASS or the result to return; calls none of the entries.
 */
int bp_init(void);

/* Errors are negative. */
int64_t bp_vdso(const struct bp_entry *e);
int64_t bp_raw(const struct bp_entry *e);

/*
 * Refreshes the record by the system call. To be called last before a read that must not
 * fall back: an interrupt clears base until the next refresh, and on a slow machine one
 * comes while a breakpoint is being set. Returns the answer.
 */
static inline int64_t bp_refresh(const struct bp_entry *e)
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

/* Since bp_set(): was it hit, and was it the first one hit? */
bool bp_was_hit(unsigned int which);
bool bp_was_first(unsigned int which);

/**
 * struct bp_path - the instructions of a call that does not fall back
 * @entry:	the entry that is called
 * @n:		number of instructions
 * @step:	their addresses in execution order
 */
struct bp_path {
	const struct bp_entry *entry;
	unsigned int n;
	unsigned long step[BP_MAX_STEPS];
};

/* breakpoints_path.c */
int bp_find_path(const struct bp_entry *e, struct bp_path *path);

/* breakpoints_peer.c: a process that shares the reader's memory. */
enum bp_request {
	BP_PEER_READ,		/* read all entries on bp_home_cpu */
	BP_PEER_REPLACE,	/* let another such process exit there, and a new one read */
	BP_PEER_TIMER,		/* create a timer of the reader's process and delete it */
	BP_PEER_END,
};

/* The peer reads nothing before the first bp_peer(). */
int bp_start_peer(void);
/* Returns when the peer has handled @request. No effect after BP_PEER_END. */
void bp_peer(enum bp_request request);

/* breakpoints_events.c: each event at each instruction; returns a result. */
int bp_events(const struct bp_path *path);

/* breakpoints_once.c: events that can happen to a process only once. */
int bp_events_once(const struct bp_path *path);

/* breakpoints_first.c: events in the first read of a thread, which has no record yet. */
int bp_events_first(const struct bp_path *path);

#endif /* VDSO_TASK_BREAKPOINTS_H */
