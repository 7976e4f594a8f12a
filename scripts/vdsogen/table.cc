// SPDX-License-Identifier: GPL-2.0
#include "table.h"

#include <algorithm>

namespace vdsogen
{

std::string Table::place(std::size_t line) const
{
	const std::string text = describe_line(files, line);

	return text.find(" of ") == std::string::npos ? text + " of the table" : text;
}

const Abi *Table::find_abi(std::string_view name) const
{
	for (const Abi &abi : abis)
		if (abi.name == name)
			return &abi;
	return nullptr;
}

const AbiImage *Table::find_image(std::string_view abi) const
{
	for (const AbiImage &image : images)
		if (image.abi == abi)
			return &image;
	return nullptr;
}

const AbiImage *Table::find_built(std::string_view file) const
{
	for (const AbiImage &image : images)
		if (file.substr(0, image.path.size() + 3) == image.path + ".so")
			return &image;
	return nullptr;
}

std::vector<Symbol> Table::symbols_of(const Abi &abi) const
{
	std::vector<Symbol> symbols;

	for (const Entry &entry : entries) {
		const std::string &version = entry.version.empty() ? abi.version : entry.version;

		for (const EntryAbi &use : entry.abis) {
			if (use.abi != abi.name)
				continue;
			symbols.push_back(
				{&entry, symbol_name(entry, abi), version, use.nr, false});
			if (use.alias)
				symbols.push_back({&entry, entry.name, version, use.nr, true});
		}
	}
	return symbols;
}

std::vector<Field> Table::record_fields() const
{
	std::vector<Field> fields = record;

	for (const Entry *entry : record_entries())
		fields.push_back(
			{entry->line, entry->field, FieldType::u32, entry->offset,
			 entry->name + "()'s answer plus one; 0: fall back to the system call"});
	std::stable_sort(fields.begin(), fields.end(),
			 [](const Field &a, const Field &b) { return a.offset < b.offset; });
	return fields;
}

std::vector<const Entry *> Table::record_entries() const
{
	std::vector<const Entry *> found;

	for (const Entry &entry : entries)
		if (entry.kind == EntryKind::record && !entry.field.empty())
			found.push_back(&entry);
	std::stable_sort(found.begin(), found.end(),
			 [](const Entry *a, const Entry *b) { return a->offset < b->offset; });
	return found;
}

std::string symbol_name(const Entry &entry, const Abi &abi)
{
	return entry.symbol.empty() ? abi.prefix + entry.name : entry.symbol;
}

const EntryAbi *find_use(const Entry &entry, const Abi &abi)
{
	for (const EntryAbi &use : entry.abis)
		if (use.abi == abi.name)
			return &use;
	return nullptr;
}

} // namespace vdsogen
