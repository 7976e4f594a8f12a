// SPDX-License-Identifier: GPL-2.0
/*
 * Prints `vdsox status` of a made-up process, and its exit status: states FORM SWITCH
 * ID=SOURCE[:REASON]... FORM is of the tool's options; SWITCH is kernel.vdso_task, or -.
 */
#include <cstdlib>
#include <iostream>
#include <string>

#include "../tool/status.h"

namespace
{

using namespace vdsox_tool;

Answer answer_of(const std::string &word)
{
	const std::size_t source = word.find('='), reason = word.find(':');
	const std::string key = word.substr(source + 1, reason - source - 1);
	Answer answer{word.substr(0, source), Source::unknown, ""};

	if (reason != std::string::npos)
		answer.reason = word.substr(reason + 1);
	for (const Source each : {Source::vdso, Source::syscall})
		if (key == key_of(each))
			answer.source = each;
	return answer;
}

} // namespace

int main(int argc, char **argv)
{
	Status status;

	if (argc < 3)
		return 2;
	if (std::string(argv[2]) != "-")
		status.task_switch = std::atol(argv[2]);
	for (int i = 3; i < argc; i++)
		status.ids.push_back(answer_of(argv[i]));

	const int ended = print_status(status, form_of(argv[1]), std::cout);

	std::cout << "exit " << ended << '\n';
	return 0;
}
