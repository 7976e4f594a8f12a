/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Task slots: A's vDSO call, its refresh and its own change. Part of task-slots.pml.
 */

/* So many changes were seen, and A was told. */
byte message;

/* Loads of the refresh; those that no barrier separates come in any order. */
#define GEN		1
#define END		2
#define ANSWERS		4
#define BEGIN		8

#if defined(BROKEN_NO_MB_FIRST)
#define LOADS_1		(GEN | END | ANSWERS)
#define LOADS_2		0
#define LOADS_3		BEGIN
#elif defined(SPARE_MB_SECOND)
#define LOADS_1		(GEN | END)
#define LOADS_2		(ANSWERS | BEGIN)
#define LOADS_3		0
#elif defined(BROKEN_GEN_LATE)
#define LOADS_1		END
#define LOADS_2		ANSWERS
#define LOADS_3		BEGIN
#else
#define LOADS_1		(GEN | END)
#define LOADS_2		ANSWERS
#define LOADS_3		BEGIN
#endif

inline loads(which)
{
	todo = which;
	do
	:: d_step {
		running() && (todo & GEN) ->
		gen = begin; todo = todo - GEN
	   }
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

/* The stores of A leave its buffer. */
#if defined(BROKEN_RMB)
#define smp_mb_of_A	running()
#else
#define smp_mb_of_A	(running() && !wait_T_area)
#endif

#if defined(BROKEN_AREA_LATE)
#define area_before
#define area_after	wait_T_area = 1 - T_area
#else
#define area_before	wait_T_area = 1 - T_area
#define area_after
#endif

/* What A has loaded and needs no more is no part of the state. */
inline forget()
{
	own = EMPTY; v = 0; u = 0; gen = 0; cpu = NO_CPU; same = 0;
	ended = 0; begun = 0;
	clear(1 - where)
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
#if defined(CHECK_TOLD)
	assert(own != MINE || told <= v);
#endif
#if defined(CHECK_NOW)
	assert(own != MINE || (low <= v && v <= val));
#endif
#if defined(CHECK_OWN)
	assert(own != MINE || u == uid);
#endif
	skip
}

/*
 * A's load of header.begin may be made early, but not before the acquire, which is
 * the last that A did before its call. A try that fails is followed by another one
 * or by the system call: that covers any number of tries.
 */
proctype Reader()
{
	byte told, low, own, v, gen, header, ended, begun, todo;
	bit u, c;

end:	if
	:: running() -> goto refresh
#if defined(CHECK_OWN)
	:: d_step { running() -> uid = 1 - uid }
	   goto drop
#endif

	/* The call begins. What val is now is no load, the assertion wants it. */
	:: d_step {
		running() ->
#if defined(BROKEN_NO_ACQUIRE)
		header = begin
	   }
	   d_step {
		running() ->
#endif
#if defined(CHECK_TOLD)
		told = message;
#endif
#if defined(CHECK_NOW)
		low = val;
#endif
		skip
	   }
	fi;

	if
	:: d_step { running() -> header = begin }
	:: true
	fi;

again:	atomic { running() -> cpu = where }
	d_step { running() -> same = 1 }
	atomic {
		running() ->
		own = slot_own[cpu]; v = slot_val[cpu]; u = slot_uid[cpu];
		if
		:: own == EMPTY -> goto refresh
		:: else
		fi
	}
	d_step { running() -> gen = slot_gen[cpu] }
	atomic {
		running() ->
		if
		:: header == 0 -> header = begin
		:: else
		fi;
#if !defined(BROKEN_STALE_BIT)
		if
		:: gen != header -> goto refresh
		:: else
		fi;
#endif
		gen = 0
	}
#if !defined(BROKEN_NO_CPU)
	atomic {
		running() ->
		if
		:: where != cpu -> goto retry
		:: else
		fi
	}
#endif
	atomic {
		running() ->
		if
		:: !same -> goto retry
		:: else
		fi;
		check_answer();
		told = 0; low = 0; header = 0;
		forget();
		goto end
	}

	/* The same value of header.begin may be loaded again, but none older. */
retry:	atomic {
		running() ->
		forget();
		if
		:: goto again
		:: header = 0; goto again
		:: goto refresh
		fi
	}

	/* __vdso_task_refresh(), also by a program that makes the system call. */
refresh:
	atomic {
		running() ->
		told = 0; low = 0; header = 0;
		forget();
		if
		:: !area -> area = 1; goto end		/* in the next fault */
		:: area && rec_gen == begin && slot_gen[where] == begin &&
		   slot_own[where] == MINE && slot_val[where] == rec_val &&
		   slot_uid[where] == rec_uid -> goto end
		:: else
		fi;
		area_before
	}
	loads(LOADS_1);
#if !defined(BROKEN_NO_MB_FIRST)
	smp_mb_of_A;
#endif
	loads(LOADS_2);
#if !defined(SPARE_MB_SECOND)
	smp_mb_of_A;
#endif
	loads(LOADS_3);
	atomic {
		running() ->
#if defined(BROKEN_GEN_LATE)
		gen = begin;
#endif
#if !defined(BROKEN_NO_LOOK)
		if
		:: begun != ended -> forget(); goto end
		:: else
		fi;
#endif
#if defined(BROKEN_STALE_BIT)
		stale = 0;
#endif
		rec_gen = gen; rec_val = v; rec_uid = u;
		forget();
		area_after
	}
	fill_current();
	goto end;

#if defined(CHECK_OWN)
	/* After an own change: __vdso_task_drop(). */
drop:	atomic {
		running() ->
		if
		:: !T_area && !wait_T_area -> goto end
		:: else
		fi;
#if defined(BROKEN_DROP_SLOT)
		slot_own[where] = EMPTY;
		goto end
#else
		rec_gen = 0; rec_val = 0; rec_uid = 0;
#if defined(BROKEN_DROP_RECORD)
		goto end
#endif
#endif
		irqs_off[where] = 1
	}
	fill_current();
	goto end
#endif
}
