// SPDX-License-Identifier: GPL-2.0
/* Checks that involve several rows of the table. */
#include <algorithm>
#include <map>
#include <set>

#include "table.h"
#include "text.h"

namespace vdsogen
{

namespace
{

/* Reports the second and later uses of a name. */
class Names
{
public:
	Names(std::string what, Diagnostics &faults) : what_(std::move(what)), faults_(faults) {}

	void add(const std::string &name, std::size_t line)
	{
		const auto added = lines_.emplace(name, line);

		if (!name.empty() && !added.second)
			faults_.add(line,
				    what_ + " '" + name + "' exists already in " +
					    describe_line(faults_.files(), added.first->second));
	}

private:
	std::string what_;
	Diagnostics &faults_;
	std::map<std::string, std::size_t> lines_;
};

void check_abi_name(const Table &table, const std::string &abi, std::size_t line,
		    Diagnostics &faults)
{
	if (!abi.empty() && !table.find_abi(abi))
		faults.add(line, "unknown abi '" + abi + "'; no abi row names it");
}

void check_abis(const Table &table, Diagnostics &faults)
{
	Names names("abi", faults);
	Names compilers("an abi of the same class and machine as", faults);

	for (const Abi &abi : table.abis) {
		names.add(abi.name, abi.line);
		compilers.add(std::to_string(abi.bits) + "-bit " + word_of(abi.machine), abi.line);
		if (abi.bits == 64 && !abi.has_two_classes())
			faults.add(abi.line,
				   "machine " + word_of(abi.machine) + " has no 64-bit class");
	}
}

void check_images(const Table &table, Diagnostics &faults)
{
	Names abis("image of abi", faults);
	Names paths("path", faults);

	for (const AbiImage &image : table.images) {
		check_abi_name(table, image.abi, image.line, faults);
		abis.add(image.abi, image.line);
		paths.add(image.path, image.line);
	}
}

/* Bounds, alignment and overlaps of one 64-byte line. */
void check_fields(const std::vector<Field> &fields, const std::string &what, Diagnostics &faults)
{
	Names names(what + " field", faults);
	const Field *last = nullptr;

	for (const Field &field : fields) {
		names.add(field.name, field.line);
		if (field.offset + field.size() > line_size)
			faults.add(field.line, "field '" + field.name + "' ends after the " +
						       std::to_string(line_size) +
						       " bytes of the " + what);
		if (field.offset % field.size())
			faults.add(field.line, "field '" + field.name + "' at " +
						       std::to_string(field.offset) +
						       " is not aligned to its size " +
						       std::to_string(field.size()));
		if (last && field.offset < last->offset + last->size())
			faults.add(field.line, "field '" + field.name + "' overlaps '" +
						       last->name + "' of " +
						       describe_line(faults.files(), last->line));
		if (!last || field.offset + field.size() > last->offset + last->size())
			last = &field;
	}
}

/* The fields of a line in order of their offsets, which the overlap check needs. */
std::vector<Field> by_offset(const std::vector<Field> &fields)
{
	Table sorter;

	sorter.record = fields;
	return sorter.record_fields();
}

/* record=FIELD needs a fixed field, and the nr of a call that a seccomp filter can forbid. */
void check_entry_record(const Table &table, const Entry &entry, Diagnostics &faults)
{
	if (entry.kind == EntryKind::record || entry.field.empty())
		return;
	if (std::none_of(table.record.begin(), table.record.end(),
			 [&](const Field &field) { return field.name == entry.field; }))
		faults.add(entry.line,
			   "unknown record field '" + entry.field + "'; no record row names it");
	for (const EntryAbi &use : entry.abis)
		if (use.nr.empty())
			faults.add(entry.line,
				   "record=" + entry.field + " needs nr= for abi " + use.abi);
}

void check_entry_abis(const Table &table, const Entry &entry, Diagnostics &faults)
{
	Names uses("abi", faults);

	for (const EntryAbi &use : entry.abis) {
		check_abi_name(table, use.abi, entry.line, faults);
		uses.add(use.abi, entry.line);
	}
}

void check_entries(const Table &table, Diagnostics &faults)
{
	for (const Entry &entry : table.entries) {
		check_entry_abis(table, entry, faults);
		check_entry_record(table, entry, faults);
	}

	for (const Abi &abi : table.abis) {
		Names entries("entry of abi " + abi.name, faults);
		Names symbols("symbol of abi " + abi.name, faults);

		for (const Entry &entry : table.entries)
			if (find_use(entry, abi))
				entries.add(entry.name, entry.line);
		for (const Symbol &symbol : table.symbols_of(abi))
			symbols.add(symbol.name, symbol.entry->line);
	}
}

void check_vvars(const Table &table, Diagnostics &faults)
{
	Names names("vvar symbol", faults);

	for (const Vvar &vvar : table.vvars) {
		check_abi_name(table, vvar.abi, vvar.line, faults);
		names.add(vvar.abi + " " + vvar.symbol, vvar.line);
	}
}

void check_tests(const Table &table, Diagnostics &faults)
{
	Names names("test", faults);

	for (const Test &test : table.tests) {
		Names abis("abi", faults);

		names.add(test.name, test.line);
		for (const std::string &abi : test.abis) {
			check_abi_name(table, abi, test.line, faults);
			abis.add(abi, test.line);
		}
	}
}

} // namespace

void validate(const Table &table, Diagnostics &faults)
{
	if (table.abis.empty())
		faults.add(0, "the table has no abi row");
	check_abis(table, faults);
	check_images(table, faults);
	check_fields(by_offset(table.global), "global", faults);
	check_fields(by_offset(table.slot), "slot", faults);
	check_fields(table.record_fields(), "record", faults);
	check_entries(table, faults);
	check_vvars(table, faults);
	check_tests(table, faults);
}

} // namespace vdsogen
