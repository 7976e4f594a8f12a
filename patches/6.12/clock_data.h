/* SPDX-License-Identifier: GPL-2.0 */
/* The clock data in the vvar page, for tools/bench/native/offsets.c. */
#define CLOCK_DATA	struct vdso_data
#define CLOCK(member)	offsetof(struct vdso_data, member)
