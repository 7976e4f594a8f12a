/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The entries that the records answer, as functions. Tests walk vt_ids[], so that a
 * new row of the table is tested without new code.
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
 * Looks up all these entries in the running image and calls none. A missing entry
 * fails the calling case and is never a reason to skip it.
 */
int vt_ids_init(void);

/* Any entry of the table by name, answered by a record or not; NULL after a message. */
void *vt_entry(const char *name);

/* Calls an entry in a copy of the image, or in one that was moved, by @shift bytes. */
static inline int vt_call_moved(const struct vt_id *id, long shift)
{
	return ((int (*)(void))((char *)id->fn + shift))();
}

/* The answers of the system calls, and of the vDSO. */
struct vt_answers vt_raw_answers(void);
struct vt_answers vt_vdso_answers(void);

/* Calls each entry once; false after a message if one differs from @want. */
bool vt_same(const struct vt_answers *want, const char *where);

/* The same without a message and inlined: the index, or -1. */
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
 * Calls the entries until this thread's record answers all of them. False after
 * vt_late() if it does not in time: with no answers from records a test would only
 * compare the system call with itself.
 */
bool vt_promote(void);

/*
 * The same where some entries must fall back: bit i of @fallback requires the field of
 * vt_ids[i] to be zero, and it is a failure if it is not.
 */
bool vt_promote_but(unsigned int fallback);

/* Index of an entry in vt_ids[] by its name, -1 after a message; as a bit, 0. */
int vt_id_index(const char *name);
unsigned int vt_id_bit(const char *name);

/* vt_promote(), with comparisons of the answers before, during and after promotion. */
bool vt_promoted_and_same(const char *where);

/*
 * Compares after a publication without a refresh: system calls that the vDSO did not
 * make promote the process, which reads its whole area and is switched out and in. Must
 * not return answers left in a record by a parent or by the image before exec. (The
 * system calls of the comparison itself come first, and refresh.)
 */
bool vt_same_before_refresh(const char *where);

/*
 * Installs new credentials equal to the old ones, which invalidates this thread's
 * answers: the next call refreshes. (Calls that set ids do nothing if no id changes.)
 * False if that is not permitted.
 */
bool vt_invalidate_own(void);

#endif /* VDSO_TASK_IDS_H */
