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
	:: cpu == c -> same = 0			/* kernel: publish.seq base.seq */
#endif
	:: else
	fi
}

inline publish_record(c)
{
	slot_record[c] = (has_record -> MINE : NONE)	/* kernel: publish.record base.record */
}

/*
 * If A neither runs on the slot's CPU nor is reading the slot, no thread reads it before
 * A's own next publication. It is then not part of the state.
 */
inline clear_slot(c)
{
	slot_record[c] = NONE
}

/* In a system call of A: no context switch on its CPU meanwhile. */
inline publish_current()
{
	d_step {
		running() ->
		c = where;
#if !defined(BROKEN_PUBLISH_IRQS_ON)
		irqs_off[c] = 1;		/* kernel: current.irqs-off */
#endif
		publish_seq(c)			/* kernel: current.publish-base current.publish */
	}
	d_step {
		running() ->
		assert_place(c);
		publish_record(c);
		irqs_off[c] = 0;		/* kernel: current.irqs-on */
		c = 0
	}
}

/* The context switch drains A's store buffer. */
inline drain_buffer_of_A()
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

/* __schedule() of a CPU. When A does not run there, B or no thread does. */
proctype Cpu(bit me)
{
end:	do
	/* From A. A full barrier. */
	:: d_step {
		where == me && !irqs_off[me] ->
		where = OFF;
		drain_buffer_of_A();
		if
		:: cpu != me -> clear_slot(me)
		:: else
		fi
	   }

	/* To A. Its publication is one step: only A reads slots, and A does not run yet. */
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
	/* To B, with or without a record. See clear_slot(). */
	:: d_step {
		where != me && cpu == me && area ->
		publish_seq(me)
	   }
	   atomic {
		if
		:: cpu == me -> slot_record[me] = OTHER	/* kernel: publish.record base.record */
		:: cpu == me -> slot_record[me] = NONE
		:: else
		fi
	   }
#endif

	/* B runs and is the first of the mm to touch the area, which creates it. */
	:: d_step { where != me && !area -> area = 1 }
	od
}
