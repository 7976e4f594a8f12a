/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOX_TOOL_PROCESS_H
#define VDSOX_TOOL_PROCESS_H

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace vdsox_tool
{

/* One line for the user; the program ends with status 1. */
class Fault : public std::runtime_error
{
	using runtime_error::runtime_error;
};

/* The vDSO of a process, read from its memory. */
struct Vdso {
	std::uint64_t base = 0;
	std::string image; /* whole pages */
	bool has_vvar = false;
};

/* Throws Fault. */
Vdso read_vdso(long pid);

/* A line of /proc/PID/status, without its key; empty if there is none. */
std::string status_value(long pid, const std::string &key);

/* What keeps system calls of the first thread of @pid visible, as far as /proc tells. */
std::vector<std::string> watchers(long pid);

/* kernel.vdso_task: nullopt if this kernel has no such switch. */
std::optional<long> task_switch();

} // namespace vdsox_tool

#endif
