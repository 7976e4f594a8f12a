// SPDX-License-Identifier: GPL-2.0
/*
 * Reports the KUnit tests, which ran at boot: each of their cases is a case here, with
 * the KUnit output as its message.
 *
 * Fails when: a KUnit case failed, or there are no results although this kernel has
 * task records: a test kernel is built with CONFIG_VDSO_TASK_KUNIT_TEST.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats.h"

#define RESULTS		"/sys/kernel/debug/kunit/vdso_task/results"
#define MAX_CASES	100

/* Indentation of a suite's results; parameters' results have twice as much. */
#define INDENT		"    "

struct line {
	char name[64];
	char skipped[128];
	char message[512];
	bool good;
};

static struct line lines[MAX_CASES];
static unsigned int nr_lines;
static char fault[128];

static void add_message(struct line *l, const char *text)
{
	size_t len = strlen(l->message);

	text += strspn(text, " ");
	snprintf(l->message + len, sizeof(l->message) - len, "%s%.*s", len ? " " : "",
		 (int)strcspn(text, "\n"), text);
}

/* "ok 1 name", "not ok 2 name", "ok 3 name # SKIP why"; messages precede the result. */
static void parse(const char *text)
{
	struct line *l = &lines[nr_lines];
	const char *skip;
	int used = 0;

	if (sscanf(text, "ok %*u %63s%n", l->name, &used) == 1) {
		l->good = true;
	} else if (!strncmp(text, "1..", 3)) {	/* the header ends */
		l->message[0] = '\0';
		return;
	} else if (sscanf(text, "not ok %*u %63s%n", l->name, &used) != 1) {
		add_message(l, text);
		return;
	}
	skip = strstr(text + used, "# SKIP");
	if (skip)
		snprintf(l->skipped, sizeof(l->skipped), "%.*s",
			 (int)strcspn(skip + 6, "\n"), skip + 6);
	if (nr_lines < MAX_CASES - 1)
		nr_lines++;
}

static void read_results(void)
{
	char text[512];
	FILE *f;

	if (vt_stats_init())
		snprintf(fault, sizeof(fault), "no vdso_task/stats in debugfs");
	f = fopen(RESULTS, "r");
	if (!f) {
		snprintf(fault, sizeof(fault), "%s: %m", RESULTS);
		return;
	}
	while (fgets(text, sizeof(text), f))
		if (!strncmp(text, INDENT, strlen(INDENT)))
			parse(text + strlen(INDENT));
	fclose(f);
	if (!nr_lines)
		snprintf(fault, sizeof(fault), "%s contains no case", RESULTS);
}

static int check_present(const void *arg)
{
	(void)arg;
	if (access("/proc/sys/kernel/vdso_task", F_OK))
		return vt_skip("this kernel has no CONFIG_VDSO_TASK");
	VT_CHECK(!fault[0], "%s", fault);
	return VT_PASS;
}

static int check_line(const void *arg)
{
	const struct line *l = arg;

	if (l->skipped[0])
		return vt_skip("%s", l->skipped);
	VT_CHECK(l->good, "at boot: %s", l->message);
	return VT_PASS;
}

int main(void)
{
	struct vt_case cases[MAX_CASES + 1] = {
		{ "results-present", check_present, NULL, 0 },
	};
	unsigned int i;

	read_results();
	for (i = 0; i < nr_lines; i++)
		cases[i + 1] = (struct vt_case){ lines[i].name, check_line,
						 &lines[i], 0 };
	return vt_run(cases, nr_lines + 1);
}
