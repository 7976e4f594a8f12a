// SPDX-License-Identifier: GPL-2.0
#ifndef BUILD_VDSO32
#define BUILD_VDSO32
#endif
#include "fake_32bit_build.h"
#include "../vtask.c"
