/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The entries that the records answer, as functions: a new row of the table is
 * tested by everything that walks vt_ids[], without a line of code.
 */
#ifndef VDSO_TASK_IDS_H
#define VDSO_TASK_IDS_H

#include "parse_task_vdso.h"
#include "vt.h"

/**
 * struct vt_id - an entry that a record answers
 * @name:	as in the table; names the case
 * @symbol:	exported symbol
 * @nr:		system call that must give the same answer
 * @offset:	of the field in the record; it holds the answer plus one
 * @fn:		the function in this process's vDSO
 */
struct vt_id {
	const char *name;
	const char *symbol;
	long nr;
	size_t offset;
	int (*fn)(void);
};

extern struct vt_id vt_ids[VT_MAX_IDS];
extern unsigned int vt_nr_ids;
extern struct vt_vdso vt_image;

/* One answer for each entry of vt_ids[]. */
struct vt_answers {
	int v[VT_MAX_IDS];
};

/* Reads and checks the vDSO of this process into vt_image. */
int vt_open_image(void);

/*
 * Finds every such entry in the running image. An absent one is a failure of
 * the calling case, never a reason to skip. Does not call any of them.
 */
int vt_ids_init(void);

/* Any entry of the table by its name, answered by a record or not; NULL: a message. */
void *vt_entry(const char *name);

/* The answers of the system calls, and of the vDSO. */
struct vt_answers vt_raw_answers(void);
struct vt_answers vt_vdso_answers(void);

/* Calls each entry once; false after a message if one differs from @want. */
bool vt_same(const struct vt_answers *want, const char *where);

/* The same without a message or any call out of line: index or -1. */
static inline int vt_wrong(const struct vt_answers *want)
{
	unsigned int i;

	for (i = 0; i < vt_nr_ids; i++)
		if (vt_ids[i].fn() != want->v[i])
			return i;
	return -1;
}

/* vt_same() against the system calls made now. */
bool vt_same_now(const char *where);

/*
 * Calls until this thread's record answers every entry. False after vt_late() when
 * that does not come about in time: then perhaps nothing is ever answered, and a test
 * that compared would only compare the system call with itself.
 */
bool vt_promote(void);

/*
 * The same for entries of which some must be left to the system call: bit i of
 * @asked says that the field of vt_ids[i] has to be zero; it is wrong if it is not.
 */
bool vt_promote_but(unsigned int asked);

/* Index of an entry in vt_ids[] by its name, -1 after a message; as a bit, 0. */
int vt_id_index(const char *name);
unsigned int vt_id_bit(const char *name);

/* vt_promote(), and a comparison of the answers before, meanwhile and after it. */
bool vt_promoted_and_same(const char *where);

/*
 * A publication before the first refresh: a process is promoted by system calls
 * that are not the vDSO's, touches its area by reading it, and is switched out
 * and in. What was in the task's record until then, of a parent
 * or of the image before exec, would now be answered.
 */
bool vt_same_unasked(const char *where);

/*
 * New credentials that are as the old ones: the record has no answers, so the next
 * call refreshes. (The calls that set ids do nothing where nothing changes.) False
 * where it is not permitted.
 */
bool vt_empty_record(void);

#endif /* VDSO_TASK_IDS_H */
