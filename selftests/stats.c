// SPDX-License-Identifier: GPL-2.0
/* See stats.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "stats.h"

#define DEBUGFS	"/sys/kernel/debug"
#define STATS	DEBUGFS "/vdso_task/stats"

int vt_stats_init(void)
{
	if (access(DEBUGFS "/.", X_OK) && geteuid())
		return vt_skip("debugfs needs root");
	if (!access(STATS, R_OK))
		return VT_PASS;
	if (mount("debugfs", DEBUGFS, "debugfs", 0, NULL) && errno == ENODEV)
		return vt_skip("this kernel has no CONFIG_DEBUG_FS");
	VT_CHECK(!access(STATS, R_OK), "%s: %m", STATS);
	return VT_PASS;
}

/* The sum of all lines whose key begins with the first @len characters of @key. */
static long sum(const char *key, size_t len)
{
	char line[128], name[64];
	FILE *f = fopen(STATS, "r");
	long value, found = -1;

	if (!f) {
		vt_fail("%s: %m", STATS);
		return -1;
	}
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%63s %ld", name, &value) == 2 &&
		    !strncmp(name, key, len))
			found = (found < 0 ? 0 : found) + value;
	fclose(f);
	if (found < 0)
		vt_fail("%s has no line %s", STATS, key);
	return found;
}

long vt_stat(const char *key)
{
	return sum(key, strlen(key) + 1);
}

long vt_fallbacks(void)
{
	return sum("fallback_", strlen("fallback_"));
}

long vt_stable_stat(const char *key)
{
	struct vt_limit limit = vt_limit_ms(10000);
	long value = vt_stat(key);
	int same = 0;

	while (value >= 0 && same < 5 && !vt_is_over(&limit)) {
		long next;

		vt_sleep_ms(60);
		next = vt_stat(key);
		same = next == value ? same + 1 : 0;
		value = next;
	}
	return value;
}

bool vt_stat_becomes(const char *key, long value)
{
	struct vt_limit limit = vt_limit_ms(10000);
	long now;

	do {
		now = vt_stat(key);
		if (now == value)
			return true;
		vt_sleep_ms(20);
	} while (now >= 0 && !vt_is_over(&limit));
	if (now >= 0)
		vt_late("%s is %ld, expected %ld", key, now, value);
	return false;
}
