// SPDX-License-Identifier: GPL-2.0
/* The arm64 vDSO functions that read task slots. */
#include <vdso/task_clock.h>

VDSO_TASK_ENTRIES_ARM64(VDSO_TASK_ENTRY)
