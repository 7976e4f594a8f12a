// SPDX-License-Identifier: GPL-2.0
/*
 * The running image is the same in this process and in others, and a well-formed ELF
 * file. It is saved in $VDSOX_ARTIFACTS, where the host compares it with the one that
 * was built and runs the image checker on it.
 *
 * Fails when: the kernel maps another image than was built, alternatives corrupt it, or
 * the image has a second segment or lacks a table.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "ids.h"
#include "records.h"

#define MAX_IMAGE	(16 * 65536)

static unsigned char self_image[MAX_IMAGE], other_image[MAX_IMAGE];

static int save(const char *name, const void *data, size_t size)
{
	const char *dir = getenv("VDSOX_ARTIFACTS");
	char path[512];
	FILE *f;

	if (!dir)
		return VT_PASS;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	VT_NEED(f);
	VT_NEED(fwrite(data, 1, size, f) == size);
	VT_NEED(!fclose(f));
	return VT_PASS;
}

static size_t read_self(void)
{
	const void *base = (const void *)getauxval(AT_SYSINFO_EHDR);
	struct vt_maps m;
	size_t size;

	if (!base || !vt_read_maps(&m, 0) || m.vdso != (unsigned long)base)
		return 0;
	size = m.vdso_end - m.vdso;
	if (size > MAX_IMAGE)
		return 0;
	memcpy(self_image, base, size);
	return size;
}

/* Reads [vdso] of @pid through /proc/PID/mem. */
static size_t read_other(pid_t pid)
{
	struct vt_maps m;
	ssize_t got;
	char path[64];
	size_t size;
	int fd;

	if (!vt_read_maps(&m, pid))
		return 0;
	size = m.vdso_end - m.vdso;
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDONLY);
	if (fd < 0 || size > MAX_IMAGE)
		return 0;
	got = pread(fd, other_image, size, m.vdso);
	close(fd);
	return got == (ssize_t)size ? size : 0;
}

static int check_self(const void *arg)
{
	size_t size = read_self();

	(void)arg;
	VT_CHECK(size, "the image cannot be read");
	return save("image-self.so", self_image, size);
}

static int check_elf(const void *arg)
{
	size_t size = read_self();
	const Elf64_Ehdr *eh = (const void *)self_image;
	const Elf64_Phdr *ph;
	struct vt_vdso v;
	const char *fault;
	int i, loads = 0;

	(void)arg;
	VT_CHECK(size, "the image cannot be read");
	fault = vt_vdso_init(&v, self_image, size);
	VT_CHECK(!fault, "%s", fault);
	ph = (const void *)(self_image + eh->e_phoff);
	for (i = 0; i < eh->e_phnum; i++) {
		loads += ph[i].p_type == PT_LOAD;
		VT_CHECK(ph[i].p_type != PT_LOAD ||
			 ph[i].p_flags == (PF_R | PF_X),
			 "PT_LOAD has flags %#x", ph[i].p_flags);
		VT_CHECK(ph[i].p_type != PT_INTERP && ph[i].p_type != PT_TLS &&
			 ph[i].p_type != PT_GNU_RELRO, "unexpected segment of type %#x",
			 ph[i].p_type);
	}
	VT_CHECK(loads == 1, "%d PT_LOAD segments", loads);
	VT_CHECK(eh->e_shnum && eh->e_shoff < size, "no section headers");
	return VT_PASS;
}

/* Starts a process that executes @path, with stdout to @out. */
static pid_t start(const char *path, const char *arg, int out)
{
	pid_t pid = fork();

	if (!pid) {
		if (out >= 0)
			dup2(out, 1);
		execl(path, path, arg, NULL);
		_exit(errno == ENOEXEC ? VT_SKIP : VT_FAIL);
	}
	return pid;
}

static int check_other(const void *arg)
{
	size_t size = read_self(), other;
	int ready[2];
	char byte;
	pid_t pid;

	(void)arg;
	VT_NEED(!pipe2(ready, O_CLOEXEC));
	pid = start("/proc/self/exe", "--pause", ready[1]);
	VT_NEED(pid > 0 && read(ready[0], &byte, 1) == 1);
	other = read_other(pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	VT_CHECK(other == size, "%zu bytes in the other process, %zu in this one",
		 other, size);
	if (save("image-other.so", other_image, other))
		return VT_FAIL;
	VT_CHECK(!memcmp(self_image, other_image, size), "the images differ");
	return VT_PASS;
}

#if defined(__x86_64__)
/* 32-bit helpers write their own image to a pipe and wait. */
static int read_helper(pid_t pid, int fd, const char *artifact)
{
	size_t size = 0, other;
	ssize_t n;

	int status = 0;

	while (size < MAX_IMAGE &&
	       (n = read(fd, self_image + size, MAX_IMAGE - size)) > 0)
		size += n;
	if (!size && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	    WEXITSTATUS(status) == VT_SKIP)
		return vt_skip("this kernel does not run such programs");
	VT_CHECK(size, "no image from the helper");
	other = read_other(pid);
	VT_CHECK(other == size, "%zu bytes by /proc/PID/mem, %zu from the helper",
		 other, size);
	VT_CHECK(!memcmp(self_image, other_image, size), "the images differ");
	return save(artifact, self_image, size);
}

static int check_helper(const void *arg)
{
	const char *abi = arg;
	char path[64], artifact[64];
	int fds[2], result;
	pid_t pid;

	snprintf(path, sizeof(path), "./helper_%s", abi);
	snprintf(artifact, sizeof(artifact), "image-%s.so", abi);
	if (access(path, X_OK))
		return vt_skip("the compiler could not build %s", path);
	VT_NEED(!pipe2(fds, O_CLOEXEC));
	pid = start(path, "dump", fds[1]);
	close(fds[1]);
	result = read_helper(pid, fds[0], artifact);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return result;
}
#endif

int main(int argc, char **argv)
{
	static const struct vt_case cases[] = {
		{ "self", check_self, NULL, 0 },
		{ "elf", check_elf, NULL, 0 },
		{ "other-process", check_other, NULL, 0 },
#if defined(__x86_64__)
		{ "ia32", check_helper, "ia32", 0 },
		{ "x32", check_helper, "x32", 0 },
#endif
	};

	if (argc == 2 && !strcmp(argv[1], "--pause")) {
		(void)!write(1, "x", 1);
		pause();
		return VT_FAIL;
	}
	return vt_run(cases, VT_ARRAY_SIZE(cases));
}
