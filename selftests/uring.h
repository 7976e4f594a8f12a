/* SPDX-License-Identifier: GPL-2.0 */
/* The part of io_uring that one request at a time needs. */
#ifndef VDSO_TASK_URING_H
#define VDSO_TASK_URING_H

#include <linux/io_uring.h>

#include "vt.h"

struct uring {
	int fd;
	struct io_uring_params p;
	char *sq;
	char *cq;
	struct io_uring_sqe *sqes;
};

/* VT_PASS, or the result to return: the kernel may lack or forbid io_uring. */
int uring_open(struct uring *u, unsigned int flags);

/*
 * Submits a copy of @sqe and waits for its completion. Returns the request's result or,
 * if the submission fails, its negative errno.
 */
int uring_do(struct uring *u, const struct io_uring_sqe *sqe);

/* Registers the current credentials. Returns their ID or a negative errno. */
int uring_personality(struct uring *u);

#endif /* VDSO_TASK_URING_H */
