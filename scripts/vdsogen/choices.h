/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VDSOGEN_CHOICES_H
#define VDSOGEN_CHOICES_H

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vdsogen
{

/* A value of an enumeration and its word in the table. */
template <typename Enum> struct Choice {
	Enum value;
	const char *word;
};

/* Choices<Enum>::list is specialized beside Enum: the only place of its words. */
template <typename Enum> struct Choices;

/* The word of @value; empty if the table has none. */
template <typename Enum> std::string word_of(Enum value)
{
	for (const Choice<Enum> &choice : Choices<Enum>::list)
		if (choice.value == value)
			return choice.word;
	return {};
}

template <typename Enum> std::optional<Enum> value_of(std::string_view word)
{
	for (const Choice<Enum> &choice : Choices<Enum>::list)
		if (choice.word == word)
			return choice.value;
	return std::nullopt;
}

template <typename Enum> std::vector<std::string> words_of()
{
	std::vector<std::string> words;

	for (const Choice<Enum> &choice : Choices<Enum>::list)
		words.emplace_back(choice.word);
	return words;
}

} // namespace vdsogen

#endif
