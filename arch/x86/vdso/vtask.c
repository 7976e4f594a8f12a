// SPDX-License-Identifier: GPL-2.0
/*
 * The x86 vDSO functions that read task slots, compiled for 64 and for 32 bits.
 * The x32 image is made from the 64-bit objects, as all of it is.
 */
#include <vdso/task_clock.h>

#ifdef BUILD_VDSO32
VDSO_TASK_ENTRIES_IA32(VDSO_TASK_ENTRY)
#else
VDSO_TASK_ENTRIES_X86_64(VDSO_TASK_ENTRY)
#endif
