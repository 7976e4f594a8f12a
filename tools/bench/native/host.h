/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOX_BENCH_HOST_H
#define VDSOX_BENCH_HOST_H

#include <cstdint>
#include <string>

namespace bench
{

/* The machine under the laboratory. */

/* Why times mean nothing here; empty where they do. */
std::string emulated();

/* Does this CPU have what stands behind a feature number of the kernel's? */
bool has_feature(unsigned int number);

/* How user space learns the CPU number: "RDPID", "LSL" or "TPIDRRO_EL0". */
std::string cpu_number_by();

std::uint64_t read_counter();

/* Ticks of read_counter() a second, measured. */
double counter_rate();

/* A function of the vDSO that this process was given, or nullptr. */
void *host_function(const std::string &symbol);

} // namespace bench

#endif
