/* SPDX-License-Identifier: GPL-2.0 */
/* Accessor for a signal handler's context. */
#ifndef VDSO_TASK_CONTEXT_H
#define VDSO_TASK_CONTEXT_H

#include <ucontext.h>

/* The interrupted program counter. @context: the handler's third argument. */
static inline unsigned long vt_pc(const void *context)
{
	const ucontext_t *uc = context;

#if defined(__x86_64__)
	return uc->uc_mcontext.gregs[REG_RIP];
#else
	return uc->uc_mcontext.pc;
#endif
}

#endif /* VDSO_TASK_CONTEXT_H */
