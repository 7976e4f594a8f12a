// SPDX-License-Identifier: GPL-2.0
#include "prototype.h"

#include <algorithm>

#include "text.h"

namespace vdsogen
{

namespace
{

std::string trimmed(const std::string &text)
{
	const std::size_t first = text.find_first_not_of(" \t");

	if (first == std::string::npos)
		return {};
	return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/* The last word; empty if it is the only one, because then it is the type. */
std::string last_name(const std::string &text)
{
	std::size_t start = text.size();

	while (start > 0 && is_identifier("_" + text.substr(start - 1)))
		start--;
	if (!is_identifier(text.substr(start)) || trimmed(text.substr(0, start)).empty())
		return {};
	return text.substr(start);
}

} // namespace

Prototype parse_prototype(const std::string &proto)
{
	const std::size_t open = proto.find('(');
	Prototype result;

	result.result = trimmed(proto.substr(0, open));
	for (const std::string &part :
	     split(proto.substr(open + 1, proto.size() - open - 2), ',')) {
		const std::string text = trimmed(part);

		if (!text.empty() && text != "void")
			result.parameters.push_back({text, last_name(text)});
	}
	return result;
}

std::vector<const Entry *> library_entries(const Table &table)
{
	std::vector<const Entry *> found;

	for (const Entry &entry : table.entries) {
		const auto same = [&](const Entry *other) { return other->name == entry.name; };

		if (entry.is_new() && !entry.proto.empty() &&
		    std::none_of(found.begin(), found.end(), same))
			found.push_back(&entry);
	}
	return found;
}

const Entry *find_library_row(const Table &table, const Entry &entry, const Abi &abi)
{
	for (const Entry &row : table.entries) {
		const EntryAbi *use = row.name == entry.name ? find_use(row, abi) : nullptr;

		if (use && !use->nr.empty() && !row.proto.empty())
			return &row;
	}
	return nullptr;
}

} // namespace vdsogen
