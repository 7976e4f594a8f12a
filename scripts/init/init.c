// SPDX-License-Identifier: GPL-2.0
/* PID 1 of the guest; init.h describes the interface between host and guest. */
#define _GNU_SOURCE
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* The status of env(1) and timeout(1) if they fail before they start the command. */
#define NO_START 125

static void mount_one(const char *type, const char *where, const char *options)
{
	mkdir(where, 0755);
	if (mount(type, where, type, 0, options) && errno != EBUSY && errno != ENODEV)
		kmsg("vdsox: mount %s on %s: %s", type, where, strerror(errno));
}

static void mount_all(void)
{
	mount_one("devtmpfs", "/dev", "mode=0755");
	mount_one("proc", "/proc", NULL);
	mount_one("sysfs", "/sys", NULL);
	mount_one("devpts", "/dev/pts", "mode=0620,ptmxmode=0666");
	mount_one("tmpfs", "/dev/shm", NULL);
	mount_one("tmpfs", "/tmp", NULL);
	mount_one("tmpfs", "/run", NULL);
	mount_one("debugfs", "/sys/kernel/debug", NULL);
	mount_one("tracefs", "/sys/kernel/tracing", NULL);
	mount_one("cgroup2", "/sys/fs/cgroup", NULL);
	mkdir(ARTIFACTS, 0777);
	chmod(ARTIFACTS, 0777);
	chmod("/tmp", 01777);
	chmod("/dev/shm", 01777);
}

static void standard_streams(void)
{
	int fd = open("/dev/null", O_RDWR);

	if (fd < 0)
		return;
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
}

static void loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	if (!ioctl(fd, SIOCGIFFLAGS, &request)) {
		request.ifr_flags |= IFF_UP;
		ioctl(fd, SIOCSIFFLAGS, &request);
	}
	close(fd);
}

static void environment(void)
{
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin:/kselftest/vdso_task", 1);
	setenv("HOME", "/", 1);
	setenv("TERM", "dumb", 1);
	setenv("VDSOX_ARTIFACTS", ARTIFACTS, 1);
	sethostname("vdsox", 5);
	umask(022);
}

/* The contents followed by a NUL, or NULL if the file or memory is missing. */
static char *read_file(const char *path, size_t *size)
{
	char *data = NULL;
	size_t have = 0, room = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = 1;

	if (fd < 0)
		return NULL;
	while (got > 0) {
		if (have + 4096 > room) {
			room = 2 * room + 8192;
			data = realloc(data, room);
			if (!data)
				break;
		}
		got = read(fd, data + have, room - have - 1);
		if (got > 0)
			have += got;
	}
	close(fd);
	if (!data)
		return NULL;
	data[have] = '\0';
	*size = have;
	return data;
}

static void exec_mode(bool other_root)
{
	char *argv[1024] = { NULL };
	size_t size = 0, at = 0;
	char *data = read_file(ARGV, &size);
	int count = 0;

	while (data && at < size && count < 1023) {
		argv[count++] = data + at;
		at += strlen(data + at) + 1;
	}
	if (!copy_files() || (other_root && !root_enter()))
		verdict("# vdsox: exit %d\n", NO_START);
	else
		verdict("# vdsox: exit %d\n", count ? run_command(argv) : 0);
	files_send();
}

static void power_off(void)
{
	files_end();
	verdict("# vdsox: end\n");
	kmsg("vdsox: end");
	sync();
	reboot(RB_POWER_OFF);
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}

int main(void)
{
	size_t size;
	char *plan;

	mount_all();
	standard_streams();
	loopback_up();
	environment();
	ports_open();
	verdict("# vdsox: ready\n");
	kmsg("vdsox: ready");
	plan = read_file(PLAN, &size);
	if (plan && !strncmp(plan, "exec\n", 5))
		exec_mode(false);
	else if (plan && !strncmp(plan, "exec-root\n", 10))
		exec_mode(true);
	else if (plan && !strncmp(plan, "test\n", 5) && copy_files())
		run_tests(plan + 5);
	power_off();
}
