/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOGEN_TEXT_H
#define VDSOGEN_TEXT_H

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vdsogen
{

/* Decimal number with optional sign, nothing around it; nullopt if it is none. */
std::optional<long> parse_number(std::string_view text);

/* A C identifier. */
bool is_identifier(std::string_view text);

/* Every parenthesis of @text is closed, none closes too early. */
bool is_balanced(std::string_view text);

/* Parts between the separators; an empty text has one empty part. */
std::vector<std::string> split(std::string_view text, char separator);

std::string to_upper(std::string_view text);

/* 0x-prefixed hexadecimal. */
std::string hex(unsigned long long value);

/* @text with everything unprintable made visible, cut to a sane length. */
std::string printable(std::string_view text);

/* A string of JSON; @text is printable ASCII, as what was parsed or printable() is. */
std::string json_string(std::string_view text);

/* The same, but null for an empty text. */
std::string json_string_or_null(std::string_view text);

} // namespace vdsogen

#endif
