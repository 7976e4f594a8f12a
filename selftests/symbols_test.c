// SPDX-License-Identifier: GPL-2.0
/*
 * Every symbol of the table is in the running image, and no other.
 *
 * Fails when: an entry is missing from the version script or in the wrong
 * node; an alias becomes strong; a function loses its type; the image is linked
 * without one of the hash tables; a new export has no row.
 */
#include <stdlib.h>

#include "ids.h"
#include "symbols.h"

static int check_symbol(const void *arg)
{
	const struct vdso_task_symbol *s = arg;
	const char *fault;

	if (vt_open_image())
		return VT_FAIL;
	if (s->optional && !vt_symbol_present(&vt_image, s))
		return vt_skip("exported only with %s", s->optional);
	fault = vt_symbol_fault(&vt_image, s);
	VT_CHECK(!fault, "%s@%s: %s", s->symbol, s->version, fault);
	return VT_PASS;
}

static int check_unknown(const void *arg)
{
	const char *name;

	(void)arg;
	if (vt_open_image())
		return VT_FAIL;
	name = vt_symbol_unknown(&vt_image);
	VT_CHECK(!name, "%s is exported but not in the table", name);
	return VT_PASS;
}

/* The lookups must not find wrong names or versions. */
static int check_negative(const void *arg)
{
	static const char * const wrong[][2] = {
		{ "vdso_task_no_such_symbol", "LINUX_2.6" },
		{ "", "LINUX_2.6" },
	};
	const struct vdso_task_symbol *s = &vdso_task_symbols[0];
	unsigned int i, how;

	(void)arg;
	if (vt_open_image())
		return VT_FAIL;
	for (how = VT_SYSV_HASH; how <= VT_GNU_HASH; how++) {
		for (i = 0; i < VT_ARRAY_SIZE(wrong); i++)
			VT_CHECK(!vt_vdso_lookup(&vt_image, how, wrong[i][0],
						 wrong[i][1]),
				 "found a symbol '%s'", wrong[i][0]);
		VT_CHECK(!vt_vdso_lookup(&vt_image, how, s->symbol, "LINUX_9"),
			 "found %s in version LINUX_9", s->symbol);
	}
	return VT_PASS;
}

int main(void)
{
	struct vt_case cases[VT_NR_SYMBOLS + 2] = { 0 };
	unsigned int i;

	for (i = 0; i < VT_NR_SYMBOLS; i++)
		cases[i] = (struct vt_case){ vdso_task_symbols[i].symbol,
					     check_symbol,
					     &vdso_task_symbols[i], 0 };
	cases[i++] = (struct vt_case){ "no-unknown-symbol", check_unknown,
				       NULL, 0 };
	cases[i++] = (struct vt_case){ "absent-symbol-not-found",
				       check_negative, NULL, 0 };
	return vt_run(cases, i);
}
