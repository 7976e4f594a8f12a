// SPDX-License-Identifier: GPL-2.0
/* Parses the rows of the table, one function per row type. */
#include <utility>

#include "prototype.h"
#include "row.h"
#include "table.h"
#include "text.h"

namespace vdsogen
{

namespace
{

constexpr long most_pages = 16;
constexpr long longest_timeout = 3600;

bool is_version(std::string_view text)
{
	for (char c : text)
		if (c != '.' && !is_identifier(std::string("_") + c))
			return false;
	return !text.empty();
}

std::string version_key(RowReader &row, bool needed)
{
	std::string text = needed ? row.required("version") : row.optional("version");

	if (!text.empty() && !is_version(text))
		row.fail("version '" + text + "': use letters, digits, underscores and dots");
	return text;
}

/* The parts of a comma-separated list; an empty part is a fault. */
std::vector<std::string> list(RowReader &row, const std::string &what, const std::string &text)
{
	const std::string fault = "empty part in " + what + " '" + text + "'";
	std::vector<std::string> parts;

	if (text.empty())
		return parts;
	for (std::string &part : split(text, ',')) {
		if (part.empty())
			row.fail(fault);
		else
			parts.push_back(std::move(part));
	}
	return parts;
}

void parse_abi(RowReader &row, Table &table)
{
	Abi abi;

	abi.line = row.line();
	abi.name = row.identifier("its name");
	abi.bits = row.one_of("class", row.required("class"), {"64", "32"}) == "64" ? 64 : 32;
	abi.machine = row.choice<Machine>("machine", row.required("machine"));
	abi.version = version_key(row, true);
	abi.prefix = row.identifier_key("prefix", true);
	table.abis.push_back(std::move(abi));
}

void parse_image(RowReader &row, Table &table)
{
	AbiImage image;

	image.line = row.line();
	image.abi = row.word("its abi");
	image.path = row.required("path");
	image.target = row.required("make");
	image.eh_frame = row.one_of("cfi", row.required("cfi"), {"eh_frame", "none"}) == "eh_frame";
	if (!row.has("pages"))
		row.required("pages");
	image.pages = row.number_key("pages", 1, most_pages).value_or(1);
	image.config = row.config_key();
	table.images.push_back(std::move(image));
}

template <std::vector<Field> Table::*fields> void parse_field(RowReader &row, Table &table)
{
	Field field;

	field.line = row.line();
	field.name = row.identifier("its field");
	field.type = row.choice<FieldType>("type", row.word("its type"));

	const std::optional<long> offset = row.number("its offset");

	field.doc = row.word("its description");
	if (field.doc.find("*/") != std::string::npos)
		row.fail("a description cannot contain the end of a C comment");
	if (!offset)
		return;
	if (*offset < 0 || *offset >= long{line_size}) {
		row.fail("offset " + std::to_string(*offset) + " of '" + field.name +
			 "' lies outside of the " + std::to_string(line_size) + " bytes");
		return;
	}
	field.offset = static_cast<unsigned int>(*offset);
	(table.*fields).push_back(std::move(field));
}

void parse_entry_abis(RowReader &row, Entry &entry)
{
	const std::string text = row.required("abi");

	for (const std::string &part : list(row, "abi", text)) {
		EntryAbi use;
		const std::size_t plus = part.find('+');

		use.abi = part.substr(0, plus);
		if (plus != std::string::npos) {
			if (part.substr(plus) != "+alias")
				row.fail("'" + part.substr(plus) + "' after abi '" + use.abi +
					 "'; only +alias is known");
			use.alias = true;
		}
		entry.abis.push_back(std::move(use));
	}
}

/* nr=NAME, and nr.ABI=NAME for an abi with a different one */
void parse_numbers(RowReader &row, Entry &entry)
{
	const std::string common = row.identifier_key("nr", entry.is_new());

	for (EntryAbi &use : entry.abis) {
		const std::string own = row.identifier_key("nr." + use.abi, false);

		use.nr = own.empty() ? common : own;
	}
}

/* field=NAME@OFFSET */
void parse_record_field(RowReader &row, Entry &entry)
{
	const std::string text = row.required("field");
	const std::size_t at = text.find('@');

	if (text.empty())
		return;

	const std::string name = text.substr(0, at);
	const std::string digits = at == std::string::npos ? "" : text.substr(at + 1);
	const std::optional<long> offset = parse_number(digits);

	if (!is_identifier(name))
		row.fail("field '" + text + "': its name is not a C identifier");
	if (!offset || *offset < 0 || *offset >= long{line_size}) {
		row.fail("field '" + text + "': write NAME@OFFSET, the offset a number below " +
			 std::to_string(line_size));
		return;
	}
	entry.field = name;
	entry.offset = static_cast<unsigned int>(*offset);
}

/* Reports keys that a new entry, or a record entry, must not have. */
void check_kind(RowReader &row, const Entry &entry)
{
	if (!entry.is_new())
		return;
	if (!entry.version.empty())
		row.fail("a new entry goes into its abi's version; remove version=");
	if (!entry.has_frame)
		row.fail("a new entry must carry unwind information; remove cfi=none");
	for (const EntryAbi &use : entry.abis)
		if (use.alias)
			row.fail("a new entry gets no plain name; remove +alias of " + use.abi);
	if (entry.kind == EntryKind::record && !entry.config.empty())
		row.fail("a record entry cannot depend on a kernel option; remove if=");
	else if (entry.config.find(',') != std::string::npos)
		row.fail("a new entry can depend on one kernel option only");
}

void check_proto(RowReader &row, const Entry &entry)
{
	const std::size_t open = entry.proto.find('(');

	if (entry.proto.empty())
		return;
	if (open == 0 || open == std::string::npos || entry.proto.back() != ')')
		row.fail("proto '" + entry.proto + "' is not of the form TYPE (ARGUMENTS)");
	else if (entry.is_new())
		for (const Parameter &parameter : parse_prototype(entry.proto).parameters)
			if (parameter.name.empty())
				row.fail("parameter '" + parameter.text +
					 "' of a new entry needs a name after its type");
}

void parse_entry(RowReader &row, Table &table)
{
	Entry entry;

	entry.line = row.line();
	entry.name = row.identifier("its name");
	entry.kind = row.choice<EntryKind>("kind", row.word("its kind"));
	parse_entry_abis(row, entry);
	parse_numbers(row, entry);
	entry.proto = row.c_text("proto", false);
	entry.symbol = row.identifier_key("symbol", false);
	entry.version = version_key(row, false);
	if (row.has("elf"))
		entry.elf_type = row.choice<ElfType>("elf", row.optional("elf"));
	if (row.has("cfi"))
		entry.has_frame = row.one_of("cfi", row.optional("cfi"), {"none"}) != "none";
	entry.config = row.config_key();
	if (entry.kind == EntryKind::record) {
		entry.type = row.c_text("type", true);
		parse_record_field(row, entry);
		entry.value = row.c_text("value", true);
		if (entry.proto.empty())
			entry.proto = entry.type + " (void)";
	} else {
		entry.field = row.identifier_key("record", false);
	}
	check_kind(row, entry);
	check_proto(row, entry);
	table.entries.push_back(std::move(entry));
}

void parse_vvar(RowReader &row, Table &table)
{
	Vvar vvar;

	vvar.line = row.line();
	vvar.abi = row.word("its abi");
	vvar.symbol = row.identifier("its symbol");
	vvar.pages = row.number("its number of pages").value_or(0);
	if (vvar.pages < -1024 || vvar.pages > most_pages)
		row.fail("number of pages " + std::to_string(vvar.pages) + " is out of range");
	vvar.config = row.config_key();
	table.vvars.push_back(std::move(vvar));
}

void parse_test(RowReader &row, Table &table)
{
	Test test;

	test.line = row.line();
	test.name = row.identifier("its name");
	test.abis = list(row, "abi", row.optional("abi"));
	test.timeout = row.number_key("timeout", 1, longest_timeout).value_or(test.timeout);
	if (row.has("cases"))
		test.cases = row.choice<TestCases>("cases", row.optional("cases"));
	table.tests.push_back(std::move(test));
}

constexpr RowType<Table> row_types[] = {{"abi", parse_abi},
					{"image", parse_image},
					{"global", parse_field<&Table::global>},
					{"record", parse_field<&Table::record>},
					{"slot", parse_field<&Table::slot>},
					{"entry", parse_entry},
					{"vvar", parse_vvar},
					{"test", parse_test}};

Table parse_rows(const std::vector<Row> &rows, Diagnostics &faults)
{
	Table table;

	for (const Row &row : rows)
		parse_row(row, row_types, table, faults);
	table.files = faults.files();
	validate(table, faults);
	return table;
}

} // namespace

Table parse_table(std::string_view text, Diagnostics &faults)
{
	return parse_rows(split_rows(text, faults), faults);
}

Table parse_table(std::string_view text, std::string_view base, const std::string &base_file,
		  Diagnostics &faults)
{
	std::vector<Row> rows = split_rows(text, faults);

	for (Row &row : split_rows(base, faults, faults.begin_file(base_file)))
		rows.push_back(std::move(row));
	return parse_rows(rows, faults);
}

} // namespace vdsogen
