/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Task records: the read of the CPU time where the counter also yields the CPU number,
 * for an exhaustive search by spin. See arch/x86/vdso/task_counter.h.
 *
 * Two CPUs, the threads A and B of one mm. A reads. A CPU's stores become visible in
 * program order, as on x86. Time passes between any two steps, or not. A stint is the
 * time from A being switched in to A being switched out.
 *
 *   -DBROKEN_x    with one defect
 *   -DWITNESS_x   asserts that a state is never reached which must be
 */

#define LATEST		5	/* the time at which the search ends */
#define STINTS		3	/* of A */

/* The record that a slot leads to, and its base; A's is the number of A's stint. */
#define NONE		0
#define MINE		1
#define OTHER		2
#define OTHERS_BASE	(STINTS + 1)

#define OFF		2
#define running()	(where < OFF)

byte now = 1;
byte where = OFF;
byte stint;			/* of A, from 1 */

byte stamp[2], record[2], base[2];

/* The counter. A runqueue's clock may lag behind it: its update may be skipped. */
#if defined(BROKEN_RQ_CLOCK)
byte rq_clock[2] = 1;
#define counter(c)	rq_clock[c]
#else
#define counter(c)	now
#endif

proctype Time()
{
end:	do
	:: d_step { now < LATEST -> now++ }
#if defined(BROKEN_RQ_CLOCK)
	:: d_step { rq_clock[0] = now }
	:: d_step { rq_clock[1] = now }
#endif
	od
}

proctype Cpu(bit me)
{
end:	do
	:: d_step { where == me -> where = OFF }

	/* To A: one step, as A does not run yet. */
	:: d_step {
		where == OFF && stint < STINTS ->
		stint++;
		stamp[me] = counter(me);
		record[me] = MINE;
		base[me] = stint;
		where = me
	   }

	/* To B, whose time is exposed. */
	:: where != me ->
#if !defined(BROKEN_STAMP_LATE)
	   stamp[me] = counter(me);	/* kernel: base.seq base.stamp base.clock */
#endif
	   record[me] = OTHER;		/* kernel: base.record */
	   base[me] = OTHERS_BASE;	/* kernel: base.base */
#if defined(BROKEN_STAMP_LATE)
	   stamp[me] = counter(me)
#endif

	/* To B, whose time is not. */
	:: where != me ->
#if defined(BROKEN_RECORD_FIRST)
	   record[me] = OTHER;
	   base[me] = 0
#else
	   base[me] = 0;		/* kernel: publish.seq publish.base */
	   record[me] = OTHER		/* kernel: publish.record */
#endif

	/* A's time is not exposed, or IRQ time was accounted; then a refresh. */
	:: d_step { where == me -> base[me] = 0 }
	:: d_step {
		where == me && base[me] == 0 ->
		/* kernel: refresh.record refresh.expose refresh.store refresh.publish */
		stamp[me] = counter(me);
		base[me] = stint
	   }
	od
}

proctype Reader()
{
	byte t, c, r, b, m, mine;

end:	do
	:: d_step { running() -> t = now; c = where; mine = stint }	/* kernel: sample.counter */
#if defined(BROKEN_BASE_FIRST)
	   d_step { running() -> b = base[c] }
	   d_step { running() -> r = record[c] }
#else
	   d_step { running() -> r = record[c] }	/* kernel: sample.record */
	   d_step { running() -> b = base[c] }	/* kernel: sample.base */
#endif
	   d_step { running() -> m = stamp[c] }	/* kernel: valid.stamp */
	   atomic {
		if
#if defined(BROKEN_NO_STAMP)
		:: b ->
#elif defined(BROKEN_SAME_TIME)
		:: b && m <= t ->
#else
		:: b && m < t ->
#endif
#if defined(WITNESS_ANSWER)
			assert(false);
#elif defined(WITNESS_MOVED)
			assert(where == c);
#elif defined(WITNESS_LATER)
			assert(stint == mine);
#endif
			assert(r == MINE && b == mine)
		:: else
		fi;
		t = 0; c = 0; r = 0; b = 0; m = 0; mine = 0
	   }
	od
}

init
{
	atomic {
		run Time();
		run Cpu(0);
		run Cpu(1);
		run Reader()
	}
}
