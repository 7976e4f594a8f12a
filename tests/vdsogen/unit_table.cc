// SPDX-License-Identifier: GPL-2.0
#include <doctest/doctest.h>

#include <sstream>

#include "check.h"
#include "generate.h"
#include "table.h"

using namespace vdsogen;

namespace
{

constexpr const char *abi_row = "abi a class=64 machine=x86_64 version=V prefix=__p_\n";

/* The messages for a table with one abi and @rows. */
std::string faults_of(const std::string &rows)
{
	Diagnostics faults("t");
	std::ostringstream messages;

	parse_table(abi_row + rows, faults);
	faults.print(messages);
	return messages.str();
}

std::string record_row(const std::string &field)
{
	return "entry e record abi=a nr=e type=int value=1 field=" + field + "\n";
}

bool contains(const std::string &messages, const char *message)
{
	return messages.find(message) != std::string::npos;
}

} // namespace

TEST_CASE("symbols follow prefix, alias, version and symbol=")
{
	Diagnostics faults("t");
	const Table table =
		parse_table(std::string(abi_row) + "entry x base abi=a+alias\n"
						   "entry y base abi=a symbol=z version=W\n",
			    faults);
	const auto symbols = table.symbols_of(table.abis[0]);

	CHECK(faults.empty());
	REQUIRE(symbols.size() == 3);
	CHECK(symbols[0].name == "__p_x");
	CHECK(symbols[1].name == "x");
	CHECK(symbols[1].weak);
	CHECK(symbols[2].name == "z");
	CHECK(symbols[2].version == "W");
}

TEST_CASE("rows of a release continue the table, and faults name their file")
{
	Diagnostics faults("t");
	std::ostringstream text;
	const Table table = parse_table(std::string(abi_row) + "entry x base abi=a\n",
					"\nentry x base abi=a\nimage a path=x/v pages=1 cfi=none\n",
					"b", faults);

	faults.print(text);
	CHECK(contains(text.str(), "b:2: entry of abi a 'x' exists already in line 2\n"));
	CHECK(contains(text.str(), "b:3: image row: key 'make' is missing\n"));
	CHECK(table.place(table.entries[0].line) == "line 2 of the table");
	CHECK(table.place(table.entries[1].line) == "line 2 of b");
}

TEST_CASE("an enumeration has one word for each value of the table")
{
	CHECK(word_of(EntryKind::record) == "record");
	CHECK(word_of(TestCases::any) == "");
	CHECK(value_of<Machine>("arm") == Machine::arm);
	CHECK_FALSE(value_of<Machine>("ar"));
	CHECK_FALSE(value_of<ElfType>(""));
	CHECK(words_of<FieldType>() == std::vector<std::string>{"u32", "u64"});
	CHECK(contains(faults_of("entry x base abi=a elf=code\n"),
		       "unknown elf 'code'; use one of: func, object, notype"));
}

TEST_CASE("an image is found by its path in the build tree")
{
	Diagnostics faults("t");
	const Table table = parse_table(
		std::string(abi_row) + "image a path=x/vdso make=x/ pages=3 cfi=none\n", faults);

	CHECK(faults.empty());
	CHECK(table.find_image("a")->pages == 3);
	CHECK(table.find_image("b") == nullptr);
	for (const char *file : {"x/vdso.so", "x/vdso.so.dbg", "x/vdso.so.raw"})
		CHECK(table.find_built(file) == table.find_image("a"));
	for (const char *file : {"x/vdso", "vdso.so", "y/x/vdso.so", "x/vdso32.so", ""})
		CHECK(table.find_built(file) == nullptr);
}

TEST_CASE("record fields lie within the record, aligned and apart")
{
	CHECK(faults_of(record_row("f@0")) == "");
	CHECK(faults_of(record_row("f@60")) == "");
	CHECK(contains(faults_of(record_row("f@62")), "t:2: field 'f' ends after the 64 bytes"));
	CHECK(contains(faults_of(record_row("f@18")), "not aligned to its size 4"));
	CHECK(contains(faults_of(record_row("f@64")), "a number below 64"));
	CHECK(contains(faults_of(record_row("f@-4")), "a number below 64"));
	CHECK(contains(faults_of(record_row("f")), "write NAME@OFFSET"));
	CHECK(contains(faults_of("record s u64 8 \"d\"\n" + record_row("f@12")),
		       "t:3: field 'f' overlaps 's'"));
	CHECK(contains(faults_of("record f u64 0 \"d\"\n" + record_row("f@8")),
		       "exists already in line 2"));
}

TEST_CASE("names are unique within an abi")
{
	CHECK(contains(faults_of("entry x base abi=a\nentry x base abi=a symbol=y\n"),
		       "t:3: entry of abi a 'x' exists already in line 2"));
	CHECK(contains(faults_of("entry x base abi=a+alias\nentry y base abi=a symbol=x\n"),
		       "t:3: symbol of abi a 'x' exists already in line 2"));
	CHECK(contains(faults_of("entry x base abi=a,a\n"), "abi 'a' exists already"));
}

TEST_CASE("new entries have no alias, no version and no option for records")
{
	CHECK(contains(faults_of("entry x code nr=x abi=a+alias\n"), "remove +alias"));
	CHECK(contains(faults_of("entry x code nr=x abi=a version=W\n"), "remove version="));
	CHECK(contains(faults_of("entry x code nr=x abi=a cfi=none\n"), "remove cfi=none"));
	CHECK(contains(
		faults_of("entry x record nr=x abi=a type=int value=1 field=f@0 if=CONFIG_X\n"),
		"remove if="));
	CHECK(contains(faults_of("entry x code abi=a\n"), "key 'nr' is missing"));
}

TEST_CASE("a new entry under an option is guarded in the version script")
{
	Diagnostics faults("t");
	const Table table = parse_table(
		std::string(abi_row) + "entry x code nr=x abi=a if=CONFIG_X\nentry y base abi=a\n",
		faults);
	const std::string text = generate_version(table, table.abis[0], "t");

	CHECK(contains(text, "#ifdef CONFIG_X\n\t\t__p_x;\n#endif\n"));
	CHECK_FALSE(contains(text, "__p_y"));
}

TEST_CASE("presence of a symbol depends on option and configuration")
{
	CheckOptions options;

	CHECK(presence("", true, options) == Presence::required);
	CHECK(presence("CONFIG_X", false, options) == Presence::optional);
	options.config = Config("CONFIG_X=y\n");
	CHECK(presence("CONFIG_X", false, options) == Presence::required);
	CHECK(presence("CONFIG_Y", false, options) == Presence::absent);
	options.without_task = true;
	CHECK(presence("", true, options) == Presence::absent);
	CHECK(presence("", false, options) == Presence::required);
}
