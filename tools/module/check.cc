// SPDX-License-Identifier: GPL-2.0
#include "check.h"

#include <elf.h>

#include "generate.h"
#include "text.h"

namespace modules
{

namespace
{

using vdsogen::Diagnostics;
using vdsogen::DynamicSymbol;

/* What an export must be. */
struct Export {
	std::string name;
	unsigned int type;
	std::uint64_t flags; /* of its segment */
	std::size_t line;
};

std::vector<Export> exports_of(const Table &table)
{
	std::vector<Export> list;

	for (const Function &entry : table.entries)
		list.push_back({table.name + "_" + entry.name, STT_FUNC, PF_R | PF_X, entry.line});
	if (!table.callbacks.empty())
		list.push_back({table.name + "_callbacks", STT_OBJECT, PF_R | PF_W,
				table.callbacks.front().line});
	return list;
}

void check_export(const Export &wanted, const Image &image, const std::string &version,
		  Diagnostics &faults)
{
	const DynamicSymbol *found = nullptr;
	const auto fail = [&](const std::string &message) {
		faults.add(0, wanted.name + ": " + message);
	};

	for (const DynamicSymbol &symbol : image.dynamic.symbols)
		if (symbol.symbol.name == wanted.name)
			found = &symbol;
	if (!found) {
		fail("is missing; line " + std::to_string(wanted.line) + " of the table has it");
		return;
	}

	const vdsogen::Segment *load = image.elf.find_load(found->symbol.value);

	if (found->version != version)
		fail("has version '" + found->version + "' instead of " + version);
	if (found->symbol.type != wanted.type)
		fail("has type " + std::to_string(found->symbol.type));
	if (!load || load->flags != wanted.flags)
		fail("lies" + std::string(" at ") + vdsogen::hex(found->symbol.value) +
		     ", in a wrong segment");
	if (vdsogen::gnu_lookup(image.elf, image.dynamic, wanted.name) != found->index ||
	    vdsogen::sysv_lookup(image.elf, image.dynamic, wanted.name) != found->index)
		fail("is not found through the hash tables");
}

void check_exports(const Table &table, const Image &image, Diagnostics &faults)
{
	const std::string version = table.name + "_" + std::to_string(table.version.major);
	const std::vector<Export> wanted = exports_of(table);

	for (const Export &one : wanted)
		check_export(one, image, version, faults);
	for (const DynamicSymbol &symbol : image.dynamic.symbols) {
		bool known = symbol.symbol.shndx == SHN_ABS && symbol.symbol.name == version;

		for (const Export &one : wanted)
			known = known || one.name == symbol.symbol.name;
		if (!known)
			faults.add(0, symbol.symbol.name +
					      ": is exported, but no row of the table names it");
	}
}

} // namespace

void check_image(const Table &table, std::string_view file, Diagnostics &faults)
{
	const Image image = read_image(vdsogen::View(file), faults);

	if (!faults.empty())
		return;
	check_exports(table, image, faults);

	if (image.note.module != table.name || image.note.layout != layout_hash(table) ||
	    image.note.shared_size != table.shared_data.size ||
	    image.note.private_size != table.private_data.size ||
	    image.note.callbacks != table.callbacks.size() ||
	    to_string(image.note.version) != to_string(table.version))
		faults.add(0, "its note is of another table");
	for (const Constant &constant : table.constants) {
		const auto found = image.note.constants.find(constant.name);

		if (found == image.note.constants.end() || found->second != constant.value)
			faults.add(0, "is built with another value of " + constant.name);
	}
}

void check_distance(std::string_view file, Diagnostics &faults)
{
	const Image image = read_image(vdsogen::View(file), faults);
	const auto value = vdsogen::find_static_symbol(image.elf, "vdsox_module_shared");

	if (!image.note.shared_size)
		return;
	if (!value)
		faults.add(0, "has no symbol vdsox_module_shared");
	else if (*value + image.distance)
		faults.add(0, "its shared data lie at " + vdsogen::hex(*value) + ", not " +
				      std::to_string(image.distance) + " bytes before it");
}

} // namespace modules
