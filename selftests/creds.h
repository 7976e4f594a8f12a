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
 * VT_PASS or the result: root, entries, and capabilities that no change of an
 * id takes away, in this thread and those that it creates.
 */
int creds_setup(void);

/* The part of it that looks up the entries. */
int creds_find(void);

/*
 * The vDSO is called first, as a system call could store what is missing in the record;
 * then the system calls must agree. False after a message.
 */
bool creds_are(const struct creds *want, const char *where);

/* The four entries as a mask for vt_promote_but(). */
unsigned int creds_mask(void);

/* creds_test.c: the four answers by the system call. */
struct creds creds_raw(void);

/* creds_set.c */
int check_each_call(const void *arg);
int check_same_ids(const void *arg);
int check_delayed_drop(const void *arg);
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
