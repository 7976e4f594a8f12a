// SPDX-License-Identifier: GPL-2.0
/*
 * Task slots: who watches system calls keeps seeing them.
 *
 * While somebody wants to see every call of a task (a tracer, audit, a system
 * call tracepoint, user dispatch), each fill of its slot writes zeros. The page
 * is readable, so what may not be answered is not there. Such a watch is set by
 * the task itself, which drops its answers; by a tracer while the task is
 * stopped, which a fill follows; or by another CPU while the task runs, as a
 * change (see change.c).
 *
 * A seccomp filter is asked about each system call. It is asked here as well, at
 * each refresh: an answer is left out unless the filters always allow its call,
 * whatever the arguments, as seccomp's own action cache knows. Filters are
 * installed by the task itself or, with TSYNC, by another thread as a change.
 *
 *   CPU 0: TSYNC installs a filter          CPU 1: T refreshes
 *   ------------------------------          ------------------
 *   begun = vdso_task_change_begin(T)       e = T.end
 *   T.filter = the new one                  asks T.filter for each entry
 *   vdso_task_change_end(T, begun)          T.begin == e ?
 *
 *   Who wins: the filter, as every change.
 */

#include <asm/vdso/task_calls.h>

#include "internal.h"

/* What comes before is not an answer. */
#define VDSO_TASK_ANSWERS_OFFSET	offsetofend(struct vdso_task_slot, gen)

/**
 * vdso_task_withhold() - take out what current's seccomp filters want to see
 * @record: the answers of current
 *
 * Which call an entry makes depends on the vDSO image that its mm has.
 */
void vdso_task_withhold(struct vdso_task_slot *record)
{
	const struct vdso_task_call *call;
	u32 arch;

	call = arch_vdso_task_calls(current->mm, &arch);
	if (!call) {
		memset((void *)record + VDSO_TASK_ANSWERS_OFFSET, 0,
		       sizeof(*record) - VDSO_TASK_ANSWERS_OFFSET);
		return;
	}
	for (; call->offset; call++)
		if (!vdso_task_seccomp_allows(arch, call->nr))
			memset((void *)record + call->offset, 0, call->size);
}
