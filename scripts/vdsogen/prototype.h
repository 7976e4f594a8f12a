/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOGEN_PROTOTYPE_H
#define VDSOGEN_PROTOTYPE_H

#include <string>
#include <vector>

#include "table.h"

namespace vdsogen
{

struct Parameter {
	std::string text; /* as written: type and name */
	std::string name; /* empty if it has none */

	/* The function ignores it, so programs need not pass it. */
	bool is_unused() const { return name == "unused"; }
};

/* A `TYPE (ARGUMENTS)` of the table, taken apart. */
struct Prototype {
	std::string result;
	std::vector<Parameter> parameters;
};

Prototype parse_prototype(const std::string &proto);

/* What the library offers: each entry that is new on some abi and has a prototype. */
std::vector<const Entry *> library_entries(const Table &table);

/* What the library does for @entry on @abi, an abi's own row of that name; or nullptr. */
const Entry *find_library_row(const Table &table, const Entry &entry, const Abi &abi);

} // namespace vdsogen

#endif
