/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOX_BENCH_HOST_H
#define VDSOX_BENCH_HOST_H

#include <cstdint>
#include <string>

namespace bench
{

/* Whether the CPU is emulated, so that times mean nothing, as a sentence; empty if not. */
std::string emulation();

/* Whether this CPU has X86_FEATURE_* @number, of those that vDSO alternatives use. */
bool has_feature(unsigned int number);

/* The source of the CPU number in user space: "RDPID", "LSL" or "TPIDRRO_EL0". */
std::string cpu_number_by();

std::uint64_t read_counter();

/* The measured ticks of read_counter() per second. */
double counter_rate();

/* A function of this process's real vDSO, or nullptr. */
void *host_function(const std::string &symbol);

} // namespace bench

#endif
