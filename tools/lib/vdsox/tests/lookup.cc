// SPDX-License-Identifier: MIT
/*
 * The library's reader of images, over files, to be built with sanitizers.
 *
 *	lookup BITS IMAGE SYMBOL VERSION		prints the symbol's offset, or 0
 *	lookup BITS IMAGE SYMBOL VERSION fuzz ROUNDS	spoils copies of the image: cut off
 *			anywhere, then ROUNDS times with a few bytes or words changed
 *
 * A copy has exactly its bytes, so a read beyond them is one beyond an allocation.
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

struct Question {
	bool is_64;
	const char *symbol;
	const char *version;
};

std::size_t find(const Question &question, const Bytes &bytes)
{
	if (question.is_64)
		return vdsox::Image<vdsox::Elf64>(bytes.data(), bytes.size())
			.find(question.symbol, question.version);
	return vdsox::Image<vdsox::Elf32>(bytes.data(), bytes.size())
		.find(question.symbol, question.version);
}

/* Values that arithmetic on offsets and counts likes least. */
unsigned char nasty(std::mt19937 &random)
{
	constexpr unsigned char values[] = {0, 1, 0x7f, 0x80, 0xff, 0xfe};

	return random() % 2 ? values[random() % sizeof(values)]
			    : static_cast<unsigned char>(random());
}

/* Changes at most eight bytes in a row at a few places. */
Bytes spoiled(const Bytes &good, std::mt19937 &random)
{
	Bytes bytes = good;

	for (unsigned int places = 1 + random() % 4; places > 0; places--) {
		std::size_t at = random() % bytes.size();

		/* Most of what is believed stands in front. */
		if (random() % 2)
			at %= 1024;
		for (unsigned int length = 1 + random() % 8; length > 0; length--, at++)
			if (at < bytes.size())
				bytes[at] = nasty(random);
	}
	return bytes;
}

int fuzz(const Question &question, const Bytes &good, long rounds)
{
	std::mt19937 random(1);
	long found = 0, runs = 0;

	for (std::size_t size = 0; size < good.size(); size += size < 2048 ? 1 : 61, runs++)
		found += find(question,
			      Bytes(good.begin(), good.begin() + static_cast<long>(size))) != 0;
	for (long i = 0; i < rounds; i++, runs++) {
		const std::size_t offset = find(question, spoiled(good, random));

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

	const Question question = {!std::strcmp(argv[1], "64"), argv[3], argv[4]};
	std::ifstream in(argv[2], std::ios::binary);
	Bytes bytes;

	if (!in)
		return 2;
	for (std::istreambuf_iterator<char> c(in), end; c != end; ++c)
		bytes.push_back(static_cast<unsigned char>(*c));
	if (argc == 7)
		return fuzz(question, bytes, std::atol(argv[6]));
	std::printf("%zu\n", find(question, bytes));
	return 0;
}
