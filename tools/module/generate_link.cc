// SPDX-License-Identifier: GPL-2.0
/* What the image is linked with: definitions of its data, its note, the linker script. */
#include "check.h"
#include "generate.h"
#include "text.h"

namespace modules
{

namespace
{

constexpr std::uint64_t fnv_offset = 0xcbf29ce484222325;
constexpr std::uint64_t fnv_prime = 0x100000001b3;

void mix(std::uint64_t &hash, const std::string &text)
{
	for (char c : text + '\n')
		hash = (hash ^ static_cast<unsigned char>(c)) * fnv_prime;
}

void mix_fields(std::uint64_t &hash, const Table &table, const Structure &structure)
{
	for (const Field &field : structure.fields) {
		mix(hash, field.name + " " + field.type + " " + std::to_string(field.elements) +
				  " " + std::to_string(field.offset));
		if (const Structure *type = table.find_structure(field.type))
			mix_fields(hash, table, *type);
	}
}

/* A C string literal of printable text. */
std::string literal(const std::string &text)
{
	std::string quoted = "\"";

	for (char c : text) {
		if (c == '"' || c == '\\')
			quoted += '\\';
		quoted += c;
	}
	return quoted + "\"";
}

/*
 * Compilers call these for copies and comparisons, also in freestanding code. Volatile, so
 * that no compiler makes one of them a call of itself.
 */
constexpr const char *memory_functions = R"(
#define VDSOX_MODULE_HIDDEN	__attribute__((visibility("hidden"), weak))

typedef uint64_t vdsox_module_word __attribute__((may_alias, aligned(1)));

VDSOX_MODULE_HIDDEN void *memset(void *to, int byte, size_t n)
{
	volatile unsigned char *p = (volatile unsigned char *)to;

	for (; n >= 8; n -= 8, p += 8)
		*(volatile vdsox_module_word *)p = (unsigned char)byte * 0x0101010101010101;
	while (n--)
		*p++ = (unsigned char)byte;
	return to;
}

VDSOX_MODULE_HIDDEN void *memcpy(void *to, const void *from, size_t n)
{
	volatile unsigned char *p = (volatile unsigned char *)to;
	const unsigned char *q = (const unsigned char *)from;

	for (; n >= 8; n -= 8, p += 8, q += 8)
		*(volatile vdsox_module_word *)p = *(const vdsox_module_word *)q;
	while (n--)
		*p++ = *q++;
	return to;
}

VDSOX_MODULE_HIDDEN void *memmove(void *to, const void *from, size_t n)
{
	volatile unsigned char *p = (volatile unsigned char *)to;
	const unsigned char *q = (const unsigned char *)from;

	if ((uintptr_t)to - (uintptr_t)from >= n)
		return memcpy(to, from, n);
	while (n--)
		p[n] = q[n];
	return to;
}

VDSOX_MODULE_HIDDEN int memcmp(const void *a, const void *b, size_t n)
{
	const volatile unsigned char *p = (const volatile unsigned char *)a;
	const unsigned char *q = (const unsigned char *)b;

	for (; n--; p++, q++)
		if (*p != *q)
			return *p < *q ? -1 : 1;
	return 0;
}
)";

/* The note's bytes: header, "vdsox", description. */
std::string note_part(const Table &table)
{
	const std::string text = note_text(table);
	std::string part =
		"static const struct {\n"
		"\tuint32_t namesz, descsz, type;\n"
		"\tchar name[8];\n"
		"\tchar text[" +
		std::to_string((text.size() + 4) & ~std::size_t{3}) +
		"];\n"
		"} note __attribute__((section(\".note.vdsox\"), aligned(4), used)) = {\n"
		"\t6, sizeof(note.text), 1, \"vdsox\",\n";

	for (const std::string &line : vdsogen::split(text.substr(0, text.size() - 1), '\n'))
		part += "\t" + literal(line) + " \"\\n\"\n";
	return part + "};\n";
}

} // namespace

std::uint64_t layout_hash(const Table &table)
{
	std::uint64_t hash = fnv_offset;

	mix(hash, table.name + " " + std::to_string(table.version.major));
	mix_fields(hash, table, table.shared_data);
	return hash;
}

