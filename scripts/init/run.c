// SPDX-License-Identifier: GPL-2.0
/* Run a command, or the tests of the plan in order, each with a time limit. */
#define _GNU_SOURCE
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SKIPPED		4
/* The status of timeout(1): all failures of the program were exceeded time limits. */
#define EXIT_LATE	124
#define MAX_POLL	0.1	/* seconds, see struct limit */

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

/*
 * A busy host may stop the guest's CPUs for seconds, in which the program cannot make
 * progress. So at most MAX_POLL is accounted between two calls of is_over().
 */
struct limit {
	double last, left;	/* seconds */
};

static bool is_over(struct limit *limit)
{
	double time = now(), passed = time - limit->last;

	limit->last = time;
	limit->left -= passed < MAX_POLL ? passed : MAX_POLL;
	return limit->left < 0;
}

pid_t spawn(char **argv, const char *directory, int out, int err)
{
	pid_t child = fork();

	if (child)
		return child;
	setsid();
	if (chdir(directory))
		dprintf(err, "vdsox: %s: %s\n", directory, strerror(errno));
	dup2(out, 1);
	dup2(err, 2);
	execvp(argv[0], argv);
	dprintf(2, "vdsox: %s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* Kill and reap all processes except PID 1 and kernel threads. */
void kill_all(void)
{
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

/* Reap zombies; true, with its status, once @child is among them. */
static bool reap(pid_t child, int *status)
{
	pid_t ended;
	int other;

	while ((ended = waitpid(-1, &other, WNOHANG)) > 0) {
		if (ended != child)
			continue;
		*status = other;
		return true;
	}
	return false;
}

/* --- exec: two pipes, passed through --- */

static bool pump(int fd, enum port port)
{
	char buffer[16384];
	ssize_t got = read(fd, buffer, sizeof(buffer));

	if (got > 0)
		port_write(port, buffer, got);
	return got > 0;
}

static void pump_both(struct pollfd *fds, int timeout)
{
	static const enum port ports[2] = { PORT_STDOUT, PORT_STDERR };

	if (poll(fds, 2, timeout) <= 0)
		return;
	for (int i = 0; i < 2; i++)
		if (fds[i].revents && !pump(fds[i].fd, ports[i]))
			fds[i].fd = -1;
}

int run_command(char **argv)
{
	int out[2], err[2], status = 0;
	struct pollfd fds[2];
	pid_t child;

	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		return 126;
	kmsg("vdsox: begin command");
	child = spawn(argv, "/", out[1], err[1]);
	close(out[1]);
	close(err[1]);
	fds[0] = (struct pollfd){ .fd = out[0], .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = err[0], .events = POLLIN };
	while (!reap(child, &status))
		pump_both(fds, 10);
	kill_all();
	while (fds[0].fd >= 0 || fds[1].fd >= 0)
		pump_both(fds, 1000);
	kmsg("vdsox: end command");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* --- test: KTAP --- */

struct output {
	char line[2048];
	size_t used;
	char skip[256];
};

/* The reason follows `SKIP` in the test's output. */
static void note_skip(struct output *output)
{
	char *at = strstr(output->line, "SKIP");

	if (!at)
		return;
	at += strlen("SKIP");
	at += strspn(at, " :-]\t");
	if (*at)
		snprintf(output->skip, sizeof(output->skip), "%s", at);
}

static void flush_line(struct output *output)
{
	output->line[output->used] = '\0';
	note_skip(output);
	verdict("  %s\n", output->line);
	output->used = 0;
}

static bool read_output(int fd, struct output *output)
{
	char buffer[4096];
	ssize_t got = read(fd, buffer, sizeof(buffer));

	for (ssize_t i = 0; i < got; i++) {
		if (buffer[i] != '\n' && buffer[i] != '\r')
			output->line[output->used++] = buffer[i] ? buffer[i] : '?';
		if (buffer[i] == '\n' || output->used == sizeof(output->line) - 1)
			flush_line(output);
	}
	return got > 0;
}

/* Returns true if the test exceeded its limit, in seconds. */
static bool wait_test(pid_t child, int fd, int timeout, struct output *output, int *status)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	struct limit limit = { now(), timeout };
	bool late = false;

	while (!reap(child, status)) {
		if (poll(&poller, 1, 10) > 0 && !read_output(fd, output))
			usleep(10000);
		late = is_over(&limit);
		if (late)
			break;
	}
	kill_all();
	while (read_output(fd, output))
		;
	if (output->used)
		flush_line(output);
	return late;
}

static void print_result(int number, const struct test *test, bool late, int status,
			 const char *skip)
{
	if (late)
		verdict("not ok %d %s # TIMEOUT after %d s\n", number, test->name,
			test->timeout);
	else if (WIFSIGNALED(status))
		verdict("not ok %d %s # signal %d\n", number, test->name,
			WTERMSIG(status));
	else if (WEXITSTATUS(status) == SKIPPED)
		verdict("ok %d %s # SKIP %s\n", number, test->name, skip);
	else if (WEXITSTATUS(status) == EXIT_LATE)
		verdict("not ok %d %s # TIMEOUT in its cases\n", number, test->name);
	else if (WEXITSTATUS(status))
		verdict("not ok %d %s # exit %d\n", number, test->name,
			WEXITSTATUS(status));
	else
		verdict("ok %d %s\n", number, test->name);
}

static void run_test(int number, struct test *test)
{
	struct output output = { .used = 0 };
	int ends[2], status = 0;
	double begun = now();
	bool late;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC))
		return;
	verdict("# vdsox: begin %s\n", test->name);
	kmsg("vdsox: begin %s", test->name);
	child = spawn(test->argv, test->directory, ends[1], ends[1]);
	close(ends[1]);
	late = wait_test(child, ends[0], test->timeout, &output, &status);
	close(ends[0]);
	kmsg("vdsox: end %s", test->name);
	verdict("# vdsox: took %.3f %s\n", now() - begun, test->name);
	print_result(number, test, late, status, output.skip);
	files_send();
}

static bool parse_test(char *line, struct test *test)
{
	char *save, *word = strtok_r(line, " ", &save);
	int count = 0;

	test->name = word;
	word = strtok_r(NULL, " ", &save);
	test->timeout = word ? atoi(word) : 0;
	test->directory = strtok_r(NULL, " ", &save);
	while ((word = strtok_r(NULL, " ", &save)) && count < MAX_ARGS - 1)
		test->argv[count++] = word;
	test->argv[count] = NULL;
	return test->timeout > 0 && count > 0;
}

void run_tests(char *plan)
{
	int total = 0, number = 0;
	char *save, *line;

	for (char *at = plan; *at; at++)
		total += *at == '\n';
	verdict("KTAP version 1\n1..%d\n", total);
	for (line = strtok_r(plan, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct test test;

		number++;
		if (parse_test(line, &test))
			run_test(number, &test);
	}
}
