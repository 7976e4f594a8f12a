// SPDX-License-Identifier: GPL-2.0
/* Output to the host: named virtio-serial ports, and the kernel log. */
#include "init.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CLASS	"/sys/class/virtio-ports"
#define TRIES	100

static const char * const names[PORTS] = {
	[PORT_VERDICT]	= "vdsox.verdict",
	[PORT_FILES]	= "vdsox.files",
	[PORT_STDOUT]	= "vdsox.stdout",
	[PORT_STDERR]	= "vdsox.stderr",
};

static int fds[PORTS] = { -1, -1, -1, -1 };

bool write_all(int fd, const void *data, size_t size)
{
	const char *at = data;

	while (size) {
		ssize_t done = write(fd, at, size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		at += done;
		size -= done;
	}
	return true;
}

static void open_named(const char *entry)
{
	char path[512], name[64] = "";
	int fd;

	snprintf(path, sizeof(path), CLASS "/%s/name", entry);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (read(fd, name, sizeof(name) - 1) > 0)
		name[strcspn(name, "\n")] = '\0';
	close(fd);
	for (int i = 0; i < PORTS; i++) {
		if (fds[i] >= 0 || strcmp(name, names[i]))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry);
		fds[i] = open(path, O_WRONLY | O_CLOEXEC);
	}
}

/* The ports may appear after PID 1 has started: wait for up to TRIES * 100 ms. */
void ports_open(void)
{
	for (int try = 0; try < TRIES; try++) {
		DIR *folder = opendir(CLASS);
		struct dirent *entry;
		int missing = 0;

		while (folder && (entry = readdir(folder)))
			if (entry->d_name[0] != '.')
				open_named(entry->d_name);
		if (folder)
			closedir(folder);
		for (int i = 0; i < PORTS; i++)
			missing += fds[i] < 0;
		if (!missing)
			return;
		usleep(100000);
	}
	kmsg("vdsox: virtio-serial ports are missing");
}

void port_write(enum port port, const void *data, size_t size)
{
	if (fds[port] >= 0)
		write_all(fds[port], data, size);
}

void verdict(const char *format, ...)
{
	char line[4096];
	va_list arguments;
	int size;

	va_start(arguments, format);
	size = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (size >= (int)sizeof(line))
		size = sizeof(line) - 1;
	port_write(PORT_VERDICT, line, size);
}

void kmsg(const char *format, ...)
{
	char line[512];
	va_list arguments;
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC), size;

	if (fd < 0)
		return;
	va_start(arguments, format);
	size = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (size >= (int)sizeof(line))
		size = sizeof(line) - 1;
	write_all(fd, line, size);
	close(fd);
}
