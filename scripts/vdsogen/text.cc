// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "text.h"

#include <charconv>

namespace vdsogen
{

namespace
{

constexpr std::size_t longest_shown = 80;

/* Unlike isdigit() and isalpha(), these do not depend on the locale. */
bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

} // namespace

std::optional<long> parse_number(std::string_view text)
{
	long value = 0;
	const char *end = text.data() + text.size();
	const auto result = std::from_chars(text.data(), end, value);

	if (result.ec != std::errc() || result.ptr != end)
		return std::nullopt;
	return value;
}

bool is_identifier(std::string_view text)
{
	if (text.empty() || is_digit(text.front()))
		return false;
	for (char c : text)
		if (!is_word(c) && !is_digit(c))
			return false;
	return true;
}

bool is_balanced(std::string_view text)
{
	long depth = 0;

	for (char c : text) {
		if (c == '(')
			depth++;
		if (c == ')' && --depth < 0)
			return false;
	}
	return depth == 0;
}

std::vector<std::string> split(std::string_view text, char separator)
{
	std::vector<std::string> parts;
	std::size_t start = 0;

	for (std::size_t i = 0; i <= text.size(); i++) {
		if (i < text.size() && text[i] != separator)
			continue;
		parts.emplace_back(text.substr(start, i - start));
		start = i + 1;
	}
	return parts;
}

std::string join(const std::vector<std::string> &parts, std::string_view separator)
{
	std::string text;

	for (const std::string &part : parts) {
		if (&part != &parts.front())
			text += separator;
		text += part;
	}
	return text;
}

std::string to_upper(std::string_view text)
{
	std::string upper(text);

	for (char &c : upper)
		if (c >= 'a' && c <= 'z')
			c = static_cast<char>(c - 'a' + 'A');
	return upper;
}

std::string hex(unsigned long long value)
{
	char digits[16];
	const auto result = std::to_chars(digits, digits + sizeof(digits), value, 16);

	return "0x" + std::string(digits, result.ptr);
}

std::string printable(std::string_view text)
{
	std::string shown;

	for (char c : text.substr(0, longest_shown))
		shown += c >= ' ' && c <= '~' ? c : '?';
	if (text.size() > longest_shown)
		shown += "...";
	return shown;
}

std::string json_string(std::string_view text)
{
	std::string out = "\"";

	for (char c : text) {
		if (c == '"' || c == '\\')
			out += '\\';
		out += c;
	}
	return out + '"';
}

std::string json_string_or_null(std::string_view text)
{
	return text.empty() ? "null" : json_string(text);
}

} // namespace vdsogen
