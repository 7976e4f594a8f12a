// SPDX-License-Identifier: GPL-2.0
/* vdsox module: makes, checks and describes images of modules. See vdsox-module(1). */
#include "module.h"

#include <algorithm>
#include <iostream>
#include <map>

#include "file.h"
#include "module/build.h"
#include "module/check.h"
#include "module/generate.h"
#include "text.h"
#include "usage.h"

namespace vdsox_tool
{

namespace
{

using Words = std::vector<std::string>;
using Values = std::map<std::string, std::string>;

/* Removes each @option and the word after it; the last of these, @value if it is absent. */
std::string take_option(Words &words, const std::string &option, std::string value)
{
	for (;;) {
		const auto found = std::find(words.begin(), words.end(), option);

		if (found == words.end())
			return value;
		if (found + 1 == words.end())
			throw UsageError(option + " needs a value");
		value = found[1];
		words.erase(found, found + 2);
	}
}

bool take_flag(Words &words, const std::string &flag)
{
	const auto found = std::find(words.begin(), words.end(), flag);

	if (found == words.end())
		return false;
	words.erase(found);
	return true;
}

/* All words after "--", which it removes, too. */
Words take_rest(Words &words)
{
	const auto found = std::find(words.begin(), words.end(), "--");

	if (found == words.end())
		return {};

	Words rest(found + 1, words.end());

	words.erase(found, words.end());
	return rest;
}

/* All -D NAME=VALUE and -DNAME=VALUE. */
Values take_values(Words &words)
{
	Values values;

	for (auto at = words.begin(); at != words.end();) {
		if (at->rfind("-D", 0)) {
			++at;
			continue;
		}

		std::string text = at->substr(2);

		at = words.erase(at);
		if (text.empty() && at != words.end()) {
			text = *at;
			at = words.erase(at);
		}

		const std::size_t equals = text.find('=');

		if (equals == 0 || equals == std::string::npos)
			throw UsageError("-D needs NAME=VALUE");
		values[text.substr(0, equals)] = text.substr(equals + 1);
	}
	return values;
}

std::string take(Words &words, const char *what)
{
	if (words.empty())
		throw UsageError(std::string(what) + " is missing");

	std::string word = words.front();

	words.erase(words.begin());
	if (word.size() > 1 && word[0] == '-')
		throw UsageError("unknown option '" + word + "'");
	return word;
}

void finish(const Words &words)
{
	if (!words.empty())
		throw UsageError("unexpected word '" + words.front() + "'");
}

int generate(Words words)
{
	const Values values = take_values(words);
	const std::string folder = take_option(words, "-o", "");
	const std::string table = take(words, "TABLE");

	finish(words);
	if (folder.empty())
		throw UsageError("-o DIR is missing");
	modules::write_outputs(modules::load_table(table, values), table, folder);
	return exit_good;
}

int build(Words words)
{
	modules::Request request;

	request.flags = take_rest(words);
	request.values = take_values(words);
	request.folder = take_option(words, "-o", "");
	request.name = take_option(words, "--name", "");
	request.cc = take_option(words, "--cc", request.cc);
	request.cxx = take_option(words, "--cxx", request.cxx);
	request.table = take(words, "TABLE");
	do
		request.sources.push_back(take(words, "SOURCE"));
	while (!words.empty());
	if (request.folder.empty())
		throw UsageError("-o DIR is missing");
	std::cout << modules::build(request) << '\n';
	return exit_good;
}

int check(Words words)
{
	const Values values = take_values(words);
	const std::string table = take(words, "TABLE");
	const std::string path = take(words, "IMAGE");
	vdsogen::Diagnostics faults(path);

	finish(words);
	modules::check_image(modules::load_table(table, values), vdsogen::read_file(path), faults);
	faults.print(std::cerr);
	return faults.empty() ? exit_good : exit_fault;
}

std::string number(std::uint64_t value)
{
	return std::to_string(value);
}

void print_text(const modules::Image &image)
{
	const modules::Note &note = image.note;

	std::cout << "module " << note.module << ' ' << to_string(note.version) << '\n'
		  << "shared data: " << number(note.shared_size) << " bytes, layout "
		  << vdsogen::hex(note.layout) << '\n'
		  << "private data: " << number(note.private_size) << " bytes\n"
		  << "image: " << number(image.size) << " bytes, " << image.relocations.size()
		  << " relocations\n";
	for (const auto &[name, value] : note.constants)
		std::cout << "const " << name << " = " << value << '\n';
	for (const vdsogen::DynamicSymbol &symbol : image.dynamic.symbols)
		if (!image.dynamic.is_version(symbol.symbol.name))
			std::cout << symbol.symbol.name << '@' << symbol.version << " at "
				  << vdsogen::hex(symbol.symbol.value) << '\n';
}

void print_json(const modules::Image &image)
{
	const modules::Note &note = image.note;
	std::string constants;
	std::string symbols;

	for (const auto &[name, value] : note.constants)
		constants += (constants.empty() ? "" : ", ") + vdsogen::json_string(name) + ": " +
			     std::to_string(value);
	for (const vdsogen::DynamicSymbol &symbol : image.dynamic.symbols)
		if (!image.dynamic.is_version(symbol.symbol.name))
			symbols += (symbols.empty() ? "" : ", ") +
				   vdsogen::json_string(symbol.symbol.name) + ": " +
				   number(symbol.symbol.value);
	std::cout << "{\"module\": " << vdsogen::json_string(note.module)
		  << ", \"version\": " << vdsogen::json_string(to_string(note.version))
		  << ", \"layout\": " << vdsogen::json_string(vdsogen::hex(note.layout))
		  << ", \"shared\": " << note.shared_size << ", \"private\": " << note.private_size
		  << ", \"callbacks\": " << note.callbacks << ", \"constants\": {" << constants
		  << "}, \"symbols\": {" << symbols << "}}\n";
}

int inspect(Words words)
{
	const bool as_json = take_flag(words, "--json");
	const std::string path = take(words, "IMAGE");
	const std::string content = vdsogen::read_file(path);
	vdsogen::Diagnostics faults(path);
	const modules::Image image = modules::read_image(vdsogen::View(content), faults);

	finish(words);
	faults.print(std::cerr);
	if (!faults.empty())
		return exit_fault;
	as_json ? print_json(image) : print_text(image);
	return exit_good;
}

} // namespace

const char *const module_usage = "       vdsox module generate TABLE -o DIR [-D NAME=VALUE]...\n"
				 "       vdsox module build TABLE SOURCE... -o DIR [-D "
				 "NAME=VALUE]... [--cc CC] [--cxx CXX]\n"
				 "               [--name MODULE] [-- COMPILER-OPTION...]\n"
				 "       vdsox module check TABLE IMAGE [-D NAME=VALUE]...\n"
				 "       vdsox module inspect [--json] IMAGE\n";

int module_command(Words words)
{
	const std::string command = take(words, "generate, build, check or inspect");

	if (command == "generate")
		return generate(std::move(words));
	if (command == "build")
		return build(std::move(words));
	if (command == "check")
		return check(std::move(words));
	if (command == "inspect")
		return inspect(std::move(words));
	throw UsageError("unknown command 'module " + command + "'");
}

} // namespace vdsox_tool
