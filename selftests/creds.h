/* SPDX-License-Identifier: GPL-2.0 */
/* What the cases of the program `creds` share. */
#ifndef VDSO_TASK_CREDS_H
#define VDSO_TASK_CREDS_H

#include "ids.h"

/**
 * struct creds - what the four entries must answer
 * @uid, @euid, @gid, @egid: as in the caller's user namespace
 */
struct creds {
	unsigned int uid, euid, gid, egid;
};

/*
 * Checks for root, looks up the entries, and sets SECBIT_NO_SETUID_FIXUP: no change of
 * an id clears capabilities of this thread or of those that it creates. VT_PASS or the
 * result to return.
 */
int creds_setup(void);

/* Only looks up the entries. */
int creds_find(void);

/*
 * Calls the vDSO first, because a system call would refresh the record, and then the
 * system calls: both must return @want. False after a message.
 */
bool creds_are(const struct creds *want, const char *where);

/* The four entries as a mask for vt_promote_but(). */
unsigned int creds_mask(void);

/* creds_test.c: what the four system calls return. */
struct creds creds_raw(void);

/* creds_set.c */
int check_each_call(const void *arg);
int check_same_ids(const void *arg);
int check_delayed_invalidation(const void *arg);
int check_refused(const void *arg);

/* creds_userns.c */
int check_unshare_user(const void *arg);
int check_map_written(const void *arg);
int check_setns_user(const void *arg);
int check_overflow_mapped(const void *arg);

/* creds_shared.c */
int check_threads(const void *arg);
int check_vfork(const void *arg);
int check_clone_vm(const void *arg);
int check_session_key(const void *arg);

/* creds_exec.c */
int check_setid_image(const void *arg);
int check_setid_by_user(const void *arg);
int check_no_new_privs(const void *arg);
int creds_image(char **argv);

#endif /* VDSO_TASK_CREDS_H */
