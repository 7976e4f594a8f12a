// SPDX-License-Identifier: GPL-2.0
/* The API library of a module: a C header and a C++ class, on top of vdsox_module.h. */
#include "generate.h"
#include "text.h"

namespace modules
{

namespace
{

std::string handle_part(const Table &table)
{
	std::string text = "/* An attached module. Copies stay valid until detach. */\n"
			   "struct " +
			   table.name + " {\n\tstruct vdsox_module *module;\n";

	for (const Function &entry : table.entries) {
		const vdsogen::Prototype proto = vdsogen::parse_prototype(entry.proto);

		text += "\t" + proto.result + " (*" + entry.name + ")(" + parameters(proto) +
			");\n";
	}
	return text + "};\n\n";
}

std::string interface_part(const Table &table)
{
	const std::string &name = table.name;
	std::string text =
		"static const struct vdsox_module_function " + name + "_functions[] = {\n";

	for (const Function &entry : table.entries)
		text += "\t{ \"" + name + "_" + entry.name + "\", " + std::to_string(entry.since) +
			" },\n";
	text += "};\n\nstatic const struct vdsox_module_interface " + name + "_interface = {\n";
	text += "\t\"" + name + "\", " + std::to_string(table.version.major) + ", " +
		std::to_string(table.version.minor) + ",\n\t" + name + "_functions, " +
		std::to_string(table.entries.size()) + ",\n";
	if (table.callbacks.empty())
		return text + "\tNULL, 0,\n};\n\n";
	return text + "\t\"" + name + "_callbacks\", sizeof(struct " + name +
	       "_callbacks),\n};\n\n";
}

std::string attach_part(const Table &table)
{
	const std::string &name = table.name;
	const std::string handle = "struct " + name + " *m";
	std::string text =
		"/* Attaches the module; 0 or a negative errno: see vdsox_module_attach(). */\n"
		"static inline int " +
		name + "_attach(" + handle +
		", struct vdsox_module_fds fds, unsigned int flags)\n{\n"
		"\tvoid *found[" +
		std::to_string(table.entries.size()) +
		"];\n"
		"\tint result = vdsox_module_attach(&" +
		name +
		"_interface, fds, flags, &m->module, found);\n\n"
		"\tif (result)\n\t\treturn result;\n";

	for (std::size_t i = 0; i < table.entries.size(); i++)
		text += "\tmemcpy(&m->" + table.entries[i].name + ", &found[" + std::to_string(i) +
			"], sizeof(found[0]));\n";
	text += "\treturn 0;\n}\n\n";
	text += "/* Unmaps it. No thread may be in one of its functions or call one later. */\n"
		"static inline void " +
		name + "_detach(" + handle +
		")\n{\n\tvdsox_module_detach(m->module);\n\tm->module = NULL;\n}\n\n";
	if (!table.callbacks.empty())
		text += "/* Sets the functions that the image may call in this process. */\n"
			"static inline void " +
			name + "_set_callbacks(" + handle + ", const struct " + name +
			"_callbacks *callbacks)\n{\n"
			"\tmemcpy(vdsox_module_callbacks(m->module), callbacks, "
			"sizeof(*callbacks));\n}\n\n";
	return text;
}

std::string calls_part(const Table &table)
{
	std::string text;

	for (const Function &entry : table.entries) {
		const vdsogen::Prototype proto = vdsogen::parse_prototype(entry.proto);
		const std::string list = proto.parameters.empty() ? "" : ", " + parameters(proto);

		text += comment(entry.doc) + "static inline " + proto.result + " " + table.name +
			"_" + entry.name + "(const struct " + table.name + " *vdsox_m" + list +
			")\n{\n\t" + (proto.result == "void" ? "" : "return ") + "vdsox_m->" +
			entry.name + "(" + arguments(proto) + ");\n}\n\n";
	}
	return text;
}

std::string methods_part(const Table &table)
{
	std::string text;

	for (const Function &entry : table.entries) {
		const vdsogen::Prototype proto = vdsogen::parse_prototype(entry.proto);
		const std::string list = parameters(proto);

		text += "\t" + comment(entry.doc) + "\t" + proto.result + " " + entry.name + "(" +
			(list == "void" ? "" : list) + ") const { return this->m_." + entry.name +
			"(" + arguments(proto) + "); }\n";
	}
	return text;
}

} // namespace

std::string generate_client_header(const Table &table, const std::string &source)
{
	const std::string guard = vdsogen::to_upper(table.name) + "_H";
	std::string text = file_head(source);

	text += comment(table.doc);
	text += "#ifndef " + guard + "\n#define " + guard + "\n\n";
	text += "#include <stdint.h>\n#include <string.h>\n#include <vdsox_module.h>\n\n";
	text += "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n";
	text += constants_part(table) + callbacks_part(table) + handle_part(table);
	text += interface_part(table) + attach_part(table) + calls_part(table);
	return text + "#ifdef __cplusplus\n}\n#endif\n\n#endif\n";
}

std::string generate_client_class(const Table &table, const std::string &source)
{
	const std::string guard = vdsogen::to_upper(table.name) + "_HPP";
	const std::string &name = table.name;
	std::string text = file_head(source);

	text += "#ifndef " + guard + "\n#define " + guard + "\n\n#include \"" + name +
		".h\"\n\n#include <vdsox_module.hpp>\n\nnamespace " + name + "_module\n{\n\n";
	text += "/* " + table.doc + " Throws vdsox::module_error. */\nclass attached\n{\npublic:\n";
	text += "\texplicit attached(vdsox_module_fds fds, unsigned int flags = 0)\n\t{\n"
		"\t\tvdsox::module_check(" +
		name +
		"_attach(&m_, fds, flags));\n\t}\n"
		"\t~attached() { if (m_.module) " +
		name +
		"_detach(&m_); }\n"
		"\tattached(attached &&other) noexcept : m_(other.m_) { other.m_.module = nullptr; "
		"}\n"
		"\tattached(const attached &) = delete;\n"
		"\tattached &operator=(const attached &) = delete;\n\n";
	if (!table.callbacks.empty())
		text += "\tvoid set_callbacks(const " + name + "_callbacks &callbacks)\n\t{\n\t\t" +
			name + "_set_callbacks(&m_, &callbacks);\n\t}\n\n";
	text += methods_part(table) + "\nprivate:\n\tstruct " + name +
		" m_;\n};\n\n} // namespace " + name + "_module\n\n#endif\n";
	return text;
}

} // namespace modules
