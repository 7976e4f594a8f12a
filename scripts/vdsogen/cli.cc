// SPDX-License-Identifier: GPL-2.0
#include "cli.h"

#include <algorithm>
#include <exception>

#include "check.h"
#include "compare.h"
#include "file.h"
#include "generate.h"
#include "text.h"

namespace vdsogen
{

namespace
{

constexpr long smallest_page = 4096;
constexpr long largest_page = 65536;

/* The names of the outputs, of a table or of each of its ABIs. */
std::string output_names(bool of_abi)
{
	std::string names;

	for (const Output &output : outputs())
		if ((output.of_abi != nullptr) == of_abi)
			names += std::string(" ") + output.name;
	return names;
}

std::string usage()
{
	return "usage: vdsogen generate WHAT TABLE OUT [--base FILE]\n"
	       "       vdsogen generate WHAT-OF-ABI TABLE ABI OUT [--base FILE]\n"
	       "       vdsogen check TABLE ABI|BUILT IMAGE [--base FILE] [--debug IMAGE.dbg]\n"
	       "               [--config AUTO.CONF] [--page-size BYTES] [--without-task]\n"
	       "       vdsogen compare IMAGE OTHER\n"
	       "\n"
	       "WHAT:" +
	       output_names(false) +
	       "\n"
	       "WHAT-OF-ABI:" +
	       output_names(true) +
	       "\n"
	       "--base: the rows of a kernel release, which continue those of TABLE\n"
	       "BUILT: the path of the image in the build tree, by which its row is found\n";
}

/* Wrong words on the command line. */
class UsageError : public std::runtime_error
{
	using runtime_error::runtime_error;
};

struct Arguments {
	std::vector<std::string> words;

	std::string take(const char *what)
	{
		if (words.empty())
			throw UsageError(std::string(what) + " is missing");

		std::string word = words.front();

		words.erase(words.begin());
		return word;
	}

	/* Removes @option and returns its value; empty if @option is absent. */
	std::string take_option(const std::string &option)
	{
		const auto found = std::find(words.begin(), words.end(), option);

		if (found == words.end())
			return {};
		if (found + 1 == words.end())
			throw UsageError(option + " needs a value");

		std::string value = found[1];

		words.erase(found, found + 2);
		return value;
	}

	bool take_flag(const std::string &flag)
	{
		const auto found = std::find(words.begin(), words.end(), flag);

		if (found == words.end())
			return false;
		words.erase(found);
		return true;
	}

