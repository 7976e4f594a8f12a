// SPDX-License-Identifier: MIT
/*
 * hello IMAGE NAME...: publishes the module, greets each name in a process of its own, and
 * prints what each process sees.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hello.h"

static void print_line(const char *text)
{
	printf("log: %s\n", text);
}

static void fail(const char *what)
{
	fprintf(stderr, "hello: %s: %s\n", what, vdsox_module_error());
	exit(1);
}

static void greet(struct vdsox_module_fds fds, const char *name)
{
	static const struct hello_callbacks callbacks = { print_line };
	struct hello hello;

	if (hello_attach(&hello, fds, 0))
		fail("attach");
	hello_set_callbacks(&hello, &callbacks);
	hello_greet(&hello, name);
	printf("%s: own %lu, ", name, (unsigned long)hello_greet(&hello, name));
	printf("total %lu\n", (unsigned long)hello_total(&hello));
	hello_detach(&hello);
}

int main(int argc, char **argv)
{
	struct vdsox_module_fds fds;
	int i, status;

	if (argc < 3) {
		fprintf(stderr, "usage: hello IMAGE NAME...\n");
		return 2;
	}
	if (vdsox_module_publish(argv[1], 0, &fds))
		fail("publish");
	for (i = 2; i < argc; i++) {
		fflush(stdout);
		if (!fork()) {
			greet(fds, argv[i]);
			return 0;
		}
		if (wait(&status) < 0 || status)
			return 1;
	}
	vdsox_module_close(&fds);
	return 0;
}
