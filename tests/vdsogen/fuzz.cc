// SPDX-License-Identifier: GPL-2.0
/*
 * Mutates a valid input repeatedly within one process; the sanitizers and the timer
 * detect bugs. A mutation depends only on the seed and its number, so that it can be
 * repeated.
 *
 *	fuzz SECONDS SEED TABLE			mutates the table
 *	fuzz SECONDS SEED TABLE ABI IMAGE DEBUG	mutates both images
 */
#include <sys/time.h>

#include <chrono>
#include <iostream>
#include <random>
#include <sstream>

#include "check.h"
#include "compare.h"
#include "file.h"
#include "generate.h"

using namespace vdsogen;

namespace
{

/* Seconds of CPU time after which a mutation counts as a hang. */
constexpr time_t longest_mutation = 20;

class Mutator
{
public:
	explicit Mutator(unsigned int seed) : random_(seed) {}

	std::string mutate(std::string bytes)
	{
		if (below(8) == 0)
			bytes.resize(below(bytes.size() + 1));
		for (std::size_t count = 1 + below(6); count && !bytes.empty(); count--)
			change(bytes);
		return bytes;
	}

private:
	/* Prefers the first bytes and the headers at the end, which have most structure. */
	std::size_t place(const std::string &bytes)
	{
		const std::size_t near = std::min<std::size_t>(bytes.size(), 1200);

		switch (below(4)) {
		case 0:
			return below(near);
		case 1:
			return bytes.size() - 1 - below(near);
		default:
			return below(bytes.size());
		}
	}

	void change(std::string &bytes)
	{
		static constexpr std::uint32_t numbers[] = {
			0, 1, 2, 3, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff, 0xfff, 0x1000};
		const std::size_t at = place(bytes);

		if (below(2)) {
			bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
			return;
		}

		const std::uint32_t number = numbers[below(std::size(numbers))];

		for (std::size_t i = 0; i < 4 && (at & ~std::size_t{3}) + i < bytes.size(); i++)
			bytes[(at & ~std::size_t{3}) + i] = static_cast<char>(number >> 8 * i);
	}

	std::size_t below(std::size_t end)
	{
		return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_);
	}

	std::mt19937 random_;
};

Table good_table(const std::string &path)
{
	Diagnostics faults(path);
	Table table = parse_table(read_file(path), faults);

	if (!faults.empty())
		throw std::runtime_error("the unmodified table must be valid");
	return table;
}

/* The number of faults of a table; if there are none, also runs all generators on it. */
std::size_t try_table(const std::string &text)
{
	Diagnostics faults("table");
	const Table table = parse_table(text, faults);
	std::ostringstream messages;

	faults.print(messages);
	if (!faults.empty())
		return faults.count();
	for (const Output &output : outputs()) {
		if (output.of_table)
			output.of_table(table, "t");
		else
			for (const Abi &abi : table.abis)
				output.of_abi(table, abi, "t");
	}
	return 0;
}

std::size_t try_image(const Table &table, const Abi &abi, const std::string &image,
		      const std::string &debug, const std::string &good)
{
	Diagnostics faults("image");
	std::ostringstream messages;

	check_image(table, abi, image, CheckOptions(), faults);
	check_debug(table, abi, image, debug, CheckOptions(), faults);
	compare_images(image, good, faults);
	compare_images(good, image, faults);
	faults.print(messages);
	return faults.count();
}

/* Runs @attempt for @seconds, at least 100 times, and prints how many inputs it rejected. */
template <typename Attempt> void run(double seconds, unsigned int seed, Attempt attempt)
{
	const auto begin = std::chrono::steady_clock::now();
	const itimerval limit = {{}, {longest_mutation, 0}};
	std::size_t rejected = 0;
	unsigned int number = 0;

	for (; number < 100 ||
	       std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() <
		       seconds;
	     number++) {
		Mutator mutator(seed + number);

		setitimer(ITIMER_PROF, &limit, nullptr);
		rejected += attempt(mutator) != 0;
	}
	std::cout << number << " mutations, " << rejected << " rejected\n";
}

void fuzz(const std::vector<std::string> &args)
{
	const double seconds = std::stod(args.at(0));
	const auto seed = static_cast<unsigned int>(std::stoul(args.at(1)));
	const Table table = good_table(args.at(2));

	if (args.size() == 3) {
		const std::string text = read_file(args[2]);

		run(seconds, seed,
		    [&](Mutator &mutator) { return try_table(mutator.mutate(text)); });
		return;
	}

	const Abi *abi = table.find_abi(args.at(3));
	const std::string image = read_file(args.at(4));
	const std::string debug = read_file(args.at(5));

	if (!abi || try_image(table, *abi, image, debug, image))
		throw std::runtime_error("the unmodified images must be valid");
	run(seconds, seed, [&](Mutator &mutator) {
		return try_image(table, *abi, mutator.mutate(image), mutator.mutate(debug), image);
	});
}

} // namespace

int main(int argc, char **argv)
{
	try {
		fuzz(std::vector<std::string>(argv + 1, argv + argc));
	} catch (const std::exception &error) {
		std::cerr << "fuzz: " << error.what() << '\n';
		return 1;
	}
	return 0;
}
