// SPDX-License-Identifier: GPL-2.0
/*
 * Constants of kernel headers that a user-space program cannot include: the layout of
 * the clock data in the vvar page and of struct alt_instr. Compiled to assembly with
 * the flags of the tree's vDSO code and with the base's clock_data.h; the benchmarks'
 * offsets.h is made from that.
 */
#include <linux/kbuild.h>
#include <linux/stddef.h>
#include <linux/time64.h>
#include <vdso/clocksource.h>
#include <vdso/datapage.h>

#ifdef CONFIG_X86
#include <asm/alternative.h>
#include <asm/cpufeatures.h>
#define COUNTER_MODE	VDSO_CLOCKMODE_TSC
#else
#define COUNTER_MODE	VDSO_CLOCKMODE_ARCHTIMER
#endif

void offsets(void);
void offsets(void)
{
	DEFINE(CLOCK_MODE_OFFSET, CLOCK(clock_mode));
	DEFINE(CLOCK_MODE_COUNTER, COUNTER_MODE);
	DEFINE(CLOCK_LAST_OFFSET, CLOCK(cycle_last));
#ifdef CONFIG_GENERIC_VDSO_OVERFLOW_PROTECT
	DEFINE(CLOCK_LIMIT_OFFSET, CLOCK(max_cycles));
#endif
	DEFINE(CLOCK_MASK_OFFSET, CLOCK(mask));
	DEFINE(CLOCK_MULT_OFFSET, CLOCK(mult));
	DEFINE(CLOCK_SHIFT_OFFSET, CLOCK(shift));
	DEFINE(CLOCK_SEC_OFFSET, CLOCK(basetime[0].sec));
	DEFINE(CLOCK_NSEC_OFFSET, CLOCK(basetime[0].nsec));
	DEFINE(CLOCK_BASE_SIZE, sizeof(struct vdso_timestamp));
	DEFINE(CLOCK_BASE_COUNT, VDSO_BASES);
	DEFINE(CLOCK_DATA_SIZE, sizeof(CLOCK_DATA));
	DEFINE(CLOCK_DATA_COUNT, CS_BASES);
#ifdef CONFIG_X86
	DEFINE(ALTERNATIVE_SIZE, sizeof(struct alt_instr));
	DEFINE(ALTERNATIVE_WHERE_OFFSET, offsetof(struct alt_instr, instr_offset));
	DEFINE(ALTERNATIVE_BY_OFFSET, offsetof(struct alt_instr, repl_offset));
	DEFINE(ALTERNATIVE_FLAGS_OFFSET, offsetof(struct alt_instr, ft_flags));
	DEFINE(ALTERNATIVE_LENGTH_OFFSET, offsetof(struct alt_instr, instrlen));
	DEFINE(ALTERNATIVE_BY_LENGTH_OFFSET, offsetof(struct alt_instr, replacementlen));
	DEFINE(FEATURE_RDPID, X86_FEATURE_RDPID);
	DEFINE(FEATURE_RDTSCP, X86_FEATURE_RDTSCP);
	DEFINE(FEATURE_LFENCE_RDTSC, X86_FEATURE_LFENCE_RDTSC);
#endif
}
