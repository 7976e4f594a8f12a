/* SPDX-License-Identifier: MIT */
/* Made by vdsogen of input.tbl. Change that instead. */
#ifndef _VDSOX_ENTRIES_H
#define _VDSOX_ENTRIES_H

#ifndef _VDSOX_H
#error "include <vdsox.h>"
#endif

/**
 * enum vdsox_entry - what vdsox_entry_source() can be asked about
 *
 * A number never changes its meaning; later versions have more of them.
 */
enum vdsox_entry {
	VDSOX_NR_ENTRIES, /* of this header, see vdsox_entry_count() */
};

#if defined(__x86_64__) && !defined(__ILP32__)


#endif

#endif /* _VDSOX_ENTRIES_H */
