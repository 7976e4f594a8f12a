// SPDX-License-Identifier: GPL-2.0
/*
 * TPIDRRO_EL0 of native threads: each CPU's part of it, and whether kernel_exit has
 * to write it.
 */

#include <linux/cpumask.h>
#include <linux/init.h>
#include <linux/topology.h>
#include <linux/vdso_task.h>

#include <asm/alternative.h>
#include <asm/cpufeature.h>
#include <asm/insn.h>

#include <asm/vdso/tpidrro.h>

DEFINE_PER_CPU(unsigned long, vdso_task_cpunode);

/*
 * Called when alternatives are patched, with all system capabilities known. A
 * CPU that needs trampoline vectors cannot come online later if no CPU needed them then.
 */
void __init vdso_task_patch_reload(struct alt_instr *alt, __le32 *origptr,
				   __le32 *updptr, int nr_inst)
{
	if (cpus_have_cap(ARM64_UNMAP_KERNEL_AT_EL0) ||
	    cpus_have_cap(ARM64_SPECTRE_BHB))
		updptr[0] = cpu_to_le32(aarch64_insn_gen_nop());
}

/**
 * arch_vdso_task_publish() - make TPIDRRO_EL0 lead to a task's record
 * @p: current, which is a native task
 *
 * Context: interrupts off.
 */
void arch_vdso_task_publish(struct task_struct *p)
{
	vdso_task_set_tpidrro(p, vdso_task_tpidrro(p));
}

static int __init vdso_task_cpunode_init(void)
{
	unsigned long cpu;

	for_each_possible_cpu(cpu) {
		unsigned long node = cpu_to_node(cpu);

		per_cpu(vdso_task_cpunode, cpu) =
			node << TPIDRRO_NODE_SHIFT | cpu << TPIDRRO_CPU_SHIFT;
	}
	return 0;
}
early_initcall(vdso_task_cpunode_init);
