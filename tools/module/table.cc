// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "table.h"

#include "text.h"

namespace modules
{

namespace
{

constexpr Integer integers[] = {{"u8", "uint8_t", 1, false},   {"u16", "uint16_t", 2, false},
				{"u32", "uint32_t", 4, false}, {"u64", "uint64_t", 8, false},
				{"i8", "int8_t", 1, true},     {"i16", "int16_t", 2, true},
				{"i32", "int32_t", 4, true},   {"i64", "int64_t", 8, true}};

template <typename Item>
const Item *find_named(const std::vector<Item> &items, std::string_view name)
{
	for (const Item &item : items)
		if (item.name == name)
			return &item;
	return nullptr;
}

} // namespace

std::string to_string(const Version &version)
{
	return std::to_string(version.major) + "." + std::to_string(version.minor);
}

const Integer *find_integer(std::string_view word)
{
	for (const Integer &type : integers)
		if (word == type.word)
			return &type;
	return nullptr;
}

std::string integer_words()
{
	std::vector<std::string> words;

	for (const Integer &type : integers)
		words.emplace_back(type.word);
	return vdsogen::join(words, ", ");
}

const Constant *Table::find_constant(std::string_view constant) const
{
	return find_named(constants, constant);
}

const Structure *Table::find_structure(std::string_view structure) const
{
	return find_named(structures, structure);
}

} // namespace modules
