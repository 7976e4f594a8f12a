// SPDX-License-Identifier: MIT
/*
 * flagsc SOCKET FLAG [REQUESTS]: gets the module from flagsd; prints whether the flag is on,
 * how long a number of requests (0) took within the limit, and what asking for the flag
 * costs.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "flags.h"

#define READS	10000000

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "flagsc: %s: %s\n", what, why);
	return 1;
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int socket_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	if (connect(socket_fd, (struct sockaddr *)&address, sizeof(address)))
		return -1;
	return socket_fd;
}

/* Returns the seconds that it took; as long as the limit is 0 it waits. */
static double do_requests(struct flags *flags, unsigned long requests)
{
	static const struct timespec pause = { .tv_nsec = 1000000 };
	int64_t begin = now();

	while (requests)
		if (flags_may_request(flags))
			requests--;
		else
			nanosleep(&pause, NULL);
	return (double)(now() - begin) / 1e9;
}

static double cost_of_a_read(struct flags *flags, unsigned int flag)
{
	int64_t begin = now();
	int i;

	for (i = 0; i < READS; i++)
		flags_is_on(flags, flag);
	return (double)(now() - begin) / READS;
}

int main(int argc, char **argv)
{
	static const struct flags_callbacks callbacks = { now };
	struct vdsox_module_fds fds;
	struct flags flags;
	unsigned long requests;
	unsigned int flag;
	int socket_fd;

	if (argc < 3) {
		fprintf(stderr, "usage: flagsc SOCKET FLAG [REQUESTS]\n");
		return 2;
	}
	flag = strtoul(argv[2], NULL, 10);
	requests = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
	socket_fd = connect_to(argv[1]);
	if (socket_fd < 0)
		return fail(argv[1], strerror(errno));
	if (vdsox_module_receive(socket_fd, &fds) || flags_attach(&flags, fds, 0))
		return fail(argv[1], vdsox_module_error());
	vdsox_module_close(&fds);
	flags_set_callbacks(&flags, &callbacks);
	printf("flag %u: %s\n", flag, flags_is_on(&flags, flag) ? "on" : "off");
	printf("%lu requests: %.6f s\n", requests, do_requests(&flags, requests));
	printf("a read: %.1f ns\n", cost_of_a_read(&flags, flag));
	flags_detach(&flags);
	return 0;
}
