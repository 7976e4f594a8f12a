// SPDX-License-Identifier: GPL-2.0
#include "build.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <set>
#include <utility>

#include "check.h"
#include "file.h"
#include "generate.h"
#include "text.h"

namespace modules
{

namespace
{

using Words = std::vector<std::string>;

/* For code that has no libc, no thread pointer of its own and no unwinder. */
const Words compile_flags = {"-O2",
			     "-ffreestanding",
			     "-fPIC",
			     "-fvisibility=hidden",
			     "-fno-stack-protector",
			     "-fno-builtin",
			     "-fasynchronous-unwind-tables",
			     "-ftls-model=local-exec",
			     "-Wall"};
const Words cxx_flags = {"-std=c++20", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics"};
const Words c_flags = {"-std=gnu11"};
const Words link_flags = {"-nostdlib",
			  "-shared",
			  "-Wl,-Bsymbolic",
			  "-Wl,-z,defs",
			  "-Wl,-z,text",
			  "-Wl,-z,noexecstack",
			  "-Wl,-z,separate-code",
			  "-Wl,-z,norelro",
			  "-Wl,--hash-style=both",
			  "-Wl,--build-id=sha1",
			  "-Wl,--eh-frame-hdr",
			  "-Wl,--orphan-handling=error",
			  "-Wl,--no-undefined"};

void append(Words &words, const Words &more)
{
	words.insert(words.end(), more.begin(), more.end());
}

/* Runs a program; false if it fails. Throws BuildFault if it cannot be started. */
bool run(const Words &words)
{
	std::vector<char *> argv;
	pid_t pid = -1;
	int status = 0;

	for (const std::string &word : words)
		argv.push_back(const_cast<char *>(word.c_str()));
	argv.push_back(nullptr);

	const int error = posix_spawnp(&pid, argv[0], nullptr, nullptr, argv.data(), environ);

	if (error)
		throw BuildFault(words.front() + ": " + std::strerror(error));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			throw BuildFault(words.front() + ": " + std::strerror(errno));
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

/* The standard output of a compiler that only prints something about itself. */
std::string ask(const std::string &compiler, const char *option)
{
	const std::string command = compiler + " " + option;
	std::string text;
	std::FILE *pipe = popen(command.c_str(), "r");

	if (!pipe)
		throw BuildFault(compiler + ": " + std::strerror(errno));
	for (int c = 0; (c = std::fgetc(pipe)) != EOF;)
		text += static_cast<char>(c);
	if (pclose(pipe))
		throw BuildFault("'" + command + "' failed");
	return text.substr(0, text.find('\n'));
}

/* What the machine needs besides. Its kernels may have pages of up to this size. */
struct MachineFlags {
	Words compile;
	const char *page_size;
};

MachineFlags machine_flags(const std::string &compiler)
{
	const std::string machine = ask(compiler, "-dumpmachine");

	if (machine.rfind("x86_64", 0) == 0)
		return {{"-fcf-protection=branch"}, "4096"};
	if (machine.rfind("aarch64", 0) == 0)
		return {{"-mno-outline-atomics", "-mbranch-protection=bti"}, "65536"};
	throw BuildFault(compiler + " compiles for " + machine + ", not x86-64 or arm64");
}

/* The words of a compiler's command: its name and options. */
Words command_of(const std::string &compiler)
{
	Words words;

	for (std::string &word : vdsogen::split(compiler, ' '))
		if (!word.empty())
			words.push_back(std::move(word));
	if (words.empty())
		throw BuildFault("the compiler's name is empty");
	return words;
}

bool is_cxx(const std::string &source)
{
	const std::string suffix = std::filesystem::path(source).extension();

	if (suffix != ".c" && suffix != ".cc" && suffix != ".cpp" && suffix != ".cxx")
		throw BuildFault(source + ": is no C or C++ source (.c, .cc, .cpp, .cxx)");
	return suffix != ".c";
}

std::string base_name(const std::string &path)
{
	return std::filesystem::path(path).filename();
}

std::string image_path(const std::string &folder, const std::string &module)
{
	return folder + "/" + module + ".vdso";
}

/* The files in a rule of make that a compiler has written, as they are written there. */
Words read_rule(const std::string &path)
{
	const std::string text = vdsogen::read_file(path);
	const std::size_t colon = text.find(": ");
	Words files;
	std::string file;

	if (colon == std::string::npos)
		throw BuildFault(path + ": is no rule of make");
	for (std::size_t at = colon + 1; at < text.size(); at++) {
		const bool escapes = text[at] == '\\' && at + 1 < text.size();

		if (escapes && text[at + 1] != '\n')
			file += text.substr(at++, 2);
		else if (text[at] != ' ' && text[at] != '\n' && !escapes)
			file += text[at];
		else if (!file.empty())
			files.push_back(std::exchange(file, {}));
	}
	return files;
}

class Builder
{
public:
	Builder(const Request &request, const Table &table)
	    : request_(request), table_(table), machine_(machine_flags(request.cc)),
	      image_(image_path(request.folder, table.name))
	{
	}

	std::string run()
	{
		Words sources = request_.sources;

		sources.push_back(request_.folder + "/" + table_.name + "_module.c");
		for (const std::string &source : sources)
			compile(source);
		link();
		write_dependencies();
		verify();
		return image_;
	}

private:
	void compile(const std::string &source)
	{
		const bool cxx = is_cxx(source);
		const std::string object = request_.folder + "/" + base_name(source) + ".o";
		Words words = command_of(cxx ? request_.cxx : request_.cc);

		append(words, cxx ? cxx_flags : c_flags);
		append(words, compile_flags);
		append(words, machine_.compile);
		append(words, {"-I" + request_.folder});
		append(words, request_.flags);
		append(words, {"-MMD", "-MF", object + ".d", "-c", source, "-o", object});
		std::filesystem::remove(object);
		if (!modules::run(words))
			throw BuildFault(source + ": does not compile");
		if (std::find(objects_.begin(), objects_.end(), object) != objects_.end())
			throw BuildFault(source + ": two sources have this name");
		objects_.push_back(object);
	}

	void link()
	{
		Words words = command_of(request_.cc);

		append(words, link_flags);
		append(words, {std::string("-Wl,-z,max-page-size=") + machine_.page_size,
			       "-Wl,-soname=" + base_name(image_), "-Wl,-T",
			       "-Wl," + request_.folder + "/" + table_.name + ".lds"});
		append(words, objects_);
		append(words, {"-o", debug()});
		if (!modules::run(words))
			throw BuildFault(image_ + ": cannot be linked");
	}

	/* Checks the image before it gets its name. */
	void verify()
	{
		const std::string part = image_ + ".new";
		const std::string objcopy = ask(request_.cc, "-print-prog-name=objcopy");

		if (!modules::run({objcopy, "--strip-all", debug(), part}))
			throw BuildFault(image_ + ": cannot be stripped");

		vdsogen::Diagnostics faults(image_);

		check_image(table_, vdsogen::read_file(part), faults);
		if (faults.empty())
			check_distance(vdsogen::read_file(debug()), faults);
		faults.print(std::cerr);
		if (!faults.empty()) {
			std::filesystem::remove(part);
			throw BuildFault(image_ + ": is no valid module");
		}
		std::filesystem::rename(part, image_);
	}

	/*
	 * A rule for make and ninja: the image and all files that it is made of, except for
	 * generated ones. An empty rule for each, so that none is missed if it is gone.
	 */
	void write_dependencies()
	{
		std::set<std::string> files;
		std::string rule = image_ + ": " + request_.table;
		std::string empty;

		for (const std::string &object : objects_)
			for (std::string &file : read_rule(object + ".d"))
				if (!is_generated(file))
					files.insert(std::move(file));
		for (const std::string &file : files) {
			rule += " \\\n " + file;
			empty += "\n" + file + ":\n";
		}
		vdsogen::OutputFile(image_ + ".d").write(rule + "\n" + empty);
	}

	bool is_generated(const std::string &file) const
	{
		const std::filesystem::path folder(request_.folder);
		const auto normal = std::filesystem::path(file).lexically_normal();

		for (const Output &output : outputs())
			if (normal == (folder / output_name(output, table_)).lexically_normal())
				return true;
		return false;
	}

	std::string debug() const { return image_ + ".dbg"; }

	const Request &request_;
	const Table &table_;
	const MachineFlags machine_;
	const std::string image_;
	Words objects_;
};

/* The table; an image that was made from it before does not survive its faults. */
Table load_or_remove(const Request &request)
{
	try {
		return load_table(request.table, request.values);
	} catch (const TableFault &fault) {
		if (!fault.module().empty())
			std::filesystem::remove(image_path(request.folder, fault.module()));
		throw;
	}
}

} // namespace

Table load_table(const std::string &path, const std::map<std::string, std::string> &values)
{
	vdsogen::Diagnostics faults(path);
	Table table = parse_table(vdsogen::read_file(path), values, faults);

	faults.print(std::cerr);
	if (!faults.empty())
		throw TableFault(table.name);
	return table;
}

void write_outputs(const Table &table, const std::string &source, const std::string &folder)
{
	std::filesystem::create_directories(folder);
	for (const Output &output : outputs()) {
		const std::string path = folder + "/" + output_name(output, table);
		const std::string text = output.text(table, base_name(source));

		if (std::filesystem::exists(path) && vdsogen::read_file(path) == text)
			continue;
		vdsogen::OutputFile(path).write(text);
	}
}

std::string build(const Request &request)
{
	const Table table = load_or_remove(request);

	if (!request.name.empty() && table.name != request.name)
		throw BuildFault(request.table + ": the module's name is " + table.name + ", not " +
				 request.name);
	/* No old image stays if a step fails. */
	std::filesystem::remove(image_path(request.folder, table.name));
	write_outputs(table, request.table, request.folder);
	return Builder(request, table).run();
}

} // namespace modules
