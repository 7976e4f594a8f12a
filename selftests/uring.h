/* SPDX-License-Identifier: GPL-2.0 */
/* As much of io_uring as one request at a time needs. */
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

/* VT_PASS, or the result to return: the kernel may lack it or forbid it. */
int uring_open(struct uring *u, unsigned int flags);

/*
 * Submits a copy of @sqe and waits for its end. Returns the request's result, a
 * negative errno of it or of the submission.
 */
int uring_do(struct uring *u, const struct io_uring_sqe *sqe);

/* The number under which the present credentials are registered; negative errno. */
int uring_personality(struct uring *u);

#endif /* VDSO_TASK_URING_H */
