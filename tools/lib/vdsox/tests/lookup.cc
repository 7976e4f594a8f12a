// SPDX-License-Identifier: MIT
/*
 * Runs the library's image reader on files; to be built with sanitizers.
 *
 *	lookup BITS IMAGE SYMBOL VERSION		prints the symbol's offset, or 0
 *	lookup BITS IMAGE SYMBOL VERSION fuzz ROUNDS	reads corrupt copies of the image:
 *			truncated at many sizes, then ROUNDS times with a few bytes changed
 *
 * Each copy is an allocation of its exact size, so the sanitizers detect a read beyond it.
 */
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "image.h"

namespace
{

using Bytes = std::vector<unsigned char>;

struct Query {
	bool is_64;
	const char *symbol;
	const char *version;
};

std::size_t find(const Query &query, const Bytes &bytes)
{
	if (query.is_64)
		return vdsox::Image<vdsox::Elf64>(bytes.data(), bytes.size())
			.find(query.symbol, query.version);
	return vdsox::Image<vdsox::Elf32>(bytes.data(), bytes.size())
		.find(query.symbol, query.version);
}

/* A random byte, or one likely to overflow offsets and counts. */
unsigned char random_byte(std::mt19937 &random)
{
	constexpr unsigned char values[] = {0, 1, 0x7f, 0x80, 0xff, 0xfe};

	return random() % 2 ? values[random() % sizeof(values)]
			    : static_cast<unsigned char>(random());
}

/* A copy with up to eight consecutive bytes changed in each of up to four places. */
Bytes corrupt(const Bytes &good, std::mt19937 &random)
{
	Bytes bytes = good;

	for (unsigned int places = 1 + random() % 4; places > 0; places--) {
		std::size_t at = random() % bytes.size();

		/* Prefer the front, which has most of the structures. */
		if (random() % 2)
			at %= 1024;
		for (unsigned int length = 1 + random() % 8; length > 0; length--, at++)
			if (at < bytes.size())
				bytes[at] = random_byte(random);
	}
	return bytes;
}

int fuzz(const Query &query, const Bytes &good, long rounds)
{
	std::mt19937 random(1);
	long found = 0, runs = 0;

	for (std::size_t size = 0; size < good.size(); size += size < 2048 ? 1 : 61, runs++)
		found += find(query, Bytes(good.begin(), good.begin() + static_cast<long>(size))) !=
			 0;
	for (long i = 0; i < rounds; i++, runs++) {
		const std::size_t offset = find(query, corrupt(good, random));

		if (offset >= good.size()) {
			std::printf("an offset outside of the image: %zu\n", offset);
			return 1;
		}
		found += offset != 0;
	}
	std::printf("%ld runs, found in %ld\n", runs, found);
	return 0;
}

} // namespace

int main(int argc, char **argv)
{
	if (argc != 5 && argc != 7)
		return 2;

	const Query query = {!std::strcmp(argv[1], "64"), argv[3], argv[4]};
	std::ifstream in(argv[2], std::ios::binary);
	Bytes bytes;

	if (!in)
		return 2;
	for (std::istreambuf_iterator<char> c(in), end; c != end; ++c)
		bytes.push_back(static_cast<unsigned char>(*c));
	if (argc == 7)
		return fuzz(query, bytes, std::atol(argv[6]));
	std::printf("%zu\n", find(query, bytes));
	return 0;
}
