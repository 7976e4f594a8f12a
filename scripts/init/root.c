// SPDX-License-Identifier: GPL-2.0
/*
 * The root file system for `exec-root`: an overlay of the host's root over 9p, read-only,
 * /vdsox/layer of the initramfs, and a tmpfs for changes.
 */
#define _GNU_SOURCE
#include "init.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOST	"/vdsox/host"
#define RW	"/vdsox/rw"
#define NEW	"/vdsox/new"
#define LAYER	"/vdsox/layer"
#define P9	"trans=virtio,version=9p2000.L,msize=262144,cache=loose"
#define LAYERS	"lowerdir=" LAYER ":" HOST ",upperdir=" RW "/upper,workdir=" RW "/work"

static bool mounted(const char *what, const char *where, const char *type,
		    unsigned long flags, const char *options)
{
	char text[256];

	mkdir(where, 0755);
	if (!mount(what, where, type, flags, options))
		return true;
	snprintf(text, sizeof(text), "vdsox: host root: %s on %s: %s\n", type ? type : "move",
		 where, strerror(errno));
	port_write(PORT_STDERR, text, strlen(text));
	return false;
}

static bool layers(void)
{
	mkdir(LAYER, 0755);
	if (!mounted(HOST_ROOT_TAG, HOST, "9p", MS_RDONLY, P9) ||
	    !mounted("vdsox", RW, "tmpfs", 0, "mode=0755"))
		return false;
	mkdir(RW "/upper", 0755);
	mkdir(RW "/work", 0755);
	return mounted("vdsox", NEW, "overlay", 0, LAYERS);
}

/* Move the kernel's file systems and the temporary directories into the new root. */
static bool move_own(void)
{
	static const char *const own[] = { "/dev", "/proc", "/sys", "/run", "/tmp" };
	char where[64];

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		snprintf(where, sizeof(where), NEW "%s", own[i]);
		if (!mounted(own[i], where, NULL, MS_MOVE, NULL))
			return false;
	}
	return true;
}

bool root_enter(void)
{
	if (!layers() || !move_own())
		return false;
	if (chdir(NEW) || !mounted(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/"))
		return false;
	mkdir("/vdsox", 0755);
	mkdir(ARTIFACTS, 0777);
	chmod(ARTIFACTS, 0777);
	return true;
}
