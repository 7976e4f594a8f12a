/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ARCH_ARM64_VDSO_TPIDRRO_H
#define _ARCH_ARM64_VDSO_TPIDRRO_H

/*
 * TPIDRRO_EL0 of a native thread that has a record:
 *
 *	bits 0..31	distance of the record from record 0 in bytes, negative
 *	bits 32..47	number of the CPU
 *	bits 48..63	its NUMA node
 *
 * and 0 of one that has none. User mode can read the register and not write it.
 *
 * tls_thread_switch() writes it for the incoming thread. An AArch32 thread has its TLS
 * pointer there, which is why AArch32 has no task records.
 *
 * The trampoline vectors of KPTI and of the Spectre-BHB mitigations use the
 * register to pass x30 into the kernel, and kernel_ventry clears it. Where such
 * vectors may be in use on any CPU, kernel_exit writes it again on each return to
 * user space, from the task's copy; elsewhere a patched branch skips that. Every write
 * of the register for a task is one of the copy as well: vdso_task_set_tpidrro().
 * tls_thread_flush() writes the register alone: exec sets both right after it.
 */

#define TPIDRRO_CPU_SHIFT	32
#define TPIDRRO_CPU_MASK	0xffff
#define TPIDRRO_NODE_SHIFT	48

#ifdef __ASSEMBLY__

/* In kernel_exit, of a task that returns to user mode; interrupts are off. */
	.macro	vdso_task_reload_cpu, tmp
#ifdef CONFIG_VDSO_TASK
alternative_cb ARM64_ALWAYS_SYSTEM, vdso_task_patch_reload
	b	.Lvdso_task_reloaded\@		// Patched to NOP
alternative_cb_end
	ldr	\tmp, [tsk, #THREAD_TPIDRRO]
	msr	tpidrro_el0, \tmp
.Lvdso_task_reloaded\@:
#endif
	.endm

#elif !defined(BUILD_VDSO)

#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <asm/compat.h>
#include <asm/sysreg.h>

#ifdef CONFIG_VDSO_TASK

struct alt_instr;

DECLARE_PER_CPU(unsigned long, vdso_task_cpunode);

void vdso_task_patch_reload(struct alt_instr *alt, __le32 *origptr,
			    __le32 *updptr, int nr_inst);

/* What a native thread finds in TPIDRRO_EL0 on this CPU. */
static inline unsigned long vdso_task_tpidrro(const struct task_struct *p)
{
	u32 locator = p->vdso_task.locator;

	return locator ? locator | __this_cpu_read(vdso_task_cpunode) : 0;
}

/**
 * vdso_task_set_tpidrro() - what a task is to find in TPIDRRO_EL0
 * @p: current, or the task that is just switched to
 * @value: vdso_task_tpidrro() or, of an AArch32 task, its TLS pointer
 *
 * An interrupt between the two stores does no harm: a switch in it writes both
 * again, for the CPU that the task comes back to. So @value must be what such a
 * switch would write, or preemption must be off.
 */
static inline void vdso_task_set_tpidrro(struct task_struct *p,
					 unsigned long value)
{
	p->thread.tpidrro_el0 = value;
	write_sysreg(value, tpidrro_el0);
}

/*
 * Exec has decided which kind of task current is. It may not be switched out for
 * long: a native thread has no record yet, an AArch32 one no TLS pointer.
 */
static inline void vdso_task_new_exec(void)
{
	vdso_task_set_tpidrro(current, 0);
}

#else /* !CONFIG_VDSO_TASK */

static inline unsigned long vdso_task_tpidrro(const struct task_struct *p)
{
	return 0;
}

static inline void vdso_task_set_tpidrro(struct task_struct *p,
					 unsigned long value)
{
	write_sysreg(value, tpidrro_el0);
}

static inline void vdso_task_new_exec(void) { }

#endif /* CONFIG_VDSO_TASK */

#endif /* !__ASSEMBLY__ && !BUILD_VDSO */

#endif /* _ARCH_ARM64_VDSO_TPIDRRO_H */
