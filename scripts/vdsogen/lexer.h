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

/* One line of a table that is neither empty nor only a comment. */
struct Row {
	std::size_t line;
	std::vector<Token> tokens;
};

/* Rows of a table's text. A faulty line is reported and left out. */
std::vector<Row> split_rows(std::string_view text, Diagnostics &faults);

} // namespace vdsogen

#endif
