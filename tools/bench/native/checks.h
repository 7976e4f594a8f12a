/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOX_BENCH_CHECKS_H
#define VDSOX_BENCH_CHECKS_H

#include <functional>
#include <string>

#include "fake_vdso.h"

namespace bench
{

/* Exit status of a program that met a Fault. */
constexpr int exit_fault = 2;

/* @body's status; exit_fault, after a message in @program's name, where it throws. */
int tell_faults(const std::string &program, const std::function<int()> &body);

/* Answers that no system call gives must come, so it is the records that answer. */
void check_entries(const FakeVdso &vdso);

/*
 * The clocks that every kernel answers run as the host's does, each by the seconds that
 * the laboratory has given it and no system call knows of, within a second or two.
 */
void check_clocks(const FakeVdso &vdso);

} // namespace bench

#endif
