/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOGEN_LEXER_H
#define VDSOGEN_LEXER_H

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "diagnostics.h"

namespace vdsogen
{

constexpr std::size_t longest_line = 300;

/* `value`, `"value"`, `key=value` or `key="value"`; the key is empty without `=`. */
struct Token {
	std::string key;
	std::string value;
};

/* A line of the table with at least one token. */
struct Row {
	std::size_t line;
	std::vector<Token> tokens;
};

/*
 * Splits a table's text into rows; the number of the first line is @line + 1. A faulty
 * line is reported and skipped.
 */
std::vector<Row> split_rows(std::string_view text, Diagnostics &faults, std::size_t line = 0);

} // namespace vdsogen

#endif
