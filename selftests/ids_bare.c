// SPDX-License-Identifier: GPL-2.0
/*
 * ids, for x32: its image is made from the objects of the 64-bit one, but has
 * its own version script, mapping code and system call numbers.
 *
 * Fails when: the numbers lack the x32 bit (the fallback would be refused), or
 * the x32 image looks for slots elsewhere than its [vvar] has them.
 */
#include "bare.h"
#include "symbols.h"

#define CALLS	200

static struct vt_vdso image;

static int compare(int (*fn)(void), long nr)
{
	int i;

	for (i = 0; i < CALLS; i++) {
		int want = bare_syscall(nr), got = fn();

		if (got != want) {
			bare_note("vDSO", got);
			bare_note("system call", want);
			return 0;
		}
	}
	return 1;
}

/* In this process, in a child, in the child of a child, and here again. */
static int check_family(int (*fn)(void), long nr, int depth)
{
	long pid;

	if (!compare(fn, nr))
		return 0;
	if (!depth)
		return 1;
	pid = bare_fork();
	if (!pid)
		bare_exit(!check_family(fn, nr, depth - 1));
	return !bare_wait(pid) && compare(fn, nr);
}

static void check(const struct vdso_task_symbol *s)
{
	int (*fn)(void) = (int (*)(void))vt_vdso_sym(&image, s->symbol,
						     s->version);

	if (!fn)
		bare_print("# not in the vDSO\n");
	bare_result(fn && check_family(fn, s->nr, 4), s->name);
}

int bare_main(int argc, char **argv)
{
	unsigned int i, n = 0;

	(void)argc;
	(void)argv;
	for (i = 0; i < VT_NR_SYMBOLS; i++)
		n += vt_is_slot(&vdso_task_symbols[i]);
	bare_plan(n);
	if (vt_vdso_init(&image, (const void *)bare_sysinfo_ehdr,
			 bare_image_size())) {
		bare_print("Bail out! no usable vDSO\n");
		return 1;
	}
	for (i = 0; i < VT_NR_SYMBOLS; i++)
		if (vt_is_slot(&vdso_task_symbols[i]))
			check(&vdso_task_symbols[i]);
	return bare_finish();
}
