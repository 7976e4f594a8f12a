// SPDX-License-Identifier: GPL-2.0
/* See delays.h. */
#include <stdio.h>

#include "delays.h"
#include "stats.h"

#define DELAYS	"/sys/kernel/debug/vdso_task/delays"

/* Before main(), so that no program can forget it. */
static void __attribute__((constructor)) register_cleanup(void)
{
	vt_cleanup(vt_delays_off);
}

int vt_delays_init(void)
{
	int result = vt_stats_init();

	if (result)
		return result;
	if (access(DELAYS, W_OK))
		return vt_skip("needs CONFIG_VDSO_TASK_DEBUG");
	vt_delays_off();
	return VT_PASS;
}

bool vt_delay(const char *point, unsigned int usec, pid_t pid)
{
	char line[64];

	snprintf(line, sizeof(line), "%s %u %d", point, usec, pid);
	if (vt_write_file(DELAYS, line))
		return true;
	vt_fail("%s: '%s': %m", DELAYS, line);
	return false;
}

void vt_delays_off(void)
{
	if (!access(DELAYS, W_OK) && !vt_write_file(DELAYS, "off"))
		vt_fail("%s: off: %m", DELAYS);
}
