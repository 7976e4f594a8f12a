// SPDX-License-Identifier: GPL-2.0
/*
 * Task records: tracers, audit and filters see every system call that they request.
 *
 * While a tracer, audit, a system call tracepoint or user dispatch requests all calls of
 * a task, its record has no answers: the page is readable, so the answers must not be in
 * it. (Switches still write base for a task that has exposed its CPU time; no reader uses
 * base alone.) Each of these sets a bit of the task's system call work within an
 * invalidation of all answers: the task for itself, a tracer for a stopped task, the
 * registration of a tracepoint for all tasks. Audit sets it at fork, when a task has no
 * record. A refresh sees the bit, or the invalidation.
 *
 * A seccomp filter decides on each system call. A refresh evaluates it, too: an answer is
 * left out unless the filters always allow its call whatever the arguments, according to
 * seccomp's action cache. The task itself or, with TSYNC, another thread installs filters.
 *
 *   CPU 0: TSYNC installs a filter          CPU 1: T refreshes
 *   ------------------------------          ------------------
 *   vdso_task_invalidate_begin(T)           e = T.end
 *   T.filter = the new one                  evaluate T.filter for each entry, store
 *   vdso_task_invalidate_end(T)             if (T.begin != e) record.* = 0
 *
 *   Winner: the filter, as in every invalidation.
 */

#include <asm/vdso/task_calls.h>

#include "internal.h"

/**
 * vdso_task_mask_filtered() - zero the answers whose calls current's filters must see
 * @answers: the answers of current
 *
 * The vDSO image of the mm determines which system call an entry replaces.
 *
 * Return: vdso_task_mask_bit() of each zeroed answer.
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
