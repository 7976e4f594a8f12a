/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOX_BENCH_STEPS_H
#define VDSOX_BENCH_STEPS_H

#include <functional>

#include "laboratory.h"

namespace bench
{

/* Instructions within the image while a child makes @call, one by one. */
long count_steps(const Laboratory &laboratory, const std::function<void()> &call);

} // namespace bench

#endif
