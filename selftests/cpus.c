// SPDX-License-Identifier: GPL-2.0
/* See cpus.h. */
#include <errno.h>
#include <stdio.h>

#include "cpus.h"

static int was_online[VT_MAX_CPUS], nr_was_online;

static void path_of(int cpu, char *path, size_t size)
{
	snprintf(path, size, "/sys/devices/system/cpu/cpu%d/online", cpu);
}

bool vt_is_online(int cpu)
{
	char path[80];

	path_of(cpu, path, sizeof(path));
	return vt_read_number(path) == 1;
}

int vt_plug(int cpu, bool online)
{
	char path[80];

	path_of(cpu, path, sizeof(path));
	return vt_write_file(path, online ? "1" : "0") ? 0 : -errno;
}

static int retry_online(int cpu)
{
	struct vt_limit limit = vt_limit_ms(10000);
	int error;

	while ((error = vt_plug(cpu, true)) && !vt_is_over(&limit)) {
		vt_note("CPU %d does not come online yet: %m", cpu);
		vt_sleep_ms(100);
	}
	return error;
}

int vt_plug_back(int cpu)
{
	VT_IN_TIME(!retry_online(cpu), "CPU %d does not come online: %m", cpu);
	return VT_PASS;
}

static void restore(void)
{
	int i;

	for (i = 0; i < nr_was_online; i++)
		if (!vt_is_online(was_online[i]) && retry_online(was_online[i]))
			vt_fail("CPU %d stays offline: %m", was_online[i]);
}

static void __attribute__((constructor)) find_online(void)
{
	int cpu, last = sysconf(_SC_NPROCESSORS_CONF);

	for (cpu = 0; cpu < last && nr_was_online < VT_MAX_CPUS; cpu++)
		if (vt_is_online(cpu))
			was_online[nr_was_online++] = cpu;
	vt_cleanup(restore);
}

/* CPU 0 stays online: one CPU has to, and on x86 devices depend on it. */
int vt_unpluggable(int *list, int max)
{
	int i, n = 0;

	for (i = 0; i < nr_was_online && n < max; i++)
		if (was_online[i])
			list[n++] = was_online[i];
	return n;
}
