// SPDX-License-Identifier: GPL-2.0
/*
 * symbols, for the ABIs without a libc here: see symbols_test.c.
 */
#include "bare.h"
#include "symbols.h"

static struct vt_vdso image;

static void check(const struct vdso_task_symbol *s)
{
	const char *fault;

	if (s->optional && !vt_symbol_present(&image, s)) {
		bare_skip(s->symbol, "exported only with ", s->optional);
		return;
	}
	fault = vt_symbol_fault(&image, s);
	if (fault) {
		bare_print("# ");
		bare_print(fault);
		bare_print("\n");
	}
	bare_result(!fault, s->symbol);
}

int bare_main(int argc, char **argv)
{
	const char *fault, *unknown;
	unsigned int i;

	(void)argc;
	(void)argv;
	bare_plan(VT_NR_SYMBOLS + 1);
	fault = bare_read_image(&image);
	if (fault)
		return bare_bail_out(fault);
	for (i = 0; i < VT_NR_SYMBOLS; i++)
		check(&vdso_task_symbols[i]);
	unknown = vt_symbol_unknown(&image);
	if (unknown) {
		bare_print("# not in the table: ");
		bare_print(unknown);
		bare_print("\n");
	}
	bare_result(!unknown, "no-unknown-symbol");
	return bare_finish();
}
