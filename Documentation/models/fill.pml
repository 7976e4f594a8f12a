/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Task slots: the fill and the context switch. Part of task-slots.pml.
 */

#if defined(BROKEN_SKIP_MINE)
bit taken[2] = 1;
#endif
#if defined(BROKEN_STALE_BIT)
bit stale;
#endif

#if defined(CHECK_PLACE)
#define assert_place(c)	assert(where == c)
#else
#define assert_place(c)
#endif

/* __vdso_task_fill() for A in three steps. */
inline fill_seq(c)
{
	if
#if !defined(BROKEN_NO_SEQ)
	:: cpu == c -> same = 0
#endif
	:: else
	fi
}

inline fill_answers(c)
{
	slot_own[c] = (rec_gen -> MINE : EMPTY);
	slot_val[c] = rec_val;
	slot_uid[c] = rec_uid;
#if defined(BROKEN_STALE_BIT)
	if
	:: stale -> slot_own[c] = EMPTY
	:: else
	fi
#endif
}

inline fill_gen(c)
{
	slot_gen[c] = rec_gen
}

/*
 * Nobody looks at a slot on whose CPU A does not run and which A is not in the
 * midst of reading, before A's own next fill. It is then no part of the state.
 */
inline clear(c)
{
#if !defined(BROKEN_SKIP_MINE)
	slot_own[c] = EMPTY; slot_val[c] = 0; slot_uid[c] = 0; slot_gen[c] = 0
#else
	skip
#endif
}

/* In a system call of A: there is no switch on its CPU meanwhile. */
inline fill_current()
{
	d_step {
		running() ->
		c = where;
#if !defined(BROKEN_FILL_IRQS_ON)
		irqs_off[c] = 1;
#endif
		fill_seq(c)
	}
	d_step {
		running() ->
		assert_place(c);
		fill_answers(c)
	}
	d_step {
		running() ->
		assert_place(c);
		fill_gen(c);
		irqs_off[c] = 0;
		c = 0
	}
}

/* __schedule() of a CPU. When A is not there, it runs B, C or nobody. */
proctype Cpu(bit me)
{
	byte gen;

end:	do
	/* From A. A full barrier. */
	:: d_step {
		where == me && !irqs_off[me] ->
		where = OFF;
		T_area = T_area | wait_T_area;
		wait_T_area = 0;
		if
		:: cpu != me -> clear(me)
		:: else
		fi
	   }

	/* To A. Its fill is one step: only A looks at slots, and it is here. */
	:: d_step {
		where == OFF ->
		if
		:: !area
#if defined(BROKEN_SKIP_MINE)
		:: area && !taken[me]
#endif
		:: else ->
			fill_seq(me);
			fill_answers(me);
			fill_gen(me)
		fi;
#if defined(BROKEN_SKIP_MINE)
		taken[me] = 0;
#endif
		where = me
	   }

	/* To B or C, with any record that it may have. See clear(). */
	:: d_step {
		where != me && cpu == me && area ->
#if defined(BROKEN_SKIP_MINE)
		taken[me] = 1;
#endif
		fill_seq(me)
	   }
	   atomic {
		gen = begin;
		do
		:: gen > 0 -> gen--
		:: break
		od;
		if
		:: cpu == me ->
			slot_own[me] = (gen -> OTHER : EMPTY);
			slot_val[me] = 0;
			slot_uid[me] = 0
		:: else
		fi
	   }
	   d_step { slot_gen[me] = (cpu == me -> gen : 0); gen = 0 }

	/* B or C is here and comes to be the first of the mm that has an area. */
	:: d_step { where != me && !area -> area = 1 }
	od
}
