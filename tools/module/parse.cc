// SPDX-License-Identifier: GPL-2.0
/* Parses the rows of a module's table, one function per row type. */
#include <limits>
#include <utility>

#include "lexer.h"
#include "prototype.h"
#include "row.h"
#include "table.h"
#include "text.h"

namespace modules
{

namespace
{

using vdsogen::Diagnostics;
using vdsogen::Row;
using vdsogen::RowReader;

constexpr long most_minor = 9999;

std::string description(RowReader &row)
{
	std::string doc = row.word("its description");

	if (doc.find("*/") != std::string::npos)
		row.fail("a description cannot contain the end of a C comment");
	return doc;
}

Version parse_version(RowReader &row)
{
	const std::string text = row.required("version");
	const std::size_t dot = text.find('.');
	const auto number = [](const std::string &digits) {
		const long value = vdsogen::parse_number(digits).value_or(-1);

		return value > most_minor ? -1 : value;
	};
	const long major = number(text.substr(0, dot));
	const long minor = dot == std::string::npos ? -1 : number(text.substr(dot + 1));

	if (text.empty())
		return {};
	if (major < 0 || minor < 0) {
		row.fail("version '" + text + "' is not of the form MAJOR.MINOR");
		return {};
	}
	return {static_cast<unsigned int>(major), static_cast<unsigned int>(minor)};
}

void parse_module(RowReader &row, Table &table)
{
	if (table.line)
		row.fail("a second module row; the first is in line " + std::to_string(table.line));
	table.line = row.line();
	table.name = row.identifier("its name");
	if (table.name.size() > longest_name)
		row.fail("its name has more than " + std::to_string(longest_name) + " characters");
	table.doc = description(row);
	table.version = parse_version(row);
}

const Integer *integer(RowReader &row, const std::string &word)
{
	const Integer *type = find_integer(word);

	if (!type && !word.empty())
		row.fail("unknown type '" + word + "'; use one of: " + integer_words());
	return type;
}

/* The numbers of a type that fit into a long. */
std::pair<long, long> range_of(const Integer &type)
{
	const unsigned int bits = 8 * type.size - (type.is_signed ? 1 : 0);
	const bool is_longer = bits >= std::numeric_limits<long>::digits;
	const long high = is_longer ? std::numeric_limits<long>::max() : (1L << bits) - 1;

	return {type.is_signed ? -high - 1 : 0, high};
}

void parse_constant(RowReader &row, Table &table)
{
	Constant constant;

	constant.line = row.line();
	constant.name = row.identifier("its name");
	constant.type = integer(row, row.word("its type"));

	const std::optional<long> value = row.number("its default");

	constant.doc = description(row);
	if (!constant.type)
		return;

	const auto [low, high] = range_of(*constant.type);

	constant.low = row.number_key("min", low, high).value_or(low);
	constant.high = row.number_key("max", low, high).value_or(high);
	if (constant.low > constant.high)
		row.fail("min is larger than max");
	else if (value && (*value < constant.low || *value > constant.high))
		row.fail("default " + std::to_string(*value) + " of '" + constant.name +
			 "' is not from " + std::to_string(constant.low) + " to " +
			 std::to_string(constant.high));
	constant.value = value.value_or(constant.low);
	table.constants.push_back(std::move(constant));
}

void parse_structure(RowReader &row, Table &table)
{
	Structure structure;

	structure.line = row.line();
	structure.name = row.identifier("its name");
	structure.doc = description(row);
	table.structures.push_back(std::move(structure));
}

/* TYPE or TYPE[COUNT] */
void parse_type(RowReader &row, Field &field)
{
	const std::string text = row.word("its type");
	const std::size_t open = text.find('[');

	field.type = text.substr(0, open);
	if (open == std::string::npos)
		return;
	if (text.back() != ']' || open + 2 >= text.size())
		row.fail("type '" + text + "' is not of the form TYPE or TYPE[COUNT]");
	else
		field.count = text.substr(open + 1, text.size() - open - 2);
}

Field field_of(RowReader &row)
{
	Field field;

	field.line = row.line();
	field.name = row.identifier("its field");
	parse_type(row, field);
	field.doc = description(row);
	field.align = row.number_key("align", 1, largest_alignment).value_or(0);
	if (field.align & (field.align - 1))
		row.fail("align " + std::to_string(field.align) + " is no power of two");
	return field;
}

/* A member follows the row of its structure. */
void parse_member(RowReader &row, Table &table)
{
	Field field = field_of(row);

	if (table.structures.empty())
		row.fail("member '" + field.name + "' follows no struct row");
	else
		table.structures.back().fields.push_back(std::move(field));
}

template <Structure Table::*data> void parse_data(RowReader &row, Table &table)
{
	(table.*data).fields.push_back(field_of(row));
}

void check_prototype(RowReader &row, const std::string &proto)
{
	const std::size_t open = proto.find('(');

	if (proto.empty())
		return;
	if (open == 0 || open == std::string::npos || proto.back() != ')') {
		row.fail("proto '" + proto + "' is not of the form TYPE (ARGUMENTS)");
		return;
	}
	for (const vdsogen::Parameter &parameter : vdsogen::parse_prototype(proto).parameters)
		if (parameter.name.empty())
			row.fail("parameter '" + parameter.text + "' needs a name after its type");
}

template <std::vector<Function> Table::*functions> void parse_function(RowReader &row, Table &table)
{
	Function function;

	function.line = row.line();
	function.name = row.identifier("its name");
	function.doc = description(row);
	function.proto = row.c_text("proto", true);
	check_prototype(row, function.proto);
	function.since =
		static_cast<unsigned int>(row.number_key("since", 0, most_minor).value_or(0));
	(table.*functions).push_back(std::move(function));
}

constexpr vdsogen::RowType<Table> row_types[] = {{"module", parse_module},
						 {"const", parse_constant},
						 {"struct", parse_structure},
						 {"member", parse_member},
						 {"shared", parse_data<&Table::shared_data>},
						 {"private", parse_data<&Table::private_data>},
						 {"entry", parse_function<&Table::entries>},
						 {"callback", parse_function<&Table::callbacks>}};

} // namespace

Table parse_table(std::string_view text, const std::map<std::string, std::string> &values,
		  Diagnostics &faults)
{
	Table table;

	for (const Row &row : vdsogen::split_rows(text, faults))
		vdsogen::parse_row(row, row_types, table, faults);
	validate(table, faults);
	set_constants(table, values, faults);
	if (faults.empty())
		lay_out(table, faults);
	return table;
}

} // namespace modules
