/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Task records: invalidation by another task, and the observer of the change. Part of
 * task-records.pml. Writers and observer have CPUs of their own, so that their steps
 * interleave with any two steps of A.
 */

#define smp_mb								\
	(!wait_T_begin[me] && !wait_zero[me] && !wait_val[me] && !wait_T_end[me])

#if defined(BROKEN_NO_MB_A)
#define smp_mb_a	true
#else
#define smp_mb_a	smp_mb
#endif
#if defined(BROKEN_NO_MB_B)
#define smp_mb_b	true
#else
#define smp_mb_b	smp_mb
#endif
#if defined(BROKEN_NO_MB_C)
#define smp_mb_c	true
#else
#define smp_mb_c	smp_mb
#endif

inline store(waits)
{
	d_step { !waits -> waits = 1 }
}

/* Zero the answer, if the writer finds a record of A. */
inline zero_answer()
{
	d_step { found = T_record }			/* kernel: begin.find */
	if
	:: found -> store(wait_zero[me]); found = 0	/* kernel: begin.zero */
	:: else
#if defined(WITNESS_UNFOUND)
		-> assert(!wait_T_record)
#endif
	fi
}

proctype Writer(byte me)
{
	byte n = CHANGES;
	bit found;

end:	do
	:: d_step { n > 0 -> n-- }
#if defined(BROKEN_BEGIN_AFTER)
	   store(wait_val[me]);
	   smp_mb;
#endif
#if defined(BROKEN_ZERO_FIRST)
	   zero_answer();
	   smp_mb;
	   store(wait_T_begin[me]);
	   smp_mb_b;
#elif defined(BROKEN_NO_ZERO)
	   store(wait_T_begin[me]);
	   smp_mb_a;
	   smp_mb_b;
#else
	   store(wait_T_begin[me]);			/* kernel: begin.count */
	   smp_mb_a;					/* kernel: begin.A */
	   zero_answer();
	   smp_mb_b;					/* kernel: begin.B */
#endif
#if !defined(BROKEN_BEGIN_AFTER)
	   store(wait_val[me]);
	   smp_mb_c;					/* kernel: end.C */
#endif
	   store(wait_T_end[me])			/* kernel: end.count */
	od
}

#define DRAIN(variable, waits)	d_step { waits -> variable++; waits = 0 }
#define DRAIN_ZERO(waits)	d_step { waits -> rec_val_valid = 0; rec_val = 0; waits = 0 }

/* The store buffers of the writers' CPUs and of A's. */
proctype Buffers()
{
end:	do
	:: DRAIN(T_record, wait_T_record)
	:: d_step {
		wait_rec ->
		rec_val = new_val; rec_uid = new_uid;
		rec_val_valid = 1; rec_uid_valid = 1;
		wait_rec = 0; new_val = 0; new_uid = 0
	   }
	:: DRAIN(T_begin, wait_T_begin[0])
	:: DRAIN_ZERO(wait_zero[0])
	:: DRAIN(val, wait_val[0])
	:: DRAIN(T_end, wait_T_end[0])
#if WRITERS > 1
	:: DRAIN(T_begin, wait_T_begin[1])
	:: DRAIN_ZERO(wait_zero[1])
	:: DRAIN(val, wait_val[1])
	:: DRAIN(T_end, wait_T_end[1])
#endif
	od
}

#if defined(CHECK_CAUSAL)
/* A system call that reads A's answer, then a message with release. */
proctype Observer()
{
	byte seen;

end:	do
	:: d_step { message < val -> seen = val }
	   d_step { message = seen; seen = 0 }
	od
}
#endif
