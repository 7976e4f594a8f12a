// SPDX-License-Identifier: GPL-2.0
/* The user library: its public declarations, and a macro with one row per call. */
#include "generate.h"
#include "prototype.h"
#include "text.h"

namespace vdsogen
{

namespace
{

/* The parameters of a declaration, with or without the unused ones. */
std::string parameter_list(const Prototype &proto, bool all)
{
	std::string text;

	for (const Parameter &parameter : proto.parameters)
		if (all || !parameter.is_unused())
			text += (text.empty() ? "" : ", ") + parameter.text;
	return "(" + (text.empty() ? "void" : text) + ")";
}

/* The arguments of a call, with @unused for each unused parameter. */
std::string argument_list(const Prototype &proto, const std::string &unused)
{
	std::string text;

	for (const Parameter &parameter : proto.parameters)
		text += (text.empty() ? "" : ", ") +
			(parameter.is_unused() ? unused : parameter.name);
	return "(" + text + ")";
}

std::string declaration_part(const Table &table, const Abi &abi)
{
	std::string text;

	for (const Entry *entry : library_entries(table)) {
		const Entry *row = find_library_row(table, *entry, abi);

		if (!row)
			continue;

		const Prototype proto = parse_prototype(row->proto);

		text += proto.result + (proto.result.back() == '*' ? "" : " ") + "vdsox_" +
			row->name + parameter_list(proto, false) + " VDSOX_NOTHROW;\n";
	}
	return text;
}

/* The arguments of X; generate_calls() emits a comment that lists them. */
std::string call_row(const Entry &row, const Abi &abi)
{
	const Prototype proto = parse_prototype(row.proto);
	const std::string &version = row.version.empty() ? abi.version : row.version;

	return row.name + ", " + to_upper(row.name) + ", " + to_upper(word_of(row.kind)) + ", \"" +
	       symbol_name(row, abi) + "\", \"" + version + "\", __NR_" + find_use(row, abi)->nr +
	       ", " + proto.result + ", " + parameter_list(proto, false) + ", " +
	       argument_list(proto, "{}") + ", " + parameter_list(proto, true) + ", " +
	       argument_list(proto, "unused");
}

std::string calls_part(const Table &table, const Abi &abi)
{
	std::string text = "#define VDSOX_CALLS(X)";

	for (const Entry *entry : library_entries(table))
		if (const Entry *row = find_library_row(table, *entry, abi))
			text += " \\\n\tX(" + call_row(*row, abi) + ")";
	return text + "\n";
}

} // namespace

std::string generate_library(const Table &table, const std::string &source)
{
	std::string text = file_head(source, "MIT");

	text += "#ifndef _VDSOX_ENTRIES_H\n#define _VDSOX_ENTRIES_H\n\n"
		"#ifndef _VDSOX_H\n#error \"include <vdsox.h>\"\n#endif\n\n"
		"/**\n"
		" * enum vdsox_entry - the entries, for vdsox_entry_source()\n"
		" *\n"
		" * A value never changes its meaning; later versions only add values.\n"
		" */\n"
		"enum vdsox_entry {\n";
	for (const Entry *entry : library_entries(table))
		text += "\tVDSOX_" + to_upper(entry->name) + ",\n";
	text += "\tVDSOX_NR_ENTRIES, /* in this header, see vdsox_entry_count() */\n};\n\n";
	text += abi_ladder(table, [&](const Abi &abi) { return declaration_part(table, abi); });
	return text + "\n#endif /* _VDSOX_ENTRIES_H */\n";
}

std::string generate_calls(const Table &table, const std::string &source)
{
	std::string text = file_head(source, "MIT");

	text += "/*\n"
		" * X(name, NAME, KIND, symbol, version, number of the system call, result,\n"
		" *   parameters of the library's function, arguments that it passes,\n"
		" *   parameters of the vDSO's function, arguments of the system call)\n"
		" */\n"
		"#ifndef _VDSOX_CALLS_H\n#define _VDSOX_CALLS_H\n\n"
		"#include <asm/unistd.h>\n\n"
		"#define VDSOX_NAMES(X)";
	for (const Entry *entry : library_entries(table))
		text += " \\\n\tX(" + entry->name + ")";
	text += "\n\n";
	text += abi_ladder(table, [&](const Abi &abi) { return calls_part(table, abi); });
	return text + "\n#endif /* _VDSOX_CALLS_H */\n";
}

} // namespace vdsogen
