/* SPDX-License-Identifier: MIT */
/* Made by vdsogen of input.tbl. Change that instead. */
/*
 * X(name, NAME, KIND, symbol, version, number of the system call, result,
 *   parameters of the library's function, arguments that it passes on,
 *   parameters of the vDSO's function, arguments of the system call)
 */
#ifndef _VDSOX_CALLS_H
#define _VDSOX_CALLS_H

#include <asm/unistd.h>

#define VDSOX_NAMES(X) \
	X(getfoo) \
	X(getbar) \
	X(hand)

#if defined(__x86_64__) && !defined(__ILP32__)

#define VDSOX_CALLS(X) \
	X(getfoo, GETFOO, RECORD, "__vdso_getfoo", "LINUX_2.6", __NR_getfoo, foo_t, (void), (), (void), ()) \
	X(getbar, GETBAR, RECORD, "__bar", "LINUX_2.6", __NR_getbar, unsigned int, (int *b), (b), (int *b), (b))

#define VDSOX_VVAR_DATA	(-2)

#elif defined(__arm__)

#define VDSOX_CALLS(X) \
	X(getbar, GETBAR, RECORD, "__bar", "V1", __NR_getbar32, unsigned int, (int *b), (b), (int *b), (b)) \
	X(hand, HAND, CODE, "__p_hand", "V1", __NR_hand, void *, (void), (), (void), ())


#endif

#endif /* _VDSOX_CALLS_H */
