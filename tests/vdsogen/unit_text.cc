// SPDX-License-Identifier: GPL-2.0
#include <doctest/doctest.h>

#include <sstream>

#include "config.h"
#include "lexer.h"
#include "text.h"
#include "view.h"

using namespace vdsogen;

TEST_CASE("numbers are decimal and whole")
{
	CHECK(parse_number("42") == 42);
	CHECK(parse_number("-4") == -4);
	for (const char *bad : {"", "-", "+1", " 1", "1 ", "0x10", "1e3", "99999999999999999999"})
		CHECK_FALSE(parse_number(bad));
}

TEST_CASE("identifiers, parentheses, lists")
{
	CHECK(is_identifier("_a1"));
	for (const char *bad : {"", "1a", "a-b", "a b", "a.b"})
		CHECK_FALSE(is_identifier(bad));
	CHECK(is_balanced("f(g(x), y)"));
	CHECK_FALSE(is_balanced(")("));
	CHECK_FALSE(is_balanced("(("));
	CHECK(split("a,,b", ',') == std::vector<std::string>{"a", "", "b"});
	CHECK(split("", ',') == std::vector<std::string>{""});
	CHECK(join({"a", "", "b"}, ", ") == "a, , b");
	CHECK(join({}, ", ") == "");
}

TEST_CASE("printable text is short, numbers are hexadecimal")
{
	CHECK(hex(0) == "0x0");
	CHECK(hex(~0ull) == "0xffffffffffffffff");
	CHECK(to_upper("x86_64") == "X86_64");
	CHECK(printable("a\x01\xff") == "a??");
	CHECK(printable(std::string(200, 'a')).size() == 83);
}

TEST_CASE("a view never reads outside of its bytes")
{
	const View view(std::string_view("\x01\x02\x03\x04\x05", 5));

	CHECK(view.number(0, 4) == 0x04030201u);
	CHECK(view.number(1, 4) == 0x05040302u);
	CHECK_FALSE(view.number(2, 4));
	CHECK_FALSE(view.number(~0ull, 4));
	CHECK_FALSE(view.number(~0ull - 2, 8));
	CHECK(view.slice(5, 0));
	CHECK_FALSE(view.slice(5, 1));
	CHECK_FALSE(view.slice(1, ~0ull));
	CHECK(view.from(9).size() == 0);
	CHECK_FALSE(view.text(0));
	CHECK(View(std::string_view("ab\0", 3)).text(1) == "b");
	CHECK_FALSE(View().number(0, 1));
}

TEST_CASE("a line is split into words, keys and quoted values")
{
	Diagnostics faults("t");
	const auto rows = split_rows("  a b=c d=\"e f=g\" \"h # i\" # j\n\n# only\nk#l\n", faults);

	CHECK(faults.empty());
	REQUIRE(rows.size() == 2);
	REQUIRE(rows[0].tokens.size() == 4);
	CHECK(rows[0].tokens[1].key == "b");
	CHECK(rows[0].tokens[1].value == "c");
	CHECK(rows[0].tokens[2].value == "e f=g");
	CHECK(rows[0].tokens[3].key.empty());
	CHECK(rows[0].tokens[3].value == "h # i");
	CHECK(rows[1].line == 4);
	CHECK(rows[1].tokens[0].value == "k#l");
}

TEST_CASE("a faulty line is reported and skipped, the others stay")
{
	Diagnostics faults("t");
	const std::string longest(longest_line, 'a');
	const auto rows = split_rows("a \"b\n=c\nd e\"f\"\n\"g\"h\ni\tj\r\n" + longest + "\n" +
					     longest + "a\nlast",
				     faults);
	std::ostringstream messages;

	faults.print(messages);
	CHECK(faults.count() == 6);
	CHECK(messages.str().find("t:1: unterminated quote") != std::string::npos);
	CHECK(messages.str().find("t:7: line of 301 characters") != std::string::npos);
	REQUIRE(rows.size() == 2);
	CHECK(rows[0].line == 6);
	CHECK(rows[1].tokens[0].value == "last");
}

TEST_CASE("faults come in the order of their lines, those of the file first")
{
	Diagnostics faults("t");
	std::ostringstream messages;

	faults.add(2, "b");
	faults.add(1, "a");
	faults.add(0, "whole");
	faults.add(2, "c");
	faults.print(messages);
	CHECK(messages.str() == "t: whole\nt:1: a\nt:2: b\nt:2: c\n");
}

TEST_CASE("only options that are y are set")
{
	const Config config("CONFIG_A=y\nCONFIG_B=m\n# CONFIG_C is not set\nCONFIG_D=yes\n"
			    "XCONFIG_E=y\nCONFIG_F=y");

	CHECK(config.has("CONFIG_A"));
	CHECK(config.has("CONFIG_F"));
	CHECK(config.has("CONFIG_A,CONFIG_F"));
	for (const char *unset : {"CONFIG_B", "CONFIG_C", "CONFIG_D", "CONFIG_E",
				  "CONFIG_A,CONFIG_B", "CONFIG_B,CONFIG_A"})
		CHECK_FALSE(config.has(unset));
}
