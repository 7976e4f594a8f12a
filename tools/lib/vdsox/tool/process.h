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

/* what() is one line for the user; the program exits with status 1. */
class Fault : public std::runtime_error
{
	using runtime_error::runtime_error;
};

/* The vDSO of a process, read from its memory. */
struct Vdso {
	std::uint64_t base = 0;
	std::string image; /* full pages */
	bool has_vvar = false;
};

/* Throws Fault. */
Vdso read_vdso(long pid);

/* The value of @key in /proc/PID/status; empty if there is no such line. */
std::string status_value(long pid, const std::string &key);

/* Why answers of @pid's first thread may be masked, as far as /proc shows. */
std::vector<std::string> policies(long pid);

/* The sysctl kernel.vdso_task; nullopt if this kernel does not have it. */
std::optional<long> task_switch();

/* Both as members of a JSON object, without its braces. */
std::string control_json(std::optional<long> task_switch, const std::vector<std::string> &policies);

} // namespace vdsox_tool

#endif