std::string note_text(const Table &table)
{
	std::string text = "module " + table.name + "\n";

	text += "version " + to_string(table.version) + "\n";
	text += "layout " + vdsogen::hex(layout_hash(table)) + "\n";
	text += "shared " + std::to_string(table.shared_data.size) + "\n";
	text += "private " + std::to_string(table.private_data.size) + "\n";
	text += "callbacks " + std::to_string(table.callbacks.size()) + "\n";
	for (const Constant &constant : table.constants)
		text += "const " + constant.name + " " + std::to_string(constant.value) + "\n";
	return text;
}

std::string generate_image_source(const Table &table, const std::string &source)
{
	const std::string &name = table.name;
	std::string text = file_head(source) + "#include \"" + name + "_module.h\"\n\n";

	if (!table.private_data.fields.empty())
		text += "struct " + name + "_private_data vdsox_module_private;\n";
	if (!table.callbacks.empty())
		text += "struct " + name + "_callbacks " + name + "_callbacks;\n";
	return text + note_part(table) + memory_functions;
}

/*
 * The shared data end where the image begins. Code, read-only and private data have
 * pages of their own; nothing else is loaded.
 */
std::string generate_linker_script(const Table &table, const std::string &source)
{
	const std::string &name = table.name;
	const std::string exports = name + "_" + std::to_string(table.version.major);
	std::string text = file_head(source);

	text += "SECTIONS\n{\n"
		"\tPROVIDE_HIDDEN(vdsox_module_shared = . - ALIGN(" +
		std::to_string(table.shared_data.size + sizeof(SharedMark)) +
		", CONSTANT(MAXPAGESIZE)));\n"
		"\t. = SIZEOF_HEADERS;\n"
		"\t.hash : { *(.hash) } :read\n"
		"\t.gnu.hash : { *(.gnu.hash) }\n"
		"\t.dynsym : { *(.dynsym) }\n"
		"\t.dynstr : { *(.dynstr) }\n"
		"\t.gnu.version : { *(.gnu.version) }\n"
		"\t.gnu.version_d : { *(.gnu.version_d) }\n"
		"\t.gnu.version_r : { *(.gnu.version_r) }\n"
		"\t.rela.dyn : { *(.rela.*) }\n"
		"\t.note.vdsox : { KEEP(*(.note.vdsox)) } :read :note\n"
		"\t.note.gnu.build-id : { *(.note.gnu.build-id) } :read :note\n"
		"\t.rodata : { *(.rodata .rodata.*) } :read\n"
		"\t.eh_frame_hdr : { *(.eh_frame_hdr) } :read :unwind\n"
		"\t.eh_frame : { KEEP(*(.eh_frame)) } :read\n"
		"\t. = ALIGN(CONSTANT(MAXPAGESIZE));\n"
		"\t.text : { *(.text .text.* .plt .plt.*) } :code\n"
		"\t. = ALIGN(CONSTANT(MAXPAGESIZE));\n"
		"\t.dynamic : { *(.dynamic) } :data :dynamic\n"
		"\t.data : { *(.data.rel.ro .data.rel.ro.* .got .got.plt .data .data.*) } :data\n"
		"\t.bss : { *(.dynbss .bss .bss.* COMMON) } :data\n"
		"\t/DISCARD/ : { *(.comment .sframe .note.GNU-stack .note.gnu.property) }\n"
		"}\n\n"
		"PHDRS\n{\n"
		"\tread PT_LOAD FILEHDR PHDRS FLAGS(4);\n"
		"\tcode PT_LOAD FLAGS(5);\n"
		"\tdata PT_LOAD FLAGS(6);\n"
		"\tdynamic PT_DYNAMIC FLAGS(6);\n"
		"\tnote PT_NOTE FLAGS(4);\n"
		"\tunwind PT_GNU_EH_FRAME FLAGS(4);\n"
		"}\n\n"
		"VERSION\n{\n\t" +
		exports + " {\n\tglobal:\n";
	for (const Function &entry : table.entries)
		text += "\t\t" + name + "_" + entry.name + ";\n";
	if (!table.callbacks.empty())
		text += "\t\t" + name + "_callbacks;\n";
	return text + "\tlocal:\n\t\t*;\n\t};\n}\n";
}

} // namespace modules
