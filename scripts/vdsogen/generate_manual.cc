// SPDX-License-Identifier: GPL-2.0
/* Parts of the library's manual pages, in mdoc. */
#include "generate.h"
#include "prototype.h"
#include "text.h"

namespace vdsogen
{

namespace
{

/* The row of an entry on the first abi that has it: all have the same prototype. */
const Entry &first_row(const Table &table, const Entry &entry)
{
	for (const Abi &abi : table.abis)
		if (const Entry *row = find_library_row(table, entry, abi))
			return *row;
	return entry;
}

std::string manual_head(const std::string &source)
{
	return ".\\\" SPDX-License-Identifier: MIT\n.\\\" Made by vdsogen of " + source +
	       ". Change that instead.\n";
}

/* One line an abi. */
std::string symbols_of(const Table &table, const Entry &entry)
{
	std::string text;

	for (const Abi &abi : table.abis) {
		const Entry *row = find_library_row(table, entry, abi);

		if (!row)
			continue;
		text += ".It Fn vdsox_" + entry.name + " Ta " + abi.name + " Ta " +
			symbol_name(*row, abi) + " Ta " +
			(row->version.empty() ? abi.version : row->version) + " Ta " +
			find_use(*row, abi)->nr + "\n";
	}
	return text;
}

} // namespace

std::string generate_synopsis(const Table &table, const std::string &source)
{
	std::string text = manual_head(source);

	for (const Entry *entry : library_entries(table)) {
		const Prototype proto = parse_prototype(first_row(table, *entry).proto);

		text += ".Ft " + proto.result + "\n.Fn vdsox_" + entry->name;
		for (const Parameter &parameter : proto.parameters)
			if (!parameter.is_unused())
				text += " \"" + parameter.text + "\"";
		if (proto.parameters.empty())
			text += " void";
		text += "\n";
	}
	return text;
}

std::string generate_manual(const Table &table, const std::string &source)
{
	std::string text = manual_head(source);

	for (const Entry *entry : library_entries(table))
		text += symbols_of(table, *entry);
	return text;
}

} // namespace vdsogen
