// SPDX-License-Identifier: GPL-2.0
/*
 * Copy files of the initramfs to /tmp and /run: PID 1 mounts a tmpfs on each, which would
 * hide files that the kernel had unpacked there.
 */
#define _GNU_SOURCE
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY	"/vdsox/copy"

static bool copy_data(int from, int to, off_t size)
{
	while (size > 0) {
		ssize_t done = sendfile(to, from, NULL, size);

		if (done <= 0)
			return false;
		size -= done;
	}
	return true;
}

static bool copy_file(const char *path, const char *target, const struct stat *status)
{
	int from = open(path, O_RDONLY | O_CLOEXEC);
	int to = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool good = from >= 0 && to >= 0 && copy_data(from, to, status->st_size) &&
		    !fchmod(to, status->st_mode & 07777);
	int error = errno;

	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	errno = error;
	return good;
}

/* Remove each file after its copy: both are in memory. */
static int copy_one(const char *path, const struct stat *status, int type,
		    struct FTW *place)
{
	const char *target = path + strlen(COPY);
	char text[512];

	if (!place->level)
		return 0;
	if (type == FTW_D && (!mkdir(target, 0755) || errno == EEXIST))
		return 0;
	if (type == FTW_F && copy_file(path, target, status))
		return unlink(path);
	snprintf(text, sizeof(text), "vdsox: copy to %s: %s\n", target, strerror(errno));
	port_write(PORT_STDERR, text, strlen(text));
	kmsg("%s", text);
	return -1;
}

bool copy_files(void)
{
	struct stat status;

	return lstat(COPY, &status) || !nftw(COPY, copy_one, 16, FTW_PHYS);
}
