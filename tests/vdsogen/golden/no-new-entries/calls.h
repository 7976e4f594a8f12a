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

#define VDSOX_NAMES(X)

#if defined(__x86_64__) && !defined(__ILP32__)

#define VDSOX_CALLS(X)


#endif

#endif /* _VDSOX_CALLS_H */
