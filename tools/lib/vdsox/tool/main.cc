// SPDX-License-Identifier: GPL-2.0
/* vdsox: lists a process's vDSO entries and the sources of their answers. See vdsox(1). */
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "file.h"
#include "module.h"
#include "module/build.h"
#include "process.h"
#include "report.h"
#include "status.h"
#include "text.h"
#include "usage.h"

namespace vdsox_tool
{

namespace
{

std::string usage()
{
	return std::string("usage: vdsox entries [--json] [PID]\n"
			   "       vdsox status [--json | --nagios | --prometheus]\n"
			   "       vdsox dump PID FILE\n") +
	       module_usage + "       vdsox --version | --help\n";
}

using Words = std::vector<std::string>;

long parse_pid(const std::string &text)
{
	const long pid = text == "self" ? getpid() : vdsogen::parse_number(text).value_or(0);

	if (pid <= 0)
		throw UsageError("'" + text + "' is not a process ID");
	return pid;
}

int entries(Words words)
{
	const auto json = std::find(words.begin(), words.end(), "--json");
	const bool as_json = json != words.end();

	if (as_json)
		words.erase(json);
	if (words.size() > 1)
		throw UsageError("unexpected word '" + words[1] + "'");

	const Report report = make_report(words.empty() ? std::nullopt
							: std::optional<long>(parse_pid(words[0])));

	if (as_json)
		print_json(report, std::cout);
	else
		print_text(report, std::cout);
	return exit_good;
}

int status(const Words &words)
{
	if (words.size() > 1)
		throw UsageError("unexpected word '" + words[1] + "'");

	const Form form = form_of(words.empty() ? "" : words[0]);

	return print_status(make_status(), form, std::cout);
}

int dump(const Words &words)
{
	if (words.size() != 2)
		throw UsageError("dump needs PID and FILE");

	const Vdso vdso = read_vdso(parse_pid(words[0]));
	const Contents contents = read_contents(vdso.image);
	vdsogen::OutputFile output(words[1]);

	/* Without the padding of the last page, which is not part of the file. */
	output.write(vdso.image.substr(0, static_cast<std::size_t>(contents.length)));
	return exit_good;
}

int dispatch(Words words)
{
	if (words.empty())
		throw UsageError("a command is missing");

	const std::string command = words.front();

	words.erase(words.begin());
	if (command == "entries")
		return entries(std::move(words));
	if (command == "status")
		return status(words);
	if (command == "dump")
		return dump(words);
	if (command == "module")
		return module_command(std::move(words));
	if (command == "--version") {
		std::cout << "vdsox " VDSOX_VERSION "\n";
		return exit_good;
	}
	if (command == "--help" || command == "-h") {
		std::cout << usage();
		return exit_good;
	}
	throw UsageError("unknown command '" + command + "'");
}

} // namespace

int run(const Words &words)
{
	try {
		const int status = dispatch(words);

		std::cout.flush();
		if (!std::cout)
			throw Fault("cannot write the output");
		return status;
	} catch (const UsageError &error) {
		std::cerr << "vdsox: " << error.what() << '\n' << usage();
		return exit_usage;
	} catch (const modules::TableFault &) {
		return exit_fault;
	} catch (const std::exception &error) {
		std::cerr << "vdsox: " << error.what() << '\n';
		return exit_fault;
	}
}

} // namespace vdsox_tool

int main(int argc, char **argv)
{
	return vdsox_tool::run(std::vector<std::string>(argv + (argc > 0), argv + argc));
}
