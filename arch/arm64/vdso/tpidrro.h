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
 * and 0 if it has none. User mode can read the register and not write it.
 *
 * tls_thread_switch() writes it for the incoming thread. An AArch32 thread has its TLS
 * pointer there, which is why AArch32 has no task records.
 *
 * The trampoline vectors of KPTI and of the Spectre-BHB mitigations use the
 * register to pass x30 into the kernel, and kernel_ventry clears it. Where such
 * vectors may be in use on any CPU, kernel_exit writes it again on each return to
 * user space, from the copy in thread_struct; elsewhere a patched branch skips that.
 * vdso_task_set_tpidrro() writes both the register and the copy. tls_thread_flush()
 * writes the register alone: exec sets both right after it.
 */

#define TPIDRRO_CPU_SHIFT	32
#define TPIDRRO_CPU_MASK	0xffff
#define TPIDRRO_NODE_SHIFT	48

#ifdef __ASSEMBLY__

/* For kernel_exit to user mode, with interrupts off. */
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

/* The value of TPIDRRO_EL0 for a native thread on this CPU. */
static inline unsigned long vdso_task_tpidrro(const struct task_struct *p)
{
	u32 locator = p->vdso_task.locator;

	return locator ? locator | __this_cpu_read(vdso_task_cpunode) : 0;
}

/**
 * vdso_task_set_tpidrro() - set TPIDRRO_EL0 of a task, and its copy
 * @p: current, or the incoming task of a switch
 * @value: vdso_task_tpidrro() or, for an AArch32 task, its TLS pointer
 *
 * An interrupt between the two writes does no harm: if it switches to another task, the
 * switch back to @p writes both again, for the CPU that @p then runs on. So @value must
 * be what such a switch would write, or preemption must be off.
 */
static inline void vdso_task_set_tpidrro(struct task_struct *p,
					 unsigned long value)
{
	p->thread.tpidrro_el0 = value;
	write_sysreg(value, tpidrro_el0);
}

/*
 * Exec has made current a native or an AArch32 task. Its next switch may be far off, so
 * set the register here: a native thread has no record yet, an AArch32 one no TLS pointer.
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
