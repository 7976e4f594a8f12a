// SPDX-License-Identifier: GPL-2.0
#include "row.h"

#include <algorithm>

#include "text.h"

namespace vdsogen
{

namespace
{

bool is_config(std::string_view text)
{
	constexpr std::string_view prefix = "CONFIG_";

	return text.size() > prefix.size() && text.substr(0, prefix.size()) == prefix &&
	       is_identifier(text);
}

} // namespace

RowReader::RowReader(const Row &row, Diagnostics &faults) : line_(row.line), faults_(faults)
{
	for (const Token &token : row.tokens) {
		if (token.key.empty()) {
			words_.push_back(token.value);
			continue;
		}
		if (!keys_.emplace(token.key, token.value).second)
			fail("key '" + token.key + "' is given twice");
	}
	if (!words_.empty()) {
		type_ = words_.front();
		next_word_ = 1;
	}
}

std::string RowReader::word(const char *what)
{
	if (next_word_ < words_.size())
		return words_[next_word_++];
	fail(type_ + " row: " + what + " is missing");
	return {};
}

std::string RowReader::identifier(const char *what)
{
	std::string text = word(what);

	if (!text.empty() && !is_identifier(text))
		fail(std::string(what) + " '" + text +
		     "': use letters, digits and underscores, and no digit first");
	return text;
}

std::optional<long> RowReader::number(const char *what)
{
	const std::string text = word(what);
	const std::optional<long> value = parse_number(text);

	if (!text.empty() && !value)
		fail(std::string(what) + " '" + text + "' is not a decimal number");
	return value;
}

std::string RowReader::optional(const std::string &key)
{
	const auto found = keys_.find(key);

	if (found == keys_.end())
		return {};
	taken_[key] = true;
	if (found->second.empty())
		fail("key '" + key + "' has no value");
	return found->second;
}

std::string RowReader::required(const std::string &key)
{
	if (!has(key))
		fail(type_ + " row: key '" + key + "' is missing");
	return optional(key);
}

std::optional<long> RowReader::number_key(const std::string &key, long low, long high)
{
	const std::string text = optional(key);

	if (text.empty())
		return std::nullopt;

	const std::optional<long> value = parse_number(text);

	if (value && *value >= low && *value <= high)
		return value;
	fail(key + " '" + text + "' must be a number from " + std::to_string(low) + " to " +
	     std::to_string(high));
	return std::nullopt;
}

std::string RowReader::one_of(const std::string &what, const std::string &value,
			      const std::vector<std::string> &allowed)
{
	if (value.empty()) /* already reported as missing */
		return allowed.front();
	if (std::find(allowed.begin(), allowed.end(), value) != allowed.end())
		return value;
	fail("unknown " + what + " '" + value + "'; use one of: " + join(allowed, ", "));
	return allowed.front();
}

std::string RowReader::identifier_key(const std::string &key, bool needed)
{
	std::string text = needed ? required(key) : optional(key);

	if (!text.empty() && !is_identifier(text))
		fail(key + " '" + text + "' is not a C identifier");
	return text;
}

std::string RowReader::config_key()
{
	std::string text = optional("if");

	if (text.empty())
		return text;
	for (const std::string &part : split(text, ','))
		if (!is_config(part))
			fail("if '" + part + "' is not of the form CONFIG_NAME");
	return text;
}

std::string RowReader::c_text(const std::string &key, bool needed)
{
	std::string text = needed ? required(key) : optional(key);

	if (!is_balanced(text))
		fail(key + " '" + text + "' has unbalanced parentheses");
	return text;
}

void RowReader::fail(const std::string &message)
{
	faults_.add(line_, message);
}

void RowReader::finish()
{
	for (; next_word_ < words_.size(); next_word_++)
		fail(type_ + " row: unexpected word '" + words_[next_word_] + "'");
	for (const auto &pair : keys_)
		if (!taken_.count(pair.first))
			fail(type_ + " row: unknown key '" + pair.first + "'");
}

} // namespace vdsogen
