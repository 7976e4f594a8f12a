// SPDX-License-Identifier: MIT
/*
 * The object for LD_PRELOAD: exports the record entries under the C library's names. It
 * contains the library's objects, hidden, and is linked with no library: see resolve.cc.
 */
#include "vdsox.h"
#include "vdsox_calls.h"

#define VDSOX_EXPORT_RECORD(name, result, shown, passed)                                           \
	extern "C" [[gnu::visibility("default")]] result name shown noexcept                       \
	{                                                                                          \
		return vdsox_##name passed;                                                        \
	}
/* Not replaced: the C library's getcpu() has another prototype than the system call. */
#define VDSOX_EXPORT_CODE(name, result, shown, passed)
#define VDSOX_EXPORT_BASE(name, result, shown, passed)

#define VDSOX_EXPORT(name, NAME, KIND, symbol, version, nr, result, shown, passed, all, sent)      \
	VDSOX_EXPORT_##KIND(name, result, shown, passed)

VDSOX_CALLS(VDSOX_EXPORT)
