/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOX_BENCH_STEPS_H
#define VDSOX_BENCH_STEPS_H

#include <functional>

#include "fake_vdso.h"

namespace bench
{

/* Single-steps a child through @call and counts the instructions within the image. */
long count_steps(const FakeVdso &vdso, const std::function<void()> &call);

} // namespace bench

#endif
