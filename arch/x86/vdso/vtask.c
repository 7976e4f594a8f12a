// SPDX-License-Identifier: GPL-2.0
/*
 * The x86-64 and x32 vDSO functions that read task slots. The x32 image is
 * made from the same objects, as all of it is.
 */
#include <vdso/task.h>

VDSO_TASK_ENTRIES_X86_64(VDSO_TASK_ENTRY)
