// SPDX-License-Identifier: GPL-2.0
/*
 * Task records: a tracer, audit and filters see every system call that they ask for.
 *
 * While all calls of a task are to be seen (by a tracer, audit, a system call
 * tracepoint, user dispatch), its record has no answers. The page is readable, so what
 * may not be answered is not there. (Switches go on to write base for a task that has
 * exposed its CPU time, which no reader takes alone.) Each of these sets a bit of the
 * task's system call work, and invalidates all answers within: the task for itself, a
 * tracer for a task that is stopped, registration of a tracepoint for all tasks. Audit
 * decides at fork, when a task has no record. A refresh finds the bit, or the
 * invalidation.
 *
 * A seccomp filter is asked about each system call. It is asked here as well, at
 * each refresh: an answer is left out unless the filters always allow its call,
 * whatever the arguments, as seccomp's own action cache knows. Filters are
 * installed by the task itself or, with TSYNC, by another thread.
 *
 *   CPU 0: TSYNC installs a filter          CPU 1: T refreshes
 *   ------------------------------          ------------------
 *   vdso_task_invalidate_begin(T)           e = T.end
 *   T.filter = the new one                  ask T.filter for each entry, store
 *   vdso_task_invalidate_end(T)             T.begin == e ?
 *
 *   Winner: the filter, as every change of an answer.
 */

#include <asm/vdso/task_calls.h>

#include "internal.h"

/**
 * vdso_task_mask_filtered() - take out what current's seccomp filters want to see
 * @answers: the answers of current
 *
 * Which call an entry makes depends on the vDSO image that its mm has.
 *
 * Return: vdso_task_mask_bit() of each.
 */
u16 vdso_task_mask_filtered(struct vdso_task_record *answers)
{
	const struct vdso_task_call *call;
	u16 masked = 0;
	u32 arch;

	call = arch_vdso_task_calls(current->mm, &arch);
	if (!call) {
		memset(answers, 0, sizeof(*answers));
		return U16_MAX;
	}
	for (; call->size; call++)
		if (!vdso_task_seccomp_allows(arch, call->nr)) {
			memset((void *)answers + call->offset, 0, call->size);
			masked |= vdso_task_mask_bit(call->offset);
		}
	return masked;
}
