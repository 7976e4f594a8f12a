/* SPDX-License-Identifier: GPL-2.0 */
/* The clock data in the vvar page, for tools/bench/native/offsets.c. */
#define CLOCK_DATA	struct vdso_clock
#define CLOCK(member)	offsetof(struct vdso_time_data, clock_data[0].member)
