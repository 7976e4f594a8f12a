/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOX_BENCH_CHECKS_H
#define VDSOX_BENCH_CHECKS_H

#include <functional>
#include <string>

#include "fake_vdso.h"

namespace bench
{

/* Exit status of a program after a Fault. */
constexpr int exit_fault = 2;

/* Returns @body's status; if @body throws, prints @program's message, returns exit_fault. */
int report_faults(const std::string &program, const std::function<int()> &body);

/* Fills the records with wrong answers: an entry must return those, not the system call's. */
void check_entries(const FakeVdso &vdso);

/*
 * Each clock that every kernel's vDSO answers must be seconds_apart() ahead of the
 * host's CLOCK_MONOTONIC, within two seconds. No system call returns such times.
 */
void check_clocks(const FakeVdso &vdso);

} // namespace bench

#endif
