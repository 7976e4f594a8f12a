// SPDX-License-Identifier: GPL-2.0
/* Values of constants, and sizes and offsets of the data. */
#include <algorithm>
#include <cstdlib>

#include "table.h"
#include "text.h"

namespace modules
{

namespace
{

using vdsogen::Diagnostics;

std::uint64_t round_up(std::uint64_t value, std::uint64_t align)
{
	return (value + align - 1) & ~(align - 1);
}

/* Sizes and offsets of one structure after the other. */
class Layout
{
public:
	Layout(const Table &table, Diagnostics &faults) : table_(table), faults_(faults) {}

	void run(Structure &structure)
	{
		std::uint64_t end = 0;

		structure.align = 1;
		for (Field &field : structure.fields)
			place(field, structure, end);
		structure.size = round_up(end, structure.align);
	}

private:
	void place(Field &field, Structure &structure, std::uint64_t &end)
	{
		const Integer *integer = find_integer(field.type);
		const Structure *type = table_.find_structure(field.type);
		const std::uint64_t one = integer ? integer->size : type->size;
		const std::uint64_t natural = integer ? integer->size : type->align;
		const std::uint64_t align =
			std::max<std::uint64_t>(natural, static_cast<std::uint64_t>(field.align));

		field.elements = elements(field);
		if (field.elements > most_data / std::max<std::uint64_t>(one, 1)) {
			faults_.add(field.line, "'" + field.name + "' is longer than 2^30 bytes");
			field.elements = 1;
		}
		field.size = one * field.elements;
		field.offset = round_up(end, align);
		end = field.offset + field.size;
		if (end > most_data) {
			faults_.add(field.line, "the data up to '" + field.name +
							"' are longer than 2^30 bytes");
			end = 0;
		}
		structure.align = std::max(structure.align, align);
	}

	std::uint64_t elements(const Field &field)
	{
		if (field.count.empty())
			return 1;

		const Constant *constant = table_.find_constant(field.count);
		const long value =
			constant ? constant->value : vdsogen::parse_number(field.count).value_or(0);

		if (value > 0)
			return static_cast<std::uint64_t>(value);
		faults_.add(field.line, "'" + field.name + "' has " + std::to_string(value) +
						" elements; an array needs at least one");
		return 1;
	}

	const Table &table_;
	Diagnostics &faults_;
};

void set_constant(Constant &constant, const std::string &text, Diagnostics &faults)
{
	const std::optional<long> value = vdsogen::parse_number(text);

	if (!value || *value < constant.low || *value > constant.high)
		faults.add(0, constant.name + "=" + text + " is no number from " +
				      std::to_string(constant.low) + " to " +
				      std::to_string(constant.high));
	else
		constant.value = *value;
}

} // namespace

void set_constants(Table &table, const std::map<std::string, std::string> &values,
		   Diagnostics &faults)
{
	for (Constant &constant : table.constants) {
		const auto given = values.find(constant.name);
		const std::string variable = vdsogen::to_upper(table.name) + "_" + constant.name;
		const char *inherited = std::getenv(variable.c_str());

		if (given != values.end())
			set_constant(constant, given->second, faults);
		else if (inherited)
			set_constant(constant, inherited, faults);
	}
	for (const auto &[name, text] : values)
		if (!table.find_constant(name))
			faults.add(0, "there is no constant " + name);
}

void lay_out(Table &table, Diagnostics &faults)
{
	Layout layout(table, faults);

	for (Structure &structure : table.structures)
		layout.run(structure);
	layout.run(table.shared_data);
	layout.run(table.private_data);
}

} // namespace modules