	void finish() const
	{
		if (!words.empty())
			throw UsageError("unexpected word '" + words.front() + "'");
	}
};

/* The files of a table. */
struct TableFiles {
	std::string path;
	std::string base; /* empty: none */
};

/* Prints the table's faults; false if there are any. */
bool load_table(const TableFiles &files, Table &table, std::ostream &err)
{
	Diagnostics faults(files.path);
	const std::string text = read_file(files.path);

	table = files.base.empty() ? parse_table(text, faults)
				   : parse_table(text, read_file(files.base), files.base, faults);
	faults.print(err);
	return faults.empty();
}

const Abi *find_abi(const Table &table, const std::string &name, const TableFiles &files,
		    std::ostream &err)
{
	const Abi *abi = table.find_abi(name);

	if (abi)
		return abi;
	err << files.path << ": no abi row names '" << name << "'; it has:";
	for (const Abi &known : table.abis)
		err << ' ' << known.name;
	err << '\n';
	return nullptr;
}

/* The ABI whose image a kernel build links as @built. */
const Abi *find_built(const Table &table, const std::string &built, const TableFiles &files,
		      std::ostream &err)
{
	const AbiImage *image = table.find_built(built);

	if (image)
		return table.find_abi(image->abi);
	err << (files.base.empty() ? files.path : files.base) << ": no image row has the path of "
	    << built << "; add one, or the image is linked unchecked\n";
	return nullptr;
}

/* The last part of a path: generated files must not depend on the tree's location. */
std::string base_name(const std::string &path)
{
	return path.substr(path.rfind('/') + 1);
}

int generate(Arguments args, std::ostream &err)
{
	const std::string what = args.take("what to generate");
	const Output *output = find_output(what);

	if (!output)
		throw UsageError("cannot generate '" + what + "'");

	const std::string base = args.take_option("--base");
	const TableFiles files{args.take("TABLE"), base};
	const std::string abi_name = output->of_abi ? args.take("ABI") : "";
	const std::string out = args.take("OUT");
	Table table;
	const Abi *abi = nullptr;

	args.finish();

	OutputFile file(out);

	if (!load_table(files, table, err))
		return exit_fault;
	if (output->of_abi && !(abi = find_abi(table, abi_name, files, err)))
		return exit_fault;
	file.write(abi ? output->of_abi(table, *abi, base_name(files.path))
		       : output->of_table(table, base_name(files.path)));
	return exit_good;
}

std::uint64_t parse_page_size(const std::string &text)
{
	const long size = parse_number(text).value_or(0);

	if (size < smallest_page || size > largest_page || size & (size - 1))
		throw UsageError("page size '" + text +
				 "' is not a power of two from 4096 to 65536");
	return static_cast<std::uint64_t>(size);
}

CheckOptions take_check_options(Arguments &args)
{
	CheckOptions options;
	const std::string config = args.take_option("--config");
	const std::string page_size = args.take_option("--page-size");

	options.without_task = args.take_flag("--without-task");
	if (!page_size.empty())
		options.page_size = parse_page_size(page_size);
	if (!config.empty())
		options.config = Config(read_file(config));
	return options;
}

int check(Arguments args, std::ostream &err)
{
	const CheckOptions options = take_check_options(args);
	const std::string debug = args.take_option("--debug");
	const std::string base = args.take_option("--base");
	const TableFiles files{args.take("TABLE"), base};
	const std::string of = args.take("ABI or BUILT");
	const std::string image = args.take("IMAGE");
	Table table;

	args.finish();
	if (!load_table(files, table, err))
		return exit_fault;

	const bool is_path = of.find('/') != std::string::npos;
	const Abi *abi =
		is_path ? find_built(table, of, files, err) : find_abi(table, of, files, err);

	if (!abi)
		return exit_fault;

	const std::string content = read_file(image);
	Diagnostics faults(image);
	Diagnostics debug_faults(debug);

	check_image(table, *abi, content, options, faults);
	if (!debug.empty())
		check_debug(table, *abi, content, read_file(debug), options, debug_faults);
	faults.print(err);
	debug_faults.print(err);
	return faults.empty() && debug_faults.empty() ? exit_good : exit_fault;
}

int compare(Arguments args, std::ostream &err)
{
	const std::string image = args.take("IMAGE");
	const std::string other = args.take("OTHER");

	args.finish();

	Diagnostics faults(other);

	compare_images(read_file(image), read_file(other), faults);
	faults.print(err);
	return faults.empty() ? exit_good : exit_fault;
}

int dispatch(Arguments args, std::ostream &out, std::ostream &err)
{
	const std::string command = args.take("a command");

	if (command == "generate")
		return generate(std::move(args), err);
	if (command == "check")
		return check(std::move(args), err);
	if (command == "compare")
		return compare(std::move(args), err);
	if (command == "--help" || command == "-h") {
		out << usage();
		return exit_good;
	}
	throw UsageError("unknown command '" + command + "'");
}

} // namespace

int run(const std::vector<std::string> &args, std::ostream &out, std::ostream &err)
{
	try {
		return dispatch({args}, out, err);
	} catch (const UsageError &error) {
		err << "vdsogen: " << error.what() << '\n' << usage();
		return exit_usage;
	} catch (const std::exception &error) {
		err << error.what() << '\n';
		return exit_fault;
	}
}

} // namespace vdsogen
