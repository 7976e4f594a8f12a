/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Task records: publication and the context switch. Part of task-records.pml.
 */

#if defined(CHECK_PLACE)
#define assert_place(c)	assert(where == c)
#else
#define assert_place(c)
#endif

/* vdso_task_publish() in two steps. */
inline publish_seq(c)
{
	if
#if !defined(BROKEN_NO_SEQ)
	:: cpu == c -> same = 0
#endif
	:: else
	fi
}

inline publish_record(c)
{
	slot_record[c] = (has_record -> MINE : NONE)
}

/*
 * Nobody looks at a slot on whose CPU A does not run and which A is not in the
 * midst of reading, before A's own next publication. It is then no part of the state.
 */
inline clear(c)
{
	slot_record[c] = NONE
}

/* In a system call of A: there is no switch on its CPU meanwhile. */
inline publish_current()
{
	d_step {
		running() ->
		c = where;
#if !defined(BROKEN_PUBLISH_IRQS_ON)
		irqs_off[c] = 1;
#endif
		publish_seq(c)
	}
	d_step {
		running() ->
		assert_place(c);
		publish_record(c);
		irqs_off[c] = 0;
		c = 0
	}
}

/* The stores of A leave its buffer. */
inline empty_buffer_of_A()
{
	T_record = T_record | wait_T_record;
	wait_T_record = 0;
	if
	:: wait_rec ->
		rec_val = new_val; rec_uid = new_uid;
		rec_val_valid = 1; rec_uid_valid = 1;
		wait_rec = 0; new_val = 0; new_uid = 0
	:: else
	fi
}

/* __schedule() of a CPU. When A is not there, it runs B or nobody. */
proctype Cpu(bit me)
{
end:	do
	/* From A. A full barrier. */
	:: d_step {
		where == me && !irqs_off[me] ->
		where = OFF;
		empty_buffer_of_A();
		if
		:: cpu != me -> clear(me)
		:: else
		fi
	   }

	/* To A. Its publication is one step: only A looks at slots, and it is here. */
	:: d_step {
		where == OFF ->
		if
		:: !area
		:: else ->
			publish_seq(me);
			publish_record(me)
		fi;
		where = me
	   }

#if !defined(REGISTER)
	/* To B, with or without a record. See clear(). */
	:: d_step {
		where != me && cpu == me && area ->
		publish_seq(me)
	   }
	   atomic {
		if
		:: cpu == me -> slot_record[me] = OTHER
		:: cpu == me -> slot_record[me] = NONE
		:: else
		fi
	   }
#endif

	/* B is here and comes to be the first of the mm that has an area. */
	:: d_step { where != me && !area -> area = 1 }
	od
}
