/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Takes CPUs offline and online. In a program that links cpus.c, all CPUs that were
 * online at its start are brought back online after each case.
 */
#ifndef VDSO_TASK_CPUS_H
#define VDSO_TASK_CPUS_H

#include "vt.h"

/* Stores CPUs that were online at the start and may go offline; returns how many. */
int vt_unpluggable(int *list, int max);

/* Returns 0 or -errno. */
int vt_plug(int cpu, bool online);

/*
 * Brings a CPU back online; a result. For a while an emulator may report a CPU as on that
 * it was just asked to turn off, so this retries.
 */
int vt_plug_back(int cpu);
bool vt_is_online(int cpu);

#endif /* VDSO_TASK_CPUS_H */
