/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Task records: record, slot, invalidation and refresh, for an exhaustive search by
 * spin.
 *
 * Two CPUs, the threads A and B of one mm, writers on other CPUs that change an answer
 * of A, and an observer that reads the new answer and sends it to A in a message.
 * Documentation/models.rst describes the abstractions and why they are sound. Names are
 * those of kernel/vdso/publish.c, invalidate.c and refresh.c.
 *
 * A has three answers, and each of its vDSO calls reads all three:
 *
 *   own   the thread's identity: never changes, differs between threads (tid)
 *   val   changed by the writers, counts the changes (ppid)
 *   uid   changed by A itself (uid)
 *
 * All CPUs share one memory. Stores wait in their CPU's buffer and leave it in any
 * order; an increment is such a store. smp_mb() and a context switch drain the
 * buffer. Loads between two barriers are made in any order.
 *
 * Every step between two interrupts is one atomic { } or d_step { }.
 *
 *   -DWRITERS=n -DCHANGES=n   number of writers, and of the changes by each
 *   -DREGISTER                a register leads to the record, and no slot
 *   -DBROKEN_x                with one defect
 *   -DCHECK_x                 only this assertion, else all
 *   -DWITNESS_x               asserts that a state is never reached which must be
 */

#ifndef WRITERS
#define WRITERS		1
#endif
#ifndef CHANGES
#define CHANGES		2
#endif

#if !defined(CHECK_MINE) && !defined(CHECK_CAUSAL) && !defined(CHECK_NOW) && \
	!defined(CHECK_OWN) && !defined(CHECK_PLACE)
#define CHECK_MINE	/* an answer is A's own */
#define CHECK_CAUSAL	/* it is not older than a message that A received before */
#define CHECK_NOW	/* the system call would have returned it during the call */
#define CHECK_OWN	/* it is the value that A set */
#define CHECK_PLACE	/* a slot is written by its CPU, for the thread that runs there */
#endif

/* A slot leads to no record, to A's or to B's. */
#define NONE		0
#define MINE		1
#define OTHER		2

/* A runs on CPU 0, on CPU 1, or on none. */
#define OFF		2
#define running()	(where < OFF)

byte where = OFF;
bit irqs_off[2];

/* The slots, once the area exists. */
bit area;
byte slot_record[2];

/*
 * A is reading slot[cpu]. One bit replaces seq: does the slot still have the seq that A
 * loaded? A comparison of counts that never wrap has the same result.
 */
#define NO_CPU		2

byte cpu = NO_CPU;
bit same;

/* The record of A: whether it has each answer, and the answer. */
bit has_record;			/* as A itself sees it */
bit rec_val_valid, rec_uid_valid;
byte rec_val;
bit rec_uid;

/* vdso_task of A, and the results of A's system calls. */
bit T_record;
byte T_begin, T_end, val;
bit uid;

/* Stores in the buffers: A's to T_record and its record, each writer's to the rest. */
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
#if defined(CHECK_CAUSAL)
		run Observer();
#endif
		run Buffers()
	}
}
