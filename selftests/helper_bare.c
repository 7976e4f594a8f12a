// SPDX-License-Identifier: GPL-2.0
/* Writes its own vDSO image to stdout, closes it and waits to be killed. */
#include "bare.h"

int bare_main(int argc, char **argv)
{
	unsigned long size = bare_image_size(), done = 0;

	(void)argc;
	(void)argv;
	while (done < size) {
		long n = bare_syscall(__NR_write, 1, bare_sysinfo_ehdr + done,
				      size - done);

		if (n <= 0)
			return 1;
		done += n;
	}
	bare_syscall(__NR_close, 1);
	bare_syscall(__NR_pause);
	return 1;
}
