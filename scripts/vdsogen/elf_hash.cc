// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Lookups by name, which walk the tables like a dynamic linker. */
#include <elf.h>

#include <algorithm>

#include "elf_dynamic.h"

namespace vdsogen
{

namespace
{

std::uint32_t sysv_hash(const std::string &name)
{
	std::uint32_t hash = 0;

	for (const char c : name) {
		hash = (hash << 4) + static_cast<unsigned char>(c);
		hash ^= (hash >> 24) & 0xf0;
		hash &= 0x0fffffff;
	}
	return hash;
}

std::uint32_t gnu_hash(const std::string &name)
{
	std::uint32_t hash = 5381;

	for (const char c : name)
		hash = hash * 33 + static_cast<unsigned char>(c);
	return hash;
}

/* True if dynamic symbol @index has name @name and is defined. */
bool is_named(const DynamicInfo &info, std::uint64_t index, const std::string &name)
{
	const auto found = std::lower_bound(info.symbols.begin(), info.symbols.end(), index,
					    [](const DynamicSymbol &symbol, std::uint64_t wanted) {
						    return symbol.index < wanted;
					    });

	return found != info.symbols.end() && found->index == index && found->symbol.name == name &&
	       found->symbol.shndx != SHN_UNDEF;
}

/* The parsed table of DT_GNU_HASH. */
struct GnuTable {
	std::uint64_t buckets = 0;
	std::uint64_t first_symbol = 0;
	std::uint64_t bloom_words = 0;
	std::uint64_t bloom_shift = 0;
	View bloom;
	View bucket;
	View chain;
};

std::optional<GnuTable> gnu_table(const ElfFile &elf, const DynamicInfo &info)
{
	const auto address = info.find(DT_GNU_HASH);
	const View bytes = address ? elf.from(*address) : View();
	GnuTable table;

	table.buckets = bytes.number(0, 4).value_or(0);
	table.first_symbol = bytes.number(4, 4).value_or(0);
	table.bloom_words = bytes.number(8, 4).value_or(0);
	table.bloom_shift = bytes.number(12, 4).value_or(0);
	if (!table.buckets || !table.bloom_words || table.bloom_shift > 31)
		return std::nullopt;
	table.bloom = bytes.from(16);
	table.bucket = table.bloom.from(table.bloom_words * elf.word());
	table.chain = table.bucket.from(table.buckets * 4);
	return table;
}

/* True if the Bloom filter may contain @hash. */
bool passes_bloom(const ElfFile &elf, const GnuTable &table, std::uint32_t hash)
{
	const unsigned int bits = elf.word() * 8;
	const std::uint64_t index = hash / bits % table.bloom_words;
	const std::uint64_t word = table.bloom.number(index * elf.word(), elf.word()).value_or(0);

	return word >> (hash % bits) & 1 && word >> ((hash >> table.bloom_shift) % bits) & 1;
}

} // namespace

std::uint64_t sysv_lookup(const ElfFile &elf, const DynamicInfo &info, const std::string &name)
{
	const auto address = info.find(DT_HASH);
	const View table = address ? elf.from(*address) : View();
	const std::uint64_t buckets = table.number(0, 4).value_or(0);
	const std::uint64_t chains = table.number(4, 4).value_or(0);
	const View chain = table.from(8 + buckets * 4);

	if (!buckets)
		return 0;

	std::uint64_t index = table.number(8 + sysv_hash(name) % buckets * 4, 4).value_or(0);

	/* A chain longer than the table is a loop. */
	for (std::size_t steps = chain.size() / 4; index && index < chains && steps; steps--) {
		if (is_named(info, index, name))
			return index;
		index = chain.number(index * 4, 4).value_or(0);
	}
	return 0;
}

std::uint64_t gnu_lookup(const ElfFile &elf, const DynamicInfo &info, const std::string &name)
{
	const auto table = gnu_table(elf, info);
	const std::uint32_t hash = gnu_hash(name);

	if (!table || !passes_bloom(elf, *table, hash))
		return 0;

	std::uint64_t index = table->bucket.number(hash % table->buckets * 4, 4).value_or(0);

	if (index < table->first_symbol)
		return 0;
	for (;; index++) {
		const auto entry = table->chain.number((index - table->first_symbol) * 4, 4);

		if (!entry)
			return 0;
		if ((*entry | 1) == (hash | 1) && is_named(info, index, name))
			return index;
		if (*entry & 1)
			return 0;
	}
}

} // namespace vdsogen
