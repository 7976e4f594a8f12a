/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Task records: change of an answer by another task, and who sees it. Part of
 * task-records.pml. Writers and observer have CPUs of their own, so that they come
 * between any two steps of A.
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

/* The answer becomes 0, if A has a record that can be found. */
inline zero_answer()
{
	d_step { found = T_record }
	if
	:: found -> store(wait_zero[me]); found = 0
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
	   store(wait_T_begin[me]);
	   smp_mb_a;
	   zero_answer();
	   smp_mb_b;
#endif
#if !defined(BROKEN_BEGIN_AFTER)
	   store(wait_val[me]);
	   smp_mb_c;
#endif
	   store(wait_T_end[me])
	od
}

#define LEAVES(variable, waits)	d_step { waits -> variable++; waits = 0 }
#define ZERO_LEAVES(waits)	d_step { waits -> rec_val_valid = 0; rec_val = 0; waits = 0 }

/* The buffers of the writers' CPUs and of A's. */
proctype Buffers()
{
end:	do
	:: LEAVES(T_record, wait_T_record)
	:: d_step {
		wait_rec ->
		rec_val = new_val; rec_uid = new_uid;
		rec_val_valid = 1; rec_uid_valid = 1;
		wait_rec = 0; new_val = 0; new_uid = 0
	   }
	:: LEAVES(T_begin, wait_T_begin[0])
	:: ZERO_LEAVES(wait_zero[0])
	:: LEAVES(val, wait_val[0])
	:: LEAVES(T_end, wait_T_end[0])
#if WRITERS > 1
	:: LEAVES(T_begin, wait_T_begin[1])
	:: ZERO_LEAVES(wait_zero[1])
	:: LEAVES(val, wait_val[1])
	:: LEAVES(T_end, wait_T_end[1])
#endif
	od
}

#if defined(CHECK_TOLD)
/* A system call that shows A's answer, then a message with release. */
proctype Observer()
{
	byte seen;

end:	do
	:: d_step { message < val -> seen = val }
	   d_step { message = seen; seen = 0 }
	od
}
#endif
