// SPDX-License-Identifier: GPL-2.0
/* exec of a copy of this program that is set-user-ID and set-group-ID. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "creds.h"

#define OWNER	4242
#define GROUP	70043
#define USER	1234
#define ROUNDS	10

static char folder[] = "/tmp/vdso_task.XXXXXX";
static char copy[sizeof(folder) + 8];

/* A private tmpfs: other file systems may be mounted nosuid. */
static int own_tmpfs(void)
{
	VT_NEED(mkdtemp(folder) && !chmod(folder, 0755));
	VT_NEED(!unshare(CLONE_NEWNS));
	VT_NEED(!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	VT_NEED(!mount("tmpfs", folder, "tmpfs", 0, "mode=0755"));
	return VT_PASS;
}

static int copy_self(void)
{
	int from = open("/proc/self/exe", O_RDONLY), to;
	struct stat st;
	ssize_t n = 0;

	snprintf(copy, sizeof(copy), "%s/creds", folder);
	to = open(copy, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	VT_NEED(from >= 0 && to >= 0 && !fstat(from, &st));
	while (n < st.st_size) {
		ssize_t now = sendfile(to, from, NULL, st.st_size - n);

		VT_NEED(now > 0);
		n += now;
	}
	VT_NEED(!fchown(to, OWNER, GROUP) && !fchmod(to, 06755));
	close(from);
	return close(to);
}

static int setup(void)
{
	int result = creds_setup();

	if (result)
		return result;
	return vt_result(!own_tmpfs() && !copy_self() && vt_promote());
}

static int exec_copy(const struct creds *want)
{
	char words[4][16];

	snprintf(words[0], 16, "%u", want->uid);
	snprintf(words[1], 16, "%u", want->euid);
	snprintf(words[2], 16, "%u", want->gid);
	snprintf(words[3], 16, "%u", want->egid);
	execl(copy, "creds", "--image", words[0], words[1], words[2], words[3],
	      NULL);
	return vt_fail("exec: %m");
}

/* Before its first refresh the new image must not get the old one's answers. */
int creds_image(char **argv)
{
	struct creds want = { strtoul(argv[0], NULL, 10),
			      strtoul(argv[1], NULL, 10),
			      strtoul(argv[2], NULL, 10),
			      strtoul(argv[3], NULL, 10) };

	if (creds_find() || !creds_are(&want, "first call of the image") ||
	    !vt_same_before_refresh("image, before any refresh") ||
	    !creds_are(&want, "image") || !vt_promote())
		return VT_FAIL;
	return vt_result(creds_are(&want, "image with a record"));
}

struct start {
	unsigned int id;
	bool no_new_privs;
};

static int promoted_then_exec(void *arg)
{
	const struct start *s = arg;
	struct creds want = { s->id, OWNER, s->id, GROUP };

	if (s->id) {
		VT_NEED(!vt_raw3(__NR_setresgid, s->id, s->id, s->id));
		VT_NEED(!vt_raw3(__NR_setresuid, s->id, s->id, s->id));
	}
	if (s->no_new_privs) {
		VT_NEED(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
		want.euid = s->id;
		want.egid = s->id;
	}
	return vt_promote() ? exec_copy(&want) : VT_FAIL;
}

static int run(struct start s)
{
	int result = setup(), i;

	for (i = 0; i < ROUNDS && !result; i++)
		result = vt_run_child(promoted_then_exec, &s, "image");
	umount(folder);
	rmdir(folder);
	return result;
}

int check_setid_image(const void *arg)
{
	(void)arg;
	return run((struct start){ 0, false });
}

int check_setid_by_user(const void *arg)
{
	(void)arg;
	return run((struct start){ USER, false });
}

int check_no_new_privs(const void *arg)
{
	(void)arg;
	return run((struct start){ USER, true });
}
