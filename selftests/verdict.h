/* SPDX-License-Identifier: GPL-2.0 */
/* Failures that the processes of a case have reported; for vt.c and verdict.c. */
#ifndef VDSO_TASK_VERDICT_H
#define VDSO_TASK_VERDICT_H

#include <sys/types.h>

#define VT_REASON_SIZE	200

/**
 * struct vt_reports - shared by the processes of a case up to their exec
 * @skip:	reason of the last vt_skip()
 * @late:	reason of the first vt_late()
 * @nr_wrong:	calls of vt_fail()
 * @nr_late:	calls of vt_late()
 * @group:	process group of the case
 */
struct vt_reports {
	char skip[VT_REASON_SIZE];
	char late[VT_REASON_SIZE];
	int nr_wrong;
	int nr_late;
	pid_t group;
};

extern struct vt_reports *vt_reports;

#endif /* VDSO_TASK_VERDICT_H */
