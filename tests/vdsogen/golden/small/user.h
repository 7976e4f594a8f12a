/* SPDX-License-Identifier: GPL-2.0 */
/* Made by vdsogen of input.tbl. Change that instead. */
/*
 * The vDSO's functions: for each the symbol, its version and, where the
 * prototype is a C one, the type of a pointer to it (vdso_task_NAME_fn).
 * A kernel may lack any of them: look it up and keep the system call.
 */
#ifndef _VDSO_TASK_USER_H
#define _VDSO_TASK_USER_H

#include <stddef.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#include <linux/time_types.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__x86_64__) && !defined(__ILP32__)

#define VDSO_TASK_ABI		"a64"

#define VDSO_TASK_GETFOO_SYMBOL	"__vdso_getfoo"
#define VDSO_TASK_GETFOO_VERSION	"LINUX_2.6"
typedef foo_t (*vdso_task_getfoo_fn)(void);
#define VDSO_TASK_GETBAR_SYMBOL	"__bar"
#define VDSO_TASK_GETBAR_VERSION	"LINUX_2.6"
typedef unsigned int (*vdso_task_getbar_fn)(int *b);
#define VDSO_TASK_OLD_SYMBOL	"__vdso_old"
#define VDSO_TASK_OLD_VERSION	"LINUX_2.6"
typedef int (*vdso_task_old_fn)(void);
#define VDSO_TASK_SIG_SYMBOL	"__sig"
#define VDSO_TASK_SIG_VERSION	"LINUX_2.5"

#elif defined(__arm__)

#define VDSO_TASK_ABI		"a32"

#define VDSO_TASK_GETBAR_SYMBOL	"__bar"
#define VDSO_TASK_GETBAR_VERSION	"V1"
typedef unsigned int (*vdso_task_getbar_fn)(int *b);
#define VDSO_TASK_HAND_SYMBOL	"__p_hand"
#define VDSO_TASK_HAND_VERSION	"V1"
typedef void *(*vdso_task_hand_fn)(void);
#define VDSO_TASK_OLD_SYMBOL	"__p_old"
#define VDSO_TASK_OLD_VERSION	"V1"
typedef int (*vdso_task_old_fn)(void);
#define VDSO_TASK_DATUM_SYMBOL	"__p_datum"
#define VDSO_TASK_DATUM_VERSION	"V1"

#endif

#ifdef __cplusplus
}
#endif

#endif /* _VDSO_TASK_USER_H */
