// SPDX-License-Identifier: MIT
/*
 * flagsd IMAGE SOCKET: publishes the module to every process that connects to SOCKET, and
 * sets flags and limit by lines of standard input, until it ends:
 *
 *	on FLAG | off FLAG | limit RATE BURST
 *
 * Each line is answered by "ok" or by what is wrong with it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "flags.h"

static struct flags flags;

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "flagsd: %s: %s\n", what, why);
	return 1;
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int socket_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(address.sun_path, path);
	unlink(path);
	if (socket_fd < 0 ||
	    bind(socket_fd, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(socket_fd, 16))
		return -1;
	return socket_fd;
}

static const char *change(const char *line)
{
	unsigned int value, burst;
	char word[8];
	int n = sscanf(line, "%7s %u %u", word, &value, &burst), result;

	if (n == 3 && !strcmp(word, "limit"))
		result = flags_limit(&flags, value, burst);
	else if (n == 2 && (!strcmp(word, "on") || !strcmp(word, "off")))
		result = flags_set(&flags, value, !strcmp(word, "on"));
	else
		return "not understood";
	return result ? strerror(-result) : "ok";
}

static void serve(int socket_fd, struct vdsox_module_fds fds)
{
	int client = accept4(socket_fd, NULL, NULL, SOCK_CLOEXEC);

	if (client < 0)
		return;
	if (vdsox_module_send(client, fds))
		fail("a client", vdsox_module_error());
	close(client);
}

static int loop(int socket_fd, struct vdsox_module_fds fds)
{
	struct pollfd wait[] = { { .fd = 0, .events = POLLIN },
				 { .fd = socket_fd, .events = POLLIN } };
	char line[256];

	setvbuf(stdin, NULL, _IONBF, 0); /* poll() sees what stdio has not read */
	for (;;) {
		if (poll(wait, 2, -1) < 0)
			return fail("poll", strerror(errno));
		if (wait[1].revents)
			serve(socket_fd, fds);
		if (!wait[0].revents)
			continue;
		if (!fgets(line, sizeof(line), stdin))
			return 0;
		puts(change(line));
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	struct vdsox_module_fds fds;
	int socket_fd, status;

	if (argc != 3) {
		fprintf(stderr, "usage: flagsd IMAGE SOCKET\n");
		return 2;
	}
	/* This process maps the data before they are protected, and no other can write. */
	if (vdsox_module_publish(argv[1], VDSOX_MODULE_PUBLISHER_WRITES, &fds) ||
	    flags_attach(&flags, fds, 0) || vdsox_module_protect(fds))
		return fail(argv[1], vdsox_module_error());
	flags_own(&flags);
	socket_fd = listen_at(argv[2]);
	if (socket_fd < 0)
		return fail(argv[2], strerror(errno));
	status = loop(socket_fd, fds);
	unlink(argv[2]);
	return status;
}
