// SPDX-License-Identifier: GPL-2.0
/* Send the files in ARTIFACTS to the host, as a ustar stream, and remove them. */
#include "init.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 512

struct ustar {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8];
	char type, linkname[100], magic[6], version[2], owner[64], pad[183];
};

_Static_assert(sizeof(struct ustar) == BLOCK, "a ustar header is one block");

static void send_header(const char *name, size_t size)
{
	struct ustar header = { .mode = "0000644", .uid = "0000000", .gid = "0000000",
				.mtime = "00000000000", .type = '0', .magic = "ustar",
				.version = { '0', '0' } };
	unsigned int sum = 0;

	memcpy(header.name, name, strnlen(name, sizeof(header.name) - 1));
	snprintf(header.size, sizeof(header.size), "%011zo", size);
	memset(header.checksum, ' ', sizeof(header.checksum));
	for (size_t i = 0; i < sizeof(header); i++)
		sum += ((unsigned char *)&header)[i];
	snprintf(header.checksum, sizeof(header.checksum), "%06o", sum);
	port_write(PORT_FILES, &header, sizeof(header));
}

/* Send exactly @size bytes, padded to whole blocks, also if the file has shrunk. */
static void send_body(int fd, size_t size)
{
	char block[64 * BLOCK];

	while (size) {
		size_t want = size < sizeof(block) ? size : sizeof(block);
		size_t whole = (want + BLOCK - 1) / BLOCK * BLOCK;

		memset(block, 0, sizeof(block));
		if (read(fd, block, want) <= 0)
			memset(block, 0, sizeof(block));
		port_write(PORT_FILES, block, whole);
		size -= want;
	}
}

static void send_one(int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat status;

	if (fd >= 0 && !fstat(fd, &status) && S_ISREG(status.st_mode)) {
		send_header(name, status.st_size);
		send_body(fd, status.st_size);
	}
	if (fd >= 0)
		close(fd);
	unlinkat(folder, name, 0);
}

void files_send(void)
{
	DIR *folder = opendir(ARTIFACTS);
	struct dirent *entry;

	while (folder && (entry = readdir(folder)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			send_one(dirfd(folder), entry->d_name);
	if (folder)
		closedir(folder);
}

void files_end(void)
{
	static const char zeros[2 * BLOCK];

	port_write(PORT_FILES, zeros, sizeof(zeros));
}
