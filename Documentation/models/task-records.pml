/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Task records: record, slot, invalidation and refresh, for an exhaustive search by
 * spin.
 *
 * Two CPUs, the threads A and B of one mm, writers that change an answer of A from
 * elsewhere, and an observer who sees the change and tells A. What stands for what,
 * what is left out and why that is sound: Documentation/models.rst. Names are those of
 * kernel/vdso/publish.c, invalidate.c and refresh.c.
 *
 * A has three answers, and each of its vDSO calls looks at all three:
 *
 *   own   who it is: never changes, differs between threads (tid)
 *   val   changed by the writers, counts the changes (ppid)
 *   uid   changed by A itself (uid)
 *
 * Memory is one for all CPUs. A store may wait in its CPU's buffer and leaves it
 * in any order; an increment is such a store. smp_mb() and a context switch empty
 * the buffer. Loads between two barriers are made in any order.
 *
 * Every step between two interrupts is one atomic { } or d_step { }.
 *
 *   -DWRITERS=n -DCHANGES=n   how many change something, and how often each
 *   -DREGISTER                a register leads to the record, and no slot
 *   -DBROKEN_x                one thing is wrong
 *   -DCHECK_x                 only this assertion, else all
 *   -DWITNESS_x               asserts that something never happens which must
 */

#ifndef WRITERS
#define WRITERS		1
#endif
#ifndef CHANGES
#define CHANGES		2
#endif

#if !defined(CHECK_MINE) && !defined(CHECK_TOLD) && !defined(CHECK_NOW) && \
	!defined(CHECK_OWN) && !defined(CHECK_PLACE)
#define CHECK_MINE	/* an answer is A's own */
#define CHECK_TOLD	/* it does not contradict what A was told before */
#define CHECK_NOW	/* the system call would have said so during the call */
#define CHECK_OWN	/* it is what A made it */
#define CHECK_PLACE	/* a slot is written by its CPU, for the thread that runs there */
#endif

/* What a slot leads to: nothing, A's record, B's. */
#define NONE		0
#define MINE		1
#define OTHER		2

/* Where A runs: on CPU 0 or 1, or on none. */
#define OFF		2
#define running()	(where < OFF)

byte where = OFF;
bit irqs_off[2];

/* The slots, once the area exists. */
bit area;
byte slot_record[2];

/*
 * A is reading slot[cpu]. In place of seq: does the slot still have the one that A
 * loaded? A comparison of counts that never come round would say the same.
 */
#define NO_CPU		2

byte cpu = NO_CPU;
bit same;

/* The record of A: is there an answer, and which. */
bit has_record;			/* A itself knows that */
bit rec_val_valid, rec_uid_valid;
byte rec_val;
bit rec_uid;

/* vdso_task of A, and what the system calls of A say. */
bit T_record;
byte T_begin, T_end, val;
bit uid;

/* Stores that wait: A's to T_record and its record, each writer's to the others. */
bit wait_T_record;
bit wait_rec;
byte new_val;
bit new_uid;
bit wait_T_begin[WRITERS], wait_zero[WRITERS];
bit wait_val[WRITERS], wait_T_end[WRITERS];

#include "publish.pml"
#include "reader.pml"
#include "invalidate.pml"

init
{
	atomic {
		run Cpu(0);
		run Cpu(1);
		run Reader();
		run Writer(0);
#if WRITERS > 1
		run Writer(1);
#endif
#if defined(CHECK_TOLD)
		run Observer();
#endif
		run Buffers()
	}
}
