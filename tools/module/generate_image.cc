// SPDX-License-Identifier: GPL-2.0
/* What the image's own sources include and what it is linked with. */
#include "generate.h"
#include "text.h"

namespace modules
{

namespace
{

std::string type_of(const Field &field, const Table &table)
{
	const Integer *integer = find_integer(field.type);

	return integer ? integer->c_name : "struct " + table.name + "_" + field.type;
}

/* The members of a structure with their offsets, which all compilers must agree with. */
std::string structure_part(const Table &table, const Structure &structure, const std::string &name)
{
	const std::string type = "struct " + table.name + "_" + name;
	std::string text = type + " {\n";
	std::string asserts;

	for (const Field &field : structure.fields) {
		text += "\t" + comment(field.doc);
		text += "\t" + type_of(field, table) + " " + field.name;
		if (!field.count.empty())
			text += "[" + std::to_string(field.elements) + "]";
		if (field.align)
			text += " __attribute__((aligned(" + std::to_string(field.align) + ")))";
		text += ";\n";
		asserts += "VDSOX_MODULE_ASSERT(offsetof(" + type + ", " + field.name +
			   ") == " + std::to_string(field.offset) + ");\n";
	}
	return text + "};\n\n" + asserts + "VDSOX_MODULE_ASSERT(sizeof(" + type +
	       ") == " + std::to_string(structure.size) + ");\n\n";
}

/* Structure @data and the function that returns its only object. */
std::string data_part(const Table &table, const Structure &data, const std::string &name)
{
	const std::string type = "struct " + table.name + "_" + name + "_data";
	const std::string object = "vdsox_module_" + name;

	if (data.fields.empty())
		return "";
	return structure_part(table, data, name + "_data") + "extern " + type + " " + object +
	       " __attribute__((visibility(\"hidden\")));\n\n"
	       "static inline " +
	       type + " *" + table.name + "_" + name + "(void)\n{\n\treturn &" + object +
	       ";\n}\n\n";
}

std::string entries_part(const Table &table)
{
	std::string text;

	for (const Function &entry : table.entries) {
		const vdsogen::Prototype proto = vdsogen::parse_prototype(entry.proto);

		text += comment(entry.doc) + "__attribute__((visibility(\"default\"))) " +
			proto.result + " " + table.name + "_" + entry.name + "(" +
			parameters(proto) + ");\n\n";
	}
	return text;
}

/* A function for each callback, and one that returns whether the process has set it. */
std::string callback_calls_part(const Table &table)
{
	std::string text;

	if (table.callbacks.empty())
		return text;
	text = "extern struct " + table.name + "_callbacks " + table.name +
	       "_callbacks __attribute__((visibility(\"protected\")));\n\n";
	for (const Function &callback : table.callbacks) {
		const vdsogen::Prototype proto = vdsogen::parse_prototype(callback.proto);
		const std::string member = table.name + "_callbacks." + callback.name;
		const bool returns = proto.result != "void";

		text += "static inline int " + table.name + "_has_" + callback.name +
			"(void)\n{\n\treturn " + member + " != 0;\n}\n\n";
		text += comment(callback.doc) + "static inline " + proto.result + " " + table.name +
			"_call_" + callback.name + "(" + parameters(proto) + ")\n{\n\t" +
			(returns ? "return " : "") + member + "(" + arguments(proto) + ");\n}\n\n";
	}
	return text;
}

} // namespace

std::string callbacks_part(const Table &table)
{
	std::string text;

	if (table.callbacks.empty())
		return text;
	text = "struct " + table.name + "_callbacks {\n";
	for (const Function &callback : table.callbacks) {
		const vdsogen::Prototype proto = vdsogen::parse_prototype(callback.proto);

		text += "\t" + comment(callback.doc) + "\t" + proto.result + " (*" + callback.name +
			")(" + parameters(proto) + ");\n";
	}
	return text + "};\n\n";
}

std::string generate_image_header(const Table &table, const std::string &source)
{
	const std::string guard = vdsogen::to_upper(table.name) + "_MODULE_H";
	std::string text = file_head(source);

	text += "/* For the sources of the image: C11 or C++20, freestanding. */\n";
	text += "#ifndef " + guard + "\n#define " + guard + "\n\n";
	text += "#include <stddef.h>\n#include <stdint.h>\n\n";
	text += "#ifdef __cplusplus\n"
		"#define VDSOX_MODULE_ASSERT(condition)\tstatic_assert(condition, #condition)\n"
		"extern \"C\" {\n"
		"#else\n"
		"#define VDSOX_MODULE_ASSERT(condition)\t_Static_assert(condition, #condition)\n"
		"#endif\n\n";
	text += constants_part(table);
	for (const Structure &structure : table.structures)
		text += comment(structure.doc) + structure_part(table, structure, structure.name);
	text += data_part(table, table.shared_data, "shared");
	text += data_part(table, table.private_data, "private");
	text += callbacks_part(table) + callback_calls_part(table) + entries_part(table);
	return text + "#ifdef __cplusplus\n}\n#endif\n\n#endif\n";
}

} // namespace modules
