/* SPDX-License-Identifier: GPL-2.0 */
/* scripts/vdso.tbl for the ABI of this build; vdsogen makes the two headers. */
#ifndef VDSO_TASK_TABLE_H
#define VDSO_TASK_TABLE_H

#include <linux/types.h>

#include "layout.h"
#include "symtab.h"

#define VT_NR_SYMBOLS	(sizeof(vdso_task_symbols) / sizeof(vdso_task_symbols[0]))

static inline int vt_is_id(const struct vdso_task_symbol *s)
{
	return s->kind == VDSO_TASK_RECORD && !s->weak;
}

#endif /* VDSO_TASK_TABLE_H */
