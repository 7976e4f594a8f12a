// SPDX-License-Identifier: GPL-2.0
/* Faults that involve several rows. */
#include <algorithm>
#include <set>

#include "prototype.h"
#include "table.h"
#include "text.h"

namespace modules
{

namespace
{

using vdsogen::Diagnostics;

/* Words that C11 or C++20 reserve. */
constexpr const char *keywords[] = {"alignas",
				    "alignof",
				    "and",
				    "and_eq",
				    "asm",
				    "auto",
				    "bitand",
				    "bitor",
				    "bool",
				    "break",
				    "case",
				    "catch",
				    "char",
				    "char16_t",
				    "char32_t",
				    "char8_t",
				    "class",
				    "co_await",
				    "co_return",
				    "co_yield",
				    "compl",
				    "concept",
				    "const",
				    "const_cast",
				    "consteval",
				    "constexpr",
				    "constinit",
				    "continue",
				    "decltype",
				    "default",
				    "delete",
				    "do",
				    "double",
				    "dynamic_cast",
				    "else",
				    "enum",
				    "explicit",
				    "export",
				    "extern",
				    "false",
				    "float",
				    "for",
				    "friend",
				    "goto",
				    "if",
				    "inline",
				    "int",
				    "long",
				    "mutable",
				    "namespace",
				    "new",
				    "noexcept",
				    "not",
				    "not_eq",
				    "nullptr",
				    "operator",
				    "or",
				    "or_eq",
				    "private",
				    "protected",
				    "public",
				    "register",
				    "reinterpret_cast",
				    "requires",
				    "restrict",
				    "return",
				    "short",
				    "signed",
				    "sizeof",
				    "static",
				    "static_assert",
				    "static_cast",
				    "struct",
				    "switch",
				    "template",
				    "this",
				    "thread_local",
				    "throw",
				    "true",
				    "try",
				    "typedef",
				    "typeid",
				    "typename",
				    "union",
				    "unsigned",
				    "using",
				    "virtual",
				    "void",
				    "volatile",
				    "wchar_t",
				    "while",
				    "xor",
				    "xor_eq"};

/* Reports names that one scope of the generated code has twice or cannot have. */
class Names
{
public:
	/* @taken: names that the generated code uses itself */
	explicit Names(Diagnostics &faults, std::set<std::string> taken = {})
	    : taken_(std::move(taken)), faults_(faults)
	{
	}

	void add(std::size_t line, const std::string &name)
	{
		const auto is_name = [&name](const char *word) { return name == word; };

		if (name.empty())
			return;
		if (taken_.count(name) || name.rfind("vdsox_", 0) == 0)
			faults_.add(line, "the name '" + name + "' is one of the generated code");
		if (!names_.insert(name).second)
			faults_.add(line, "the name '" + name + "' is used twice");
		if (std::any_of(std::begin(keywords), std::end(keywords), is_name))
			faults_.add(line, "'" + name + "' is a word of C or C++");
	}

private:
	std::set<std::string> names_;
	const std::set<std::string> taken_;
	Diagnostics &faults_;
};

/* What no entry can be named: members and functions of the generated headers. */
std::set<std::string> taken_by_functions(const Table &table)
{
	std::set<std::string> taken = {"attach",    "attached",	    "callbacks", "detach",
				       "functions", "interface",    "m_",	 "module",
				       "shared",    "set_callbacks"};

	for (const Function &callback : table.callbacks)
		for (const char *prefix : {"has_", "call_"})
			taken.insert(prefix + callback.name);
	return taken;
}

/* @declared: the structures whose rows are before that of @structure */
void check_fields(const Table &table, const Structure &structure, std::size_t declared,
		  Diagnostics &faults)
{
	Names names(faults);

	for (const Field &field : structure.fields) {
		const auto end = table.structures.begin() + static_cast<std::ptrdiff_t>(declared);
		const auto is_type = [&field](const Structure &type) {
			return type.name == field.type;
		};

		names.add(field.line, field.name);
		if (!find_integer(field.type) &&
		    std::none_of(table.structures.begin(), end, is_type))
			faults.add(field.line,
				   "unknown type '" + field.type +
					   "'; use a struct above or one of: " + integer_words());
		if (!field.count.empty() && !vdsogen::parse_number(field.count) &&
		    !table.find_constant(field.count))
			faults.add(field.line,
				   "'" + field.count + "' is neither a number nor a constant");
	}
}

void check_functions(const Table &table, const std::vector<Function> &functions, Names names,
		     Diagnostics &faults)
{
	for (const Function &function : functions) {
		Names parameters(faults);

		names.add(function.line, function.name);
		for (const auto &parameter : vdsogen::parse_prototype(function.proto).parameters)
			parameters.add(function.line, parameter.name);
		if (function.since > table.version.minor)
			faults.add(function.line, "since " + std::to_string(function.since) +
							  " is later than the module's " +
							  to_string(table.version));
	}
}

} // namespace

void validate(const Table &table, Diagnostics &faults)
{
	Names constants(faults, {"H", "HPP", "MODULE_H", "VERSION_MAJOR", "VERSION_MINOR"});
	Names structures(faults, {"callbacks", "private_data", "shared_data"});

	if (!table.line)
		faults.add(0, "there is no module row");
	Names(faults, {"vdsox"}).add(table.line, table.name);
	for (const Constant &constant : table.constants)
		constants.add(constant.line, constant.name);
	for (std::size_t i = 0; i < table.structures.size(); i++) {
		const Structure &structure = table.structures[i];

		structures.add(structure.line, structure.name);
		if (structure.fields.empty())
			faults.add(structure.line, "struct " + structure.name + " has no member");
		check_fields(table, structure, i, faults);
	}
	check_fields(table, table.shared_data, table.structures.size(), faults);
	check_fields(table, table.private_data, table.structures.size(), faults);
	check_functions(table, table.entries, Names(faults, taken_by_functions(table)), faults);
	check_functions(table, table.callbacks, Names(faults), faults);
	if (table.line && table.entries.empty())
		faults.add(table.line, "a module without an entry row cannot be called");
}

} // namespace modules
