/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOX_TOOL_MODULE_H
#define VDSOX_TOOL_MODULE_H

#include <string>
#include <vector>

namespace vdsox_tool
{

/* The lines of `vdsox module ...` in the usage. */
extern const char *const module_usage;

/*
 * Runs the words after `vdsox module`; returns the exit status. Throws UsageError, Fault, or
 * what the builder throws.
 */
int module_command(std::vector<std::string> words);

} // namespace vdsox_tool

#endif
