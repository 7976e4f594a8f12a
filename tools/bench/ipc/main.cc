// SPDX-License-Identifier: GPL-2.0
/*
 * ipc REPETITIONS MESSAGES BYTES=IMAGE...: prints JSON: the time of each message through
 * each transport, in each repetition, and how late a single message comes. The transports
 * alternate within a repetition, so that a busy moment meets all.
 */
#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "transports.h"

namespace
{

using namespace ipc;

constexpr std::pair<unsigned int, unsigned int> sides[] = {{1, 1}, {4, 1}, {1, 4}, {4, 4}};
constexpr unsigned int late_messages = 4000;

struct Row {
	const Kind *kind;
	Shape shape;
	std::vector<double> values;
};

Images parse_images(int argc, char **argv)
{
	Images found;

	for (int i = 3; i < argc; i++) {
		const std::string word = argv[i];
		const std::size_t at = word.find('=');

		require(at != std::string::npos, "expected BYTES=IMAGE");
		found[std::stoul(word.substr(0, at))] = word.substr(at + 1);
	}
	return found;
}

void print(const char *what, const std::vector<Row> &rows)
{
	std::cout << " \"" << what << "\": [";
	for (std::size_t i = 0; i < rows.size(); i++) {
		const Row &row = rows[i];

		std::cout << (i ? ",\n  " : "\n  ") << "{\"name\": \"" << row.kind->name
			  << "\", \"bytes\": " << row.shape.bytes
			  << ", \"producers\": " << row.shape.producers
			  << ", \"consumers\": " << row.shape.consumers << ", \"ns\": [";
		for (std::size_t k = 0; k < row.values.size(); k++)
			std::cout << (k ? ", " : "") << row.values[k];
		std::cout << "]}";
	}
	std::cout << "\n ]";
}

/* p50, p99 and p99.9 */
std::vector<double> percentiles(std::vector<long> times)
{
	std::vector<double> found;

	std::sort(times.begin(), times.end());
	for (const double part : {0.5, 0.99, 0.999})
		found.push_back(static_cast<double>(
			times[static_cast<std::size_t>(part * static_cast<double>(times.size()))]));
	return found;
}

void run(unsigned long repetitions, unsigned long messages, const Images &images)
{
	std::vector<Row> rows, late;

	for (const auto &[bytes, image] : images)
		for (const auto &[producers, consumers] : sides)
			for (const Kind &kind : kinds)
				if (can(kind, {bytes, producers, consumers}))
					rows.push_back({&kind, {bytes, producers, consumers}, {}});
	for (unsigned long i = 0; i < repetitions; i++)
		for (Row &row : rows) {
			const auto loops = row.kind->make(row.shape);

			row.values.push_back(time_messages(*loops, row.shape, messages));
		}
	for (const Kind &kind : kinds) {
		const Shape shape = {images.begin()->first, 1, 1};
		const auto loops = kind.make(shape);

		late.push_back(
			{&kind, shape, percentiles(time_each(*loops, shape, late_messages))});
	}
	std::cout << "{\n";
	print("throughput", rows);
	std::cout << ",\n";
	print("latency", late);
	std::cout << "\n}\n";
}

} // namespace

int main(int argc, char **argv)
{
	if (argc < 4) {
		std::cerr << "usage: ipc REPETITIONS MESSAGES BYTES=IMAGE...\n";
		return 2;
	}
	try {
		const Images images = parse_images(argc, argv);

		set_images(images);
		run(std::stoul(argv[1]), std::stoul(argv[2]), images);
	} catch (const std::exception &error) {
		std::cerr << "ipc: " << error.what() << '\n';
		return 2;
	}
	return 0;
}
