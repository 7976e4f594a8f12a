/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PID 1 of the guest. The host lays down, in the initramfs:
 *
 *   /vdsox/plan      one line: `exec`, `exec-root`, `probe`, or `test`; after `test`,
 *                    a line for each test: NAME TIMEOUT DIRECTORY PROGRAM [ARGUMENT]...
 *   /vdsox/argv      for `exec`: the command, each word ended by a NUL
 *   /vdsox/layer/    for `exec-root`: files laid over the root that the host exports
 *                    over 9p as HOST_ROOT_TAG; the command runs there
 *   /vdsox/copy/     files below /tmp and /run, copied there once PID 1 has mounted a
 *                    tmpfs on each
 *   /vdsox/images/   the built vDSO images
 *   /kselftest/      the kselftests, as they install themselves
 *
 * and reads from four virtio-serial ports, found by their names:
 *
 *   vdsox.verdict    KTAP, the output of a test nested in it by two spaces;
 *                    `# vdsox: ready` once PID 1 runs, `# vdsox: begin NAME` before
 *                    a test, `# vdsox: exit N` for `exec`, `# vdsox: end` at the end
 *   vdsox.files      an ustar stream of what the tests left in $VDSOX_ARTIFACTS
 *   vdsox.stdout     the output of the command of `exec`
 *   vdsox.stderr
 *
 * /dev/kmsg gets `vdsox: begin NAME` and `vdsox: end NAME` marks, by which the host
 * puts what the kernel says to the test that ran at that moment.
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
bool copy_laid(void);

/* root.c */
bool root_enter(void);

/* run.c */
pid_t spawn(char **argv, const char *directory, int out, int err);
int run_command(char **argv);
void run_tests(char *plan);
void end_everyone(void);

#endif
