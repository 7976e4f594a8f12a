// SPDX-License-Identifier: GPL-2.0
/* Headers for programs: the user header and the kselftests' symbol table. */
#include <algorithm>

#include "generate.h"
#include "text.h"

namespace vdsogen
{

namespace
{

/* `R (A)` as a function pointer type. */
std::string pointer_type(const std::string &name, const std::string &proto)
{
	const std::size_t open = proto.find('(');
	std::string result = proto.substr(0, open);

	while (!result.empty() && result.back() == ' ')
		result.pop_back();
	return "typedef " + result + (result.back() == '*' ? "(*" : " (*") + name + ")" +
	       proto.substr(open) + ";\n";
}

std::string user_part(const Table &table, const Abi &abi)
{
	std::string text = "#define VDSO_TASK_ABI\t\t\"" + abi.name + "\"\n\n";

	for (const Symbol &symbol : table.symbols_of(abi)) {
		const std::string stem = "VDSO_TASK_" + to_upper(symbol.entry->name);

		if (symbol.weak)
			continue;
		text += "#define " + stem + "_SYMBOL\t\"" + symbol.name + "\"\n";
		text += "#define " + stem + "_VERSION\t\"" + symbol.version + "\"\n";
		if (!symbol.entry->proto.empty())
			text += pointer_type("vdso_task_" + symbol.entry->name + "_fn",
					     symbol.entry->proto);
	}
	return text;
}

constexpr const char *symtab_types =
	"enum vdso_task_kind {\n"
	"\tVDSO_TASK_BASE,\t/* exported by the unpatched image, too */\n"
	"\tVDSO_TASK_CODE,\t/* new, hand-written code */\n"
	"\tVDSO_TASK_RECORD,\t/* new, answered from a record */\n"
	"};\n\n"
	"/**\n"
	" * struct vdso_task_symbol - one dynamic symbol of the vDSO\n"
	" * @name: name of the entry, also of a weak alias\n"
	" * @symbol: its name in the image\n"
	" * @version: its version in the image\n"
	" * @nr: number of the system call that does the same, or -1\n"
	" * @kind: base, or how a new entry answers\n"
	" * @type: its ELF symbol type (STT_*)\n"
	" * @weak: 1 for an alias without a prefix, whose binding is weak\n"
	" * @optional: kernel option without which it is absent, or 0\n"
	" */\n"
	"struct vdso_task_symbol {\n"
	"\tconst char *name;\n"
	"\tconst char *symbol;\n"
	"\tconst char *version;\n"
	"\tlong nr;\n"
	"\tenum vdso_task_kind kind;\n"
	"\tunsigned char type;\n"
	"\tunsigned char weak;\n"
	"\tconst char *optional;\n"
	"};\n\n";

std::string symtab_row(const Symbol &symbol)
{
	const Entry &entry = *symbol.entry;

	return "\t{ \"" + entry.name + "\", \"" + symbol.name + "\", \"" + symbol.version +
	       "\",\n\t  " + (symbol.nr.empty() ? "-1" : "__NR_" + symbol.nr) + ", VDSO_TASK_" +
	       to_upper(word_of(entry.kind)) + ", " +
	       std::to_string(static_cast<int>(entry.elf_type)) + ", " + (symbol.weak ? "1" : "0") +
	       ", " + (entry.config.empty() ? "0" : "\"" + entry.config + "\"") + " },\n";
}

/* Pages from the lowest position that a vvar row has to the image. */
long vvar_pages(const Table &table, const Abi &abi)
{
	long pages = 0;

	for (const Vvar &vvar : table.vvars)
		if (vvar.abi == abi.name)
			pages = std::max(pages, -vvar.pages);
	return pages;
}

std::string symtab_part(const Table &table, const Abi &abi)
{
	std::string text = "/* The record entries of this ABI, listed in the layout header. */\n"
			   "#define VDSO_TASK_ENTRIES(X)\tVDSO_TASK_ENTRIES_" +
			   to_upper(abi.name) +
			   "(X)\n"
			   "/* Pages between the task area, or what is lowest, and the image. */\n"
			   "#define VDSO_TASK_VVAR_PAGES\t" +
			   std::to_string(vvar_pages(table, abi)) +
			   "\n\nstatic const struct vdso_task_symbol vdso_task_symbols[] = {\n";

	for (const Symbol &symbol : table.symbols_of(abi))
		text += symtab_row(symbol);
	return text + "};\n";
}

} // namespace

std::string generate_user(const Table &table, const std::string &source)
{
	std::string text = file_head(source);

	text += "/*\n"
		" * The vDSO's functions: for each the symbol, its version and, if it has a\n"
		" * C prototype, the type of a pointer to it (vdso_task_NAME_fn). A kernel\n"
		" * may lack any of them: if the lookup fails, use the system call.\n"
		" */\n"
		"#ifndef _VDSO_TASK_USER_H\n#define _VDSO_TASK_USER_H\n\n"
		"#include <stddef.h>\n#include <sys/time.h>\n#include <sys/types.h>\n"
		"#include <time.h>\n#include <linux/time_types.h>\n\n"
		"#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n";
	text += abi_ladder(table, [&](const Abi &abi) { return user_part(table, abi); });
	return text + "\n#ifdef __cplusplus\n}\n#endif\n\n#endif /* _VDSO_TASK_USER_H */\n";
}

std::string generate_symtab(const Table &table, const std::string &source)
{
	std::string text = file_head(source);

	text += "#ifndef _VDSO_TASK_SYMTAB_H\n#define _VDSO_TASK_SYMTAB_H\n\n"
		"#include <asm/unistd.h>\n\n";
	text += symtab_types;
	text += abi_ladder(table, [&](const Abi &abi) { return symtab_part(table, abi); });
	return text + "\n#endif /* _VDSO_TASK_SYMTAB_H */\n";
}

} // namespace vdsogen
