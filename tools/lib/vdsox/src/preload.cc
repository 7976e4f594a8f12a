// SPDX-License-Identifier: MIT
/*
 * The object for LD_PRELOAD: the C library's names of the record entries. It is made of
 * the library's own objects, hidden, and asks for no library: see resolve.cc.
 */
#include "vdsox.h"
#include "vdsox_calls.h"

#define VDSOX_EXPORT_RECORD(name, result, shown, passed)                                             \
	extern "C" [[gnu::visibility("default")]] result name shown noexcept                       \
	{                                                                                          \
		return vdsox_##name passed;                                                        \
	}
/* A program's getcpu() is another function than the system call: left alone. */
#define VDSOX_EXPORT_CODE(name, result, shown, passed)
#define VDSOX_EXPORT_BASE(name, result, shown, passed)

#define VDSOX_EXPORT(name, NAME, KIND, symbol, version, nr, result, shown, passed, all, sent)      \
	VDSOX_EXPORT_##KIND(name, result, shown, passed)

VDSOX_CALLS(VDSOX_EXPORT)
