// SPDX-License-Identifier: GPL-2.0
/* The layout header: for the kernel, the vDSO code and the linker scripts. */
#include <algorithm>

#include "generate.h"
#include "text.h"

namespace vdsogen
{

namespace
{

/* A field, or the reserved words of a gap. */
struct Member {
	Field field;
	unsigned int reserved_words = 0;
};

/* One 64-byte structure. */
struct Line {
	std::string name;
	std::string title;
	std::vector<Member> members;
};

/* @fields: by offset, without overlaps. Each gap becomes a reserved member. */
std::vector<Member> fill_gaps(const std::vector<Field> &fields)
{
	std::vector<Member> members;
	unsigned int end = 0;

	const auto reserve = [&](unsigned int next) {
		if (next > end)
			members.push_back({{0, "reserved_" + std::to_string(end), FieldType::u32,
					    end, "zero"},
					   (next - end) / 4});
	};

	for (const Field &field : fields) {
		reserve(field.offset);
		members.push_back({field});
		end = field.offset + field.size();
	}
	reserve(line_size);
	return members;
}

std::string declaration(const Member &member)
{
	std::string text = "__" + word_of(member.field.type) + " " + member.field.name;

	if (!member.reserved_words)
		return text;
	return text + "[" + std::to_string(member.reserved_words) + "]";
}

std::string structure(const Line &line)
{
	std::string text = "/**\n * struct " + line.name + " - " + line.title + "\n";

	for (const Member &member : line.members)
		text += " * @" + member.field.name + ": " + member.field.doc + "\n";
	text += " */\nstruct " + line.name + " {\n";
	for (const Member &member : line.members)
		text += "\t" + declaration(member) + ";\n";
	return text + "};\n\n";
}

std::string assertions(const Line &line)
{
	std::string text;

	for (const Member &member : line.members)
		text += "VDSO_TASK_ASSERT(__builtin_offsetof(struct " + line.name + ", " +
			member.field.name + ") == " + std::to_string(member.field.offset) + ");\n";
	return text + "VDSO_TASK_ASSERT(sizeof(struct " + line.name +
	       ") == VDSO_TASK_LINE_SIZE);\n\n";
}

/* Offsets for assembly. */
std::string offsets(const std::string &prefix, const std::vector<Field> &fields)
{
	std::string text;

	for (const Field &field : fields)
		text += "#define " + prefix + to_upper(field.name) + "_OFFSET\t" +
			std::to_string(field.offset) + "\n";
	return text;
}

/* A macro that calls X once per row. */
std::string list_macro(const std::string &comment, const std::string &name,
		       const std::vector<std::string> &rows)
{
	std::string text = "/* " + comment + " */\n#define " + name + "(X)";

	for (const std::string &row : rows)
		text += " \\\n\tX(" + row + ")";
	return text + "\n\n";
}

std::string answers(const Table &table)
{
	std::vector<std::string> rows;

	for (const Entry *entry : table.record_entries())
		rows.push_back(entry->field + ", " + entry->value);
	return list_macro("X(field, kernel expression): the answers that a record holds",
			  "VDSO_TASK_ANSWERS", rows);
}

std::string entries(const Table &table, const Abi &abi)
{
	std::vector<std::string> rows;

	for (const Entry *entry : table.record_entries())
		if (const EntryAbi *use = find_use(*entry, abi))
			rows.push_back(entry->name + ", " + symbol_name(*entry, abi) + ", " +
				       entry->field + ", " + entry->type + ", " + use->nr);
	return list_macro("X(name, symbol, field, type, nr of __NR_nr): record entries of " +
				  abi.name,
			  "VDSO_TASK_ENTRIES_" + to_upper(abi.name), rows);
}

/* Code entries, or those of the unpatched images, that depend on a fixed field. */
std::string uses(const Table &table, const Abi &abi, EntryKind kind, const std::string &prefix)
{
	std::vector<std::string> rows;

	for (const Entry &entry : table.entries) {
		const EntryAbi *use = find_use(entry, abi);

		if (use && entry.kind == kind && !entry.field.empty())
			rows.push_back(entry.field + ", " + use->nr);
	}
	return list_macro(
		"X(field, nr of __NR_nr): fixed fields and the calls that they answer on " +
			abi.name,
		prefix + to_upper(abi.name), rows);
}

std::vector<Field> sorted(std::vector<Field> fields)
{
	std::sort(fields.begin(), fields.end(),
		  [](const Field &a, const Field &b) { return a.offset < b.offset; });
	return fields;
}

} // namespace

std::string generate_layout(const Table &table, const std::string &source)
{
	const Line global{"vdso_task_global", "start of the page shared by all processes",
			  fill_gaps(sorted(table.global))};
	const Line record{"vdso_task_record", "answers for one thread",
			  fill_gaps(table.record_fields())};
	const Line slot{"vdso_task_slot", "the record that is current on one CPU",
			fill_gaps(sorted(table.slot))};
	std::string text = file_head(source);

	text += "#ifndef _VDSO_TASK_LAYOUT_H\n#define _VDSO_TASK_LAYOUT_H\n\n";
	text += "#define VDSO_TASK_LINE_SHIFT\t" + std::to_string(line_shift) + "\n";
	text += "#define VDSO_TASK_LINE_SIZE\t" + std::to_string(line_size) + "\n\n";
	text += offsets("VDSO_TASK_GLOBAL_", table.global);
	text += offsets("VDSO_TASK_RECORD_", table.record_fields());
	text += offsets("VDSO_TASK_SLOT_", table.slot) + "\n";
	text += "#if !defined(__ASSEMBLY__) && !defined(__ASSEMBLER__) && "
		"!defined(LINKER_SCRIPT)\n\n";
	text += "#include <linux/types.h>\n\n";
	text += "#ifdef __cplusplus\n#define VDSO_TASK_ASSERT(x)\tstatic_assert(x, #x)\n"
		"#else\n#define VDSO_TASK_ASSERT(x)\t_Static_assert(x, #x)\n#endif\n\n";
	text += structure(global) + assertions(global);
	text += structure(record) + assertions(record);
	text += structure(slot) + assertions(slot);
	text += answers(table);
	for (const Abi &abi : table.abis)
		text += entries(table, abi) + uses(table, abi, EntryKind::code, "VDSO_TASK_USES_");
	return text + "#endif\n\n#endif /* _VDSO_TASK_LAYOUT_H */\n";
}

std::string generate_base(const Table &table, const std::string &source)
{
	std::string text = file_head(source);

	text += "#ifndef _VDSO_TASK_BASE_H\n#define _VDSO_TASK_BASE_H\n\n";
	for (const Abi &abi : table.abis)
		text += uses(table, abi, EntryKind::base, "VDSO_TASK_BASE_USES_");
	return text + "#endif /* _VDSO_TASK_BASE_H */\n";
}

} // namespace vdsogen
