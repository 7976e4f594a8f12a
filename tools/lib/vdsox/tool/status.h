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

/* For people, programs, a check of Nagios, and Prometheus's textfile collector. */
enum class Form { lines, json, nagios, prometheus };

/* The form of an option; "" is lines. Throws UsageError if there is no such option. */
Form form_of(const std::string &option);

/*
 * Prints it.
 *
 * Returns the exit status: 0 answered, 1 not or partly, 3 unknown; as nagios 0 OK,
 * 1 WARNING, 2 CRITICAL, 3 UNKNOWN; as prometheus 0.
 */
int print_status(const Status &status, Form form, std::ostream &out);

} // namespace vdsox_tool

#endif
