/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOX_TOOL_USAGE_H
#define VDSOX_TOOL_USAGE_H

#include <stdexcept>

namespace vdsox_tool
{

enum ExitStatus { exit_good = 0, exit_fault = 1, exit_usage = 2 };

/* Wrong words on the command line. */
class UsageError : public std::runtime_error
{
	using runtime_error::runtime_error;
};

} // namespace vdsox_tool

#endif
