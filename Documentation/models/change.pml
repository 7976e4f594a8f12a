/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Task slots: change of an answer by another task, and who sees it. Part of
 * task-slots.pml. Writers and observer have CPUs of their own, so that they come
 * between any two steps of A.
 */

#define smp_mb								\
	(!wait_T_begin[me] && !wait_begin[me] && !wait_val[me] && !wait_T_end[me])

#if defined(BROKEN_NO_MB_C)
#define smp_mb_c	true
#else
#define smp_mb_c	smp_mb
#endif
#if defined(BROKEN_NO_MB_B)
#define smp_mb_b	true
#else
#define smp_mb_b	smp_mb
#endif
#if defined(BROKEN_NO_MB_A)
#define smp_mb_a	true
#else
#define smp_mb_a	smp_mb
#endif

inline store(waits)
{
	d_step { !waits -> waits = 1 }
}

/* The generation, if A has an area that can be found. */
inline bump_header()
{
	d_step { found = T_area }
	if
	:: found -> store(wait_begin[me]); found = 0
	:: else
#if defined(WITNESS_UNFOUND)
		-> assert(!wait_T_area)
#endif
	fi
}

proctype Writer(byte me)
{
	byte n = CHANGES;
	bit found;

end:	do
#if WRITERS == 1
	/* Of another task of the mm: A sees the new generation, nothing else. */
	:: d_step { n > 0 && area -> n--; begin++ }
#endif

	/* Of A. */
	:: d_step { n > 0 -> n-- }
#if defined(BROKEN_BEGIN_AFTER)
	   store(wait_val[me]);
	   smp_mb;
#endif
#if defined(BROKEN_STALE_BIT)
	   stale = 1;
	   if
	   :: d_step { running() -> slot_own[where] = EMPTY }
	   :: !running()
	   fi;
#elif defined(BROKEN_HEADER_FIRST)
	   bump_header();
	   smp_mb;
	   store(wait_T_begin[me]);
	   smp_mb_b;
#else
	   store(wait_T_begin[me]);
	   smp_mb_c;
	   bump_header();
	   smp_mb_b;
#endif
#if !defined(BROKEN_BEGIN_AFTER)
	   store(wait_val[me]);
	   smp_mb_a;
#endif
#if !defined(BROKEN_STALE_BIT)
	   store(wait_T_end[me])
#endif
	od
}

#define LEAVES(variable, waits)	d_step { waits -> variable++; waits = 0 }

/* The buffers of the writers' CPUs and of A's. */
proctype Buffers()
{
end:	do
	:: LEAVES(T_area, wait_T_area)
	:: LEAVES(T_begin, wait_T_begin[0])
	:: LEAVES(begin, wait_begin[0])
	:: LEAVES(val, wait_val[0])
	:: LEAVES(T_end, wait_T_end[0])
#if WRITERS > 1
	:: LEAVES(T_begin, wait_T_begin[1])
	:: LEAVES(begin, wait_begin[1])
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
