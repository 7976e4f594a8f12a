// SPDX-License-Identifier: GPL-2.0
#include "status.h"

#include <unistd.h>

#include <iomanip>

#include "process.h"
#include "text.h"
#include "usage.h"

namespace vdsox_tool
{

namespace
{

using vdsogen::json_string;
using vdsogen::json_string_or_null;

struct Wording {
	const char *key; /* in JSON and metrics */
	const char *text;
	int exit;
	int check;
};

Wording wording_of(State state)
{
	switch (state) {
	case State::answered:
		return {"answered", "the vDSO answers every call for an ID", 0, 0};
	case State::partly:
		return {"partly", "the system call answers some calls for an ID", 1, 1};
	case State::off:
		return {"off", "kernel.vdso_task is 0", 1, 2};
	case State::unpatched:
		return {"unpatched", "the kernel has no task records", 1, 2};
	default:
		return {"unknown", "the kernel's counters cannot be read", 3, 3};
	}
}

bool has(const std::vector<Answer> &answers, Source source)
{
	for (const Answer &answer : answers)
		if (answer.source == source)
			return true;
	return false;
}

void print_line(std::ostream &out, const std::string &name, const std::string &value)
{
	out << std::left << std::setw(24) << name << ' ' << value << '\n';
}

void print_answers(std::ostream &out, const std::vector<Answer> &answers)
{
	for (const Answer &answer : answers)
		print_line(out, answer.entry, verdict_of(answer));
}

std::string objects(const std::vector<Answer> &answers)
{
	std::string text;

	for (const Answer &answer : answers)
		text += std::string(text.empty() ? "" : ",") +
			"\n    {\"call\": " + json_string(answer.entry) +
			", \"source\": " + json_string(key_of(answer.source)) +
			", \"reason\": " + json_string_or_null(answer.reason) + "}";
	return "[" + text + "\n  ]";
}

/* One that is unknown has no sample. */
void print_samples(std::ostream &out, const std::vector<Answer> &answers)
{
	for (const Answer &answer : answers)
		if (answer.source != Source::unknown)
			out << "vdsox_answered{call=\"" << answer.entry << "\"} "
			    << (answer.source == Source::vdso) << '\n';
}

void print_gauge(std::ostream &out, const std::string &name, const std::string &help)
{
	out << "# HELP " << name << ' ' << help << "\n# TYPE " << name << " gauge\n";
}

State state_of(const Status &status)
{
	if (!status.task_switch)
		return State::unpatched;
	if (!*status.task_switch)
		return State::off;
	if (has(status.ids, Source::syscall))
		return State::partly;
	return has(status.ids, Source::unknown) ? State::unknown : State::answered;
}

void print_lines(const Status &status, const Wording &wording, std::ostream &out)
{
	print_line(out, "kernel.vdso_task",
		   status.task_switch ? std::to_string(*status.task_switch) : "absent");
	for (const std::string &policy : status.policies)
		print_line(out, "policy", policy);
	print_answers(out, status.ids);
	print_answers(out, status.clocks);
	print_line(out, "status", wording.text);
}

void print_object(const Status &status, const Wording &wording, std::ostream &out)
{
	out << "{\n  \"status\": " << json_string(wording.key) << ",\n  "
	    << control_json(status.task_switch, status.policies)
	    << ",\n  \"ids\": " << objects(status.ids)
	    << ",\n  \"clocks\": " << objects(status.clocks) << "\n}\n";
}

void print_check(const Status &status, const Wording &wording, std::ostream &out)
{
	static const char *const names[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
	std::string why;

	for (const Answer &answer : status.ids)
		if (why.empty() && wording.check == 1 && answer.source == Source::syscall)
			why = ": " + answer.entry + ": " + answer.reason;
	out << "VDSOX " << names[wording.check] << ": " << wording.text << why << '\n';
}

void print_metrics(const Status &status, std::ostream &out)
{
	print_gauge(out, "vdsox_patched", "1 if the kernel has task records.");
	out << "vdsox_patched " << status.task_switch.has_value() << '\n';
	print_gauge(out, "vdsox_enabled", "The sysctl kernel.vdso_task; 0 if it is absent.");
	out << "vdsox_enabled " << status.task_switch.value_or(0) << '\n';
	print_gauge(out, "vdsox_answered", "1 if the vDSO answers the call, 0 if the kernel does.");
	print_samples(out, status.ids);
	print_samples(out, status.clocks);
}

} // namespace

Status make_status()
{
	const bool has_vvar = read_vdso(getpid()).has_vvar;
	Status status;
	std::string obstacle;

	status.task_switch = task_switch();
	status.policies = policies(getpid());
	if (!status.task_switch)
		obstacle = wording_of(State::unpatched).text;
	else if (!has_vvar)
		obstacle = no_vvar;
	status.ids = own_ids(has_vvar);
	status.clocks = own_clocks(obstacle);
	return status;
}

Form form_of(const std::string &option)
{
	if (option.empty())
		return Form::lines;
	if (option == "--json")
		return Form::json;
	if (option == "--nagios")
		return Form::nagios;
	if (option == "--prometheus")
		return Form::prometheus;
	throw UsageError("unexpected word '" + option + "'");
}

int print_status(const Status &status, Form form, std::ostream &out)
{
	const Wording wording = wording_of(state_of(status));

	switch (form) {
	case Form::nagios:
		print_check(status, wording, out);
		return wording.check;
	case Form::prometheus:
		print_metrics(status, out);
		return exit_good;
	case Form::json:
		print_object(status, wording, out);
		return wording.exit;
	default:
		print_lines(status, wording, out);
		return wording.exit;
	}
}

} // namespace vdsox_tool
