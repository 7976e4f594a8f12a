/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ARCH_X86_VDSO_TASK_H
#define _ARCH_X86_VDSO_TASK_H

/* Task slots, the reader's part: included by <vdso/task.h> only. */

#include <linux/build_bug.h>
#include <asm/alternative.h>
#include <asm/asm.h>
#include <asm/cpufeatures.h>
#include <asm/segment.h>
#include <asm/unistd.h>

/*
 * One copy for all entries of an image: programs that look at vDSOs have a limit to
 * their pages, see the table.
 */
#define __arch_vdso_task_inline	noinline notrace

/*
 * As vdso_read_cpunode() has it, but with the node in the upper bits: it belongs to
 * the CPU, so the two may be compared together.
 */
static __always_inline unsigned int __arch_vdso_task_cpu(void)
{
	unsigned int cpunode;

	asm volatile(ALTERNATIVE("lsl %[seg],%[p]",
				 ".byte 0xf3,0x0f,0xc7,0xf8", /* RDPID %eax/rax */
				 X86_FEATURE_RDPID)
		     : [p] "=a" (cpunode) : [seg] "r" (__CPUNODE_SEG));
	return cpunode;
}

static __always_inline const struct vdso_task_slot *
__arch_vdso_task_slot(unsigned int cpunode)
{
	unsigned long cpu = cpunode & VDSO_CPUNODE_MASK;

	static_assert(VDSO_CPUNODE_MASK + 1 < VDSO_TASK_LINES);
	return (const void *)(vdso_task_end - 2 * VDSO_TASK_SLOT_SIZE -
			      (cpu << VDSO_TASK_SLOT_SHIFT));
}

#ifdef CONFIG_64BIT
/* A volatile load that the comparison makes: none of C's is. */
static __always_inline bool __arch_vdso_task_is(const u64 *at, u64 value)
{
	bool same;

	asm volatile("cmpq %[value], %[at]"
		     CC_SET(e)
		     : CC_OUT(e) (same)
		     : [at] "m" (*at), [value] "r" (value));
	return same;
}
#define __arch_vdso_task_is __arch_vdso_task_is
#endif

static __always_inline long __arch_vdso_task_syscall(long nr)
{
	long ret;

#ifdef BUILD_VDSO32
	asm volatile("call __kernel_vsyscall" : "=a" (ret) : "0" (nr) :
		     "memory");
#else
	asm volatile("syscall" : "=a" (ret) : "0" (nr) :
		     "rcx", "r11", "memory");
#endif
	return ret;
}

#endif /* _ARCH_X86_VDSO_TASK_H */
