/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Taking CPUs down and up. A program that links cpus.c has all CPUs that were
 * online at its start brought up again after each case.
 */
#ifndef VDSO_TASK_CPUS_H
#define VDSO_TASK_CPUS_H

#include "vt.h"

/* CPUs that were online at the start and can go down; how many. */
int vt_unpluggable(int *list, int max);

/* 0 or -errno of the attempt. */
int vt_plug(int cpu, bool online);

/*
 * Brings back a CPU that must come. An emulator may say that a CPU is still on which
 * it has just been told to take off: for that long the attempt is repeated.
 */
int vt_plug_back(int cpu);
bool vt_is_online(int cpu);

#endif /* VDSO_TASK_CPUS_H */
