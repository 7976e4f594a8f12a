/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOX_BENCH_STEPS_H
#define VDSOX_BENCH_STEPS_H

#include <functional>

#include "fake_vdso.h"

namespace bench
{

/* Instructions within the image while a child makes @call, one by one. */
long count_steps(const FakeVdso &vdso, const std::function<void()> &call);

} // namespace bench

#endif
