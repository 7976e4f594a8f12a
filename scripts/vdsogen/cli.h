/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOGEN_CLI_H
#define VDSOGEN_CLI_H

#include <ostream>
#include <string>
#include <vector>

namespace vdsogen
{

enum ExitStatus { exit_good = 0, exit_fault = 1, exit_usage = 2 };

/* Runs the command in @args (without the program's name); messages go to @err. */
int run(const std::vector<std::string> &args, std::ostream &out, std::ostream &err);

} // namespace vdsogen

#endif
