/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PID 1 of the guest. The initramfs, made by scripts/harness/initramfs.py, contains:
 *
 *   /vdsox/plan      one line: `exec`, `exec-root`, `probe`, or `test`; after `test`,
 *                    a line for each test: NAME TIMEOUT DIRECTORY PROGRAM [ARGUMENT]...
 *   /vdsox/argv      for `exec`: the command, each word terminated by a NUL
 *   /vdsox/layer/    for `exec-root`: files that overlay the root file system, which the
 *                    host exports over 9p as HOST_ROOT_TAG; the command runs there
 *   /vdsox/copy/     files for /tmp and /run, copied after PID 1 has mounted a tmpfs on
 *                    each
 *   /vdsox/images/   the built vDSO images
 *   /kselftest/      the installed kselftests
 *
 * PID 1 writes to four virtio-serial ports, found by their names:
 *
 *   vdsox.verdict    KTAP, the output of each test indented by two spaces;
 *                    `# vdsox: ready` once PID 1 runs, `# vdsox: begin NAME` before a
 *                    test, `# vdsox: took SECONDS NAME` after it, `# vdsox: exit N` for
 *                    `exec`, `# vdsox: end` at the end
 *   vdsox.files      a ustar stream of the files that tests left in $VDSOX_ARTIFACTS
 *   vdsox.stdout     the output of the command of `exec`
 *   vdsox.stderr
 *
 * It also writes the marks `vdsox: begin NAME` and `vdsox: end NAME` to /dev/kmsg, by
 * which the host attributes messages of the kernel to the test that ran then.
 */
#ifndef VDSOX_INIT_H
#define VDSOX_INIT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PLAN		"/vdsox/plan"
#define ARGV		"/vdsox/argv"
#define ARTIFACTS	"/vdsox/artifacts"
#define HOST_ROOT_TAG	"hostroot"
#define MAX_ARGS	64

enum port { PORT_VERDICT, PORT_FILES, PORT_STDOUT, PORT_STDERR, PORTS };

struct test {
	char *name;
	int timeout;
	char *directory;
	char *argv[MAX_ARGS];
};

/* ports.c */
void ports_open(void);
void port_write(enum port port, const void *data, size_t size);
void verdict(const char *format, ...) __attribute__((format(printf, 1, 2)));
void kmsg(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool write_all(int fd, const void *data, size_t size);

/* files.c */
void files_send(void);
void files_end(void);

/* copy.c */
bool copy_files(void);

/* root.c */
bool root_enter(void);

/* run.c */
pid_t spawn(char **argv, const char *directory, int out, int err);
int run_command(char **argv);
void run_tests(char *plan);
void kill_all(void);

#endif
