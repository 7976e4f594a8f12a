/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VDSOGEN_TEXT_H
#define VDSOGEN_TEXT_H

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vdsogen
{

/* A decimal number with an optional minus sign; nullopt if @text is not exactly that. */
std::optional<long> parse_number(std::string_view text);

/* A C identifier. */
bool is_identifier(std::string_view text);

/* True if the parentheses of @text are balanced. */
bool is_balanced(std::string_view text);

/* The parts between separators; an empty text has one empty part. */
std::vector<std::string> split(std::string_view text, char separator);

std::string join(const std::vector<std::string> &parts, std::string_view separator);

std::string to_upper(std::string_view text);

/* 0x-prefixed hexadecimal. */
std::string hex(unsigned long long value);

/* @text with '?' for each unprintable character, cut after 80 characters. */
std::string printable(std::string_view text);

/* A JSON string; @text must be printable ASCII, as parsed text and printable() are. */
std::string json_string(std::string_view text);

/* The same, but null for an empty text. */
std::string json_string_or_null(std::string_view text);

} // namespace vdsogen

#endif
