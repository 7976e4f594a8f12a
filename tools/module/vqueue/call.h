/* SPDX-License-Identifier: MIT */
/* System calls and their errors. An image has no libc. */
#ifndef VQUEUE_CALL_H
#define VQUEUE_CALL_H

#include <asm/errno.h>
#include <stdint.h>

#include "vdsox_module_call.h"

inline long argument(const void *pointer)
{
	return reinterpret_cast<long>(pointer);
}

inline long argument(long number)
{
	return number;
}

template <typename... Arguments> long call(long number, Arguments... arguments)
{
	const long values[6] = {argument(arguments)...};

	return vdsox_module_call(number, values[0], values[1], values[2], values[3], values[4],
				 values[5]);
}

inline bool is_error(long result)
{
	return result < 0 && result >= -4095;
}

#endif
