/* SPDX-License-Identifier: GPL-2.0 */
/* vdsox status: does this kernel answer this process's calls in user mode? */
#ifndef VDSOX_TOOL_STATUS_H
#define VDSOX_TOOL_STATUS_H

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "answers.h"

namespace vdsox_tool
{

enum class State {
	answered,  /* the vDSO answers every call for an ID */
	partly,	   /* the system call answers some */
	off,	   /* kernel.vdso_task is 0 */
	unpatched, /* the kernel has no task records */
	unknown,   /* the kernel's counters cannot be read */
};

struct Status {
	std::optional<long> task_switch; /* kernel.vdso_task */
	std::vector<std::string> policies;
	std::vector<Answer> ids;
	std::vector<Answer> clocks; /* State does not depend on them */
};

Status make_status();

/*
 * Prints it in the form of an option: "" for people, --json, --nagios for a check of
 * Nagios, or --prometheus for its textfile collector. Throws UsageError for another form.
 *
 * Returns the exit status: 0 answered, 1 not or partly, 3 unknown; with --nagios 0 OK,
 * 1 WARNING, 2 CRITICAL, 3 UNKNOWN; with --prometheus 0.
 */
int print_status(const Status &status, const std::string &form, std::ostream &out);

} // namespace vdsox_tool

#endif
