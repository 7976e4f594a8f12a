/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Task records: A's vDSO call, its refresh, and A's change of its own answer. Part of
 * task-records.pml.
 */

/* The number of changes that the observer has seen and sent to A. */
byte message;

/* Loads of the refresh; those that no barrier separates are made in any order. */
#define END		1
#define ANSWERS		2
#define BEGIN		4

#if defined(BROKEN_NO_MB_FIRST)
#define LOADS_1		(END | ANSWERS)
#define LOADS_2		0
#else
#define LOADS_1		END
#define LOADS_2		ANSWERS
#endif

inline loads(which)
{
	todo = which;
	do
	:: d_step {
		running() && (todo & END) ->
		ended = T_end; todo = todo - END
	   }
	:: d_step {
		running() && (todo & ANSWERS) ->
		v = val; u = uid; todo = todo - ANSWERS
	   }
	:: d_step {
		running() && (todo & BEGIN) ->
		begun = T_begin; todo = todo - BEGIN
	   }
	:: todo == 0 -> break
	od
}

#if defined(BROKEN_NO_MB_SECOND)
#define smp_mb_second	running()
#else
#define smp_mb_second	(running() && !wait_T_record && !wait_rec)
#endif

#if defined(BROKEN_RECORD_LATE)
#define record_before
#define record_after	wait_T_record = 1 - T_record
#else
#define record_before	wait_T_record = 1 - T_record
#define record_after
#endif

/* Values that A has loaded and does not use any more are not part of the state. */
inline reset_reads()
{
	own = NONE; v = 0; u = 0; cpu = NO_CPU; same = 0;
	ended = 0; begun = 0;
	clear_slot(1 - where)
}

/* A's own store of zeros: no other thread reads its record. */
inline zero_own_record()
{
	wait_rec = 0; new_val = 0; new_uid = 0;
	rec_val_valid = 0; rec_uid_valid = 0; rec_val = 0; rec_uid = 0
}

inline check_answer()
{
#if defined(WITNESS_ANSWER)
	assert(false);
#elif defined(WITNESS_CHANGED)
	assert(own != MINE || v < WRITERS * CHANGES);
#elif defined(WITNESS_OVERTAKEN)
	assert(own != MINE || v == val);
#endif
#if defined(CHECK_MINE)
	assert(own == MINE);
#endif
#if defined(CHECK_CAUSAL)
	assert(own != MINE || received <= v);
#endif
#if defined(CHECK_NOW)
	assert(own != MINE || (low <= v && v <= val));
#endif
#if defined(CHECK_OWN)
	assert(own != MINE || u == uid);
#endif
	skip
}

/* A sees its own stores before other CPUs do. */
proctype Reader()
{
	byte received, low, own, v, ended, begun, todo;
	bit u, c;

end:	if
	:: running() -> goto refresh
#if defined(CHECK_OWN)
	:: d_step { running() -> uid = 1 - uid }
	   goto invalidate
#endif

	/* The call begins. This read of val is for the assertion, and is no load. */
	:: d_step {
		running() ->
#if defined(CHECK_CAUSAL)
		received = message;
#endif
#if defined(CHECK_NOW)
		low = val;
#endif
		skip
	   }
	fi;

#if !defined(REGISTER)
	atomic { running() -> cpu = where }	/* kernel: get.find find.cpu */
	d_step { running() -> same = 1 }	/* kernel: find.high find.low */
#endif
	/* Find the record. */
	d_step {
		running() ->
#if defined(REGISTER)
		own = (has_record -> MINE : NONE)
#else
		own = slot_record[cpu]		/* kernel: find.record */
#endif
	}
	/* Load the answers. */
	atomic {
		running() ->
		if
#if defined(BROKEN_NO_MB_SECOND)
		:: own == MINE && wait_rec -> v = new_val; u = new_uid
#endif
		:: own == MINE && !wait_rec && rec_val_valid && rec_uid_valid ->
			v = rec_val; u = rec_uid	/* kernel: get.answer */
#if !defined(REGISTER)
		:: own == OTHER -> v = 0; u = 0
#endif
		:: else -> goto refresh		/* kernel: get.none */
		fi
	}
#if !defined(BROKEN_NO_CPU) && !defined(REGISTER)
	atomic {
		running() ->
		if
		:: where != cpu -> goto refresh	/* kernel: get.unchanged unchanged.cpu */
		:: else
		fi
	}
#endif
	atomic {
		running() ->
#if !defined(REGISTER)
		if
		:: !same -> goto refresh	/* kernel: unchanged.low unchanged.high */
		:: else
		fi;
#endif
		check_answer();
		received = 0; low = 0;
		reset_reads();
		goto end
	}

	/* __vdso_task_refresh(), also by a direct system call of the program. */
refresh:
	atomic {
		running() ->
		received = 0; low = 0;
		reset_reads();
		if
		:: !area -> area = 1; goto end		/* in the next fault */
		:: area && has_record && rec_val_valid && rec_uid_valid -> goto end
		:: else
		fi;
		has_record = 1;			/* kernel: refresh.record */
		/* kernel: attach.lock attach.siglock attach.record attach.sigunlock attach.unlock */
		record_before
	}
	loads(LOADS_1);				/* kernel: refresh.store store.end */
	(running() && !wait_T_record);		/* kernel: store.D */
	loads(LOADS_2);				/* kernel: store.work store.compute */
	atomic {
		running() ->
#if !defined(BROKEN_RECHECK_FIRST)
		wait_rec = 1; new_val = v; new_uid = u;	/* kernel: store.answers */
#endif
		skip
	}
	smp_mb_second;				/* kernel: store.E */
	loads(BEGIN);				/* kernel: store.begin store.allowed */
	atomic {
		running() ->
#if defined(BROKEN_RECHECK_FIRST)
		wait_rec = 1; new_val = v; new_uid = u;
#endif
#if !defined(BROKEN_NO_RECHECK)
		if
		:: begun != ended -> zero_own_record()	/* kernel: store.zero */
		:: else
		fi;
#endif
		reset_reads();
		record_after
	}
	publish_current();			/* kernel: refresh.publish */
	goto end;

#if defined(CHECK_OWN)
	/* A has changed its own answer: __vdso_task_invalidate(). */
invalidate:
	atomic {
		running() ->
#if !defined(BROKEN_NO_OWN_ZERO)
		zero_own_record();
#endif
		goto end
	}
#endif
}
