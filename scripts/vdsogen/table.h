/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOGEN_TABLE_H
#define VDSOGEN_TABLE_H

#include <elf.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "choices.h"
#include "diagnostics.h"
#include "machine.h"

namespace vdsogen
{

constexpr unsigned int line_shift = 6;
constexpr unsigned int line_size = 1u << line_shift;

struct Abi {
	std::size_t line = 0;
	std::string name;
	unsigned int bits = 64;
	Machine machine = Machine::x86_64;
	std::string version;
	std::string prefix;

	/* Whether the machine has ABIs of both classes. */
	bool has_two_classes() const
	{
		return machine == Machine::x86_64 || machine == Machine::aarch64;
	}
};

/* An ABI's image as a kernel release builds it. */
struct AbiImage {
	std::size_t line = 0;
	std::string abi;
	std::string path; /* in the build tree, without .so and what follows */
	std::string target;
	bool eh_frame = false;
	long pages = 0;
	std::string config;
};

enum class FieldType { u32, u64 };

template <> struct Choices<FieldType> {
	static constexpr Choice<FieldType> list[] = {{FieldType::u32, "u32"},
						     {FieldType::u64, "u64"}};
};

/* A field of a 64-byte line: of the global page, a record or a slot. */
struct Field {
	std::size_t line = 0;
	std::string name;
	FieldType type = FieldType::u32;
	unsigned int offset = 0;
	std::string doc;

	unsigned int size() const { return type == FieldType::u64 ? 8 : 4; }
};

enum class EntryKind { base, code, record };

template <> struct Choices<EntryKind> {
	static constexpr Choice<EntryKind> list[] = {{EntryKind::base, "base"},
						     {EntryKind::code, "code"},
						     {EntryKind::record, "record"}};
};

enum class ElfType : unsigned char {
	notype = STT_NOTYPE,
	object = STT_OBJECT,
	func = STT_FUNC,
};

template <> struct Choices<ElfType> {
	static constexpr Choice<ElfType> list[] = {
		{ElfType::func, "func"}, {ElfType::object, "object"}, {ElfType::notype, "notype"}};
};

struct EntryAbi {
	std::string abi;
	bool alias = false;
	std::string nr; /* name of the system call on this abi */
};

struct Entry {
	std::size_t line = 0;
	std::string name;
	EntryKind kind = EntryKind::base;
	std::vector<EntryAbi> abis;
	std::string proto;
	std::string symbol;
	std::string version;
	ElfType elf_type = ElfType::func;
	bool has_frame = true; /* if its abi has unwind information */
	std::string config;

	/* The record's field that holds the answer; a fixed one or none if no record entry. */
	std::string field;

	/* Record entries only. */
	std::string type;
	unsigned int offset = 0;
	std::string value;

	bool is_new() const { return kind != EntryKind::base; }
};

struct Vvar {
	std::size_t line = 0;
	std::string abi;
	std::string symbol;
	long pages = 0;
	std::string config;
};

enum class TestCases { any, entries, symbols };

template <> struct Choices<TestCases> {
	static constexpr Choice<TestCases> list[] = {{TestCases::entries, "entries"},
						     {TestCases::symbols, "symbols"}};
};

struct Test {
	std::size_t line = 0;
	std::string name;
	std::vector<std::string> abis;
	long timeout = 60;
	TestCases cases = TestCases::any;
};

/* One dynamic symbol of one image. */
struct Symbol {
	const Entry *entry;
	std::string name;
	std::string version;
	std::string nr;
	bool weak;
};

struct Table {
	std::vector<std::string> files; /* that the rows are from */
	std::vector<Abi> abis;
	std::vector<AbiImage> images;
	std::vector<Field> global;
	std::vector<Field> record; /* fixed fields as written, without those of entries */
	std::vector<Field> slot;
	std::vector<Entry> entries;
	std::vector<Vvar> vvars;
	std::vector<Test> tests;

	/* "line 3 of the table", or of another file of it "line 3 of FILE". */
	std::string place(std::size_t line) const;

	const Abi *find_abi(std::string_view name) const;
	const AbiImage *find_image(std::string_view abi) const;

	/* The image that is built as @file, as in "arch/x86/entry/vdso/vdso64.so.dbg". */
	const AbiImage *find_built(std::string_view file) const;

	/* The exports of @abi's image, in the order of the table. */
	std::vector<Symbol> symbols_of(const Abi &abi) const;

	/* The fields of a record, including those of entries, by offset. */
	std::vector<Field> record_fields() const;

	/* The record entries, by offset of their fields. */
	std::vector<const Entry *> record_entries() const;
};

/* The strong symbol of @entry in @abi's image. */
std::string symbol_name(const Entry &entry, const Abi &abi);

/* The export of @entry by @abi; nullptr if it has none. */
const EntryAbi *find_use(const Entry &entry, const Abi &abi);

/*
 * Parses and validates; the table is valid if no fault was added. @base: the rows of a
 * kernel release, from @base_file, which are appended to those of the table.
 */
Table parse_table(std::string_view text, Diagnostics &faults);
Table parse_table(std::string_view text, std::string_view base, const std::string &base_file,
		  Diagnostics &faults);

/* Adds faults that involve several rows: names, references, overlaps. */
void validate(const Table &table, Diagnostics &faults);

} // namespace vdsogen

#endif
