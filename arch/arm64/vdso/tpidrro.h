/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ARCH_ARM64_VDSO_TPIDRRO_H
#define _ARCH_ARM64_VDSO_TPIDRRO_H

/*
 * The CPU number for native user space, in TPIDRRO_EL0:
 *
 *	(node << 16 | cpu) + 1, or 0 while it is not known
 *
 * tls_thread_switch() writes it for the incoming native thread. An AArch32
 * thread has its TLS pointer there, which is why AArch32 has no task slots.
 *
 * The trampoline vectors of KPTI and of the Spectre-BHB mitigations use the
 * register to pass x30 into the kernel, and kernel_ventry clears it. Where such
 * vectors may be in use on any CPU, kernel_exit writes it again on each return to
 * user space, from the task's copy; elsewhere a patched branch skips that. Whoever
 * writes the register for a task writes the copy as well: vdso_task_set_tpidrro().
 * tls_thread_flush() writes the register alone: exec sets both right after it.
 */

#define TPIDRRO_NODE_SHIFT	16
#define TPIDRRO_CPU_MASK	0xffff

/* The bits of it that choose a slot: no more than there are lines in [vvar]. */
#define TPIDRRO_LINE_MASK	0xfff

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
static inline unsigned long vdso_task_tpidrro(void)
{
	return __this_cpu_read(vdso_task_cpunode);
}

/**
 * vdso_task_set_tpidrro() - what a task is to find in TPIDRRO_EL0
 * @p: current, or the task that is just switched to
 * @value: its CPU number or, of an AArch32 task, its TLS pointer
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
 * An exec has settled which kind of task current is. It may not switch for
 * long, so give it what a switch would: a native one its CPU number, an AArch32
 * one an empty TLS pointer.
 */
static inline void vdso_task_new_exec(void)
{
	preempt_disable();
	vdso_task_set_tpidrro(current,
			      is_compat_task() ? 0 : vdso_task_tpidrro());
	preempt_enable();
}

#else /* !CONFIG_VDSO_TASK */

static inline unsigned long vdso_task_tpidrro(void)
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
