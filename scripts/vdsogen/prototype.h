/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOGEN_PROTOTYPE_H
#define VDSOGEN_PROTOTYPE_H

#include <string>
#include <vector>

#include "table.h"

namespace vdsogen
{

struct Parameter {
	std::string text; /* type and name, as written */
	std::string name; /* empty if it has none */

	/* The function ignores it, so the library's functions do not take it. */
	bool is_unused() const { return name == "unused"; }
};

/* A parsed `TYPE (ARGUMENTS)` of the table. */
struct Prototype {
	std::string result;
	std::vector<Parameter> parameters;
};

Prototype parse_prototype(const std::string &proto);

/* The library's entries: those that are new on at least one abi and have a prototype. */
std::vector<const Entry *> library_entries(const Table &table);

/* The row that the library uses for @entry on @abi: @abi's row of that name, or nullptr. */
const Entry *find_library_row(const Table &table, const Entry &entry, const Abi &abi);

} // namespace vdsogen

#endif
