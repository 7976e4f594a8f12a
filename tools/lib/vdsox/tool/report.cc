// SPDX-License-Identifier: GPL-2.0
#include "report.h"

#include <unistd.h>

#include <algorithm>
#include <iomanip>
#include <sstream>

#include "process.h"
#include "text.h"

namespace vdsox_tool
{

namespace
{

using vdsogen::json_string;
using vdsogen::json_string_or_null;

void print_row(std::ostream &out, const std::string &symbol, const std::string &version,
	       const std::string &address, const std::string &kind, const std::string &answer)
{
	std::ostringstream row;
	std::string text;

	row << std::left << std::setw(28) << symbol << ' ' << std::setw(13) << version << ' '
	    << std::setw(19) << address << ' ' << std::setw(5) << kind << ' ' << answer;
	text = row.str();
	text.erase(text.find_last_not_of(' ') + 1);
	out << text << '\n';
}

void print_head(const Report &report, std::ostream &out)
{
	out << "process " << report.pid << ": vDSO at " << vdsogen::hex(report.base) << ", "
	    << report.contents.bits << "-bit " << report.contents.machine << ", "
	    << report.contents.length << " bytes\n";
	out << "kernel.vdso_task: "
	    << (report.task_switch ? std::to_string(*report.task_switch)
				   : "absent, the kernel has no task records")
	    << '\n';
	for (const std::string &policy : report.policies)
		out << "policy: " << policy << '\n';
	out << '\n';
}

std::string export_json(const Report &report, const Export &symbol)
{
	const Answer *answer = report.find_answer(symbol.entry);

	return "{\"symbol\": " + json_string(symbol.symbol) +
	       ", \"entry\": " + json_string_or_null(symbol.entry) +
	       ", \"version\": " + json_string_or_null(symbol.version) +
	       ", \"address\": " + json_string(vdsogen::hex(report.base + symbol.value)) +
	       ", \"kind\": " + json_string_or_null(symbol.kind) +
	       ", \"source\": " + (answer ? json_string(key_of(answer->source)) : "null") +
	       ", \"reason\": " + json_string_or_null(answer ? answer->reason : "") + "}";
}

std::string absent_json(const Answer &answer)
{
	return "{\"symbol\": null, \"entry\": " + json_string(answer.entry) +
	       ", \"version\": null, \"address\": null, \"kind\": null, \"source\": " +
	       json_string(key_of(answer.source)) +
	       ", \"reason\": " + json_string_or_null(answer.reason) + "}";
}

} // namespace

const Answer *Report::find_answer(const std::string &entry) const
{
	for (const Answer &answer : answers)
		if (answer.entry == entry)
			return &answer;
	return nullptr;
}

bool Report::exports(const std::string &entry) const
{
	return std::any_of(contents.exports.begin(), contents.exports.end(),
			   [&](const Export &symbol) { return symbol.entry == entry; });
}

Report make_report(std::optional<long> pid)
{
	Report report;

	report.pid = pid.value_or(getpid());

	const Vdso vdso = read_vdso(report.pid);

	report.base = vdso.base;
	report.contents = read_contents(vdso.image);
	report.task_switch = task_switch();
	report.policies = policies(report.pid);
	if (!pid)
		report.answers = own_answers(vdso.has_vvar);
	return report;
}

void print_text(const Report &report, std::ostream &out)
{
	print_head(report, out);
	print_row(out, "SYMBOL", "VERSION", "ADDRESS", "KIND",
		  report.answers.empty() ? "" : "ANSWERED BY");
	for (const Export &symbol : report.contents.exports) {
		const Answer *answer = report.find_answer(symbol.entry);

		print_row(out, symbol.symbol, symbol.version.empty() ? "-" : symbol.version,
			  vdsogen::hex(report.base + symbol.value),
			  symbol.kind.empty() ? "-" : symbol.kind,
			  answer ? verdict_of(*answer) : "");
	}
	for (const Answer &answer : report.answers)
		if (!report.exports(answer.entry))
			print_row(out, answer.entry + "()", "-", "-", "-", verdict_of(answer));
}

void print_json(const Report &report, std::ostream &out)
{
	std::vector<std::string> rows;

	for (const Export &symbol : report.contents.exports)
		rows.push_back(export_json(report, symbol));
	for (const Answer &answer : report.answers)
		if (!report.exports(answer.entry))
			rows.push_back(absent_json(answer));
	out << "{\n  \"pid\": " << report.pid
	    << ",\n  \"base\": " << json_string(vdsogen::hex(report.base))
	    << ",\n  \"class\": " << report.contents.bits
	    << ",\n  \"machine\": " << json_string(report.contents.machine)
	    << ",\n  \"bytes\": " << report.contents.length << ",\n  "
	    << control_json(report.task_switch, report.policies) << ",\n  \"entries\": [\n";
	for (std::size_t i = 0; i < rows.size(); i++)
		out << "    " << rows[i] << (i + 1 < rows.size() ? ",\n" : "\n");
	out << "  ]\n}\n";
}

} // namespace vdsox_tool
