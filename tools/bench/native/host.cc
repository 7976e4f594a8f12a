// SPDX-License-Identifier: GPL-2.0
#include "host.h"

#include <fstream>
#include <sstream>
#include <string_view>
#include <sys/auxv.h>
#include <time.h>
#include <unistd.h>

#include "image.h"
#include "offsets.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <x86intrin.h>
#endif

namespace bench
{

namespace
{

bool file_has(const char *path, const std::string &text)
{
	std::ifstream stream(path);
	std::stringstream all;

	all << stream.rdbuf();
	return all.str().find(text) != std::string::npos;
}

/* The bytes of the mapping with that name in /proc/self/maps. */
std::string_view mapping(const std::string &name)
{
	std::ifstream maps("/proc/self/maps");
	std::string line;

	while (std::getline(maps, line)) {
		std::uintptr_t from = 0, to = 0;
		char dash = 0;

		if (line.size() < name.size() ||
		    line.compare(line.size() - name.size(), name.size(), name) != 0)
			continue;
		std::istringstream(line) >> std::hex >> from >> dash >> to;
		return {reinterpret_cast<const char *>(from), to - from};
	}
	return {};
}

} // namespace

#if defined(__x86_64__)

std::string emulation()
{
	unsigned int a = 0, b = 0, c = 0, d = 0;
	std::string name;

	__cpuid(0x40000000, a, b, c, d);
	for (const unsigned int part : {b, c, d})
		name.append(reinterpret_cast<const char *>(&part), sizeof(part));
	if (name == "TCGTCGTCGTCG")
		return "QEMU emulates this CPU";
	return file_has("/proc/cpuinfo", "QEMU TCG") ? "QEMU emulates this CPU" : "";
}

bool has_feature(unsigned int number)
{
	unsigned int a = 0, b = 0, c = 0, d = 0;

	switch (number) {
	case FEATURE_RDPID:
		return __get_cpuid_count(7, 0, &a, &b, &c, &d) && c & 1u << 22;
	case FEATURE_RDTSCP:
		return __get_cpuid(0x80000001, &a, &b, &c, &d) && d & 1u << 27;
	case FEATURE_LFENCE_RDTSC:
		return true;
	default:
		return false;
	}
}

std::string cpu_number_by()
{
	return has_feature(FEATURE_RDPID) ? "RDPID" : "LSL";
}

std::uint64_t read_counter()
{
	return __rdtsc();
}

#elif defined(__aarch64__)

/* QEMU's max CPU has implementer 0, software; other hosts' cpuinfo has no such line. */
std::string emulation()
{
	if (!file_has("/proc/cpuinfo", "CPU implementer"))
		return "this process runs on a CPU of another architecture";
	if (file_has("/proc/cpuinfo", "CPU implementer\t: 0x00"))
		return "QEMU emulates this CPU";
	return "";
}

bool has_feature(unsigned int)
{
	return false;
}

std::string cpu_number_by()
{
	return "TPIDRRO_EL0";
}

std::uint64_t read_counter()
{
	std::uint64_t value;

	asm volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(value)::"memory");
	return value;
}

#endif

double counter_rate()
{
	const auto now = [] {
		timespec time = {};

		clock_gettime(CLOCK_MONOTONIC, &time);
		return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
	};
	const timespec pause = {0, 20000000};
	const double begin = now();
	const std::uint64_t first = read_counter();

	nanosleep(&pause, nullptr);

	const std::uint64_t last = read_counter();

	return static_cast<double>(last - first) / (now() - begin);
}

void *host_function(const std::string &symbol)
{
	const std::string_view bytes = mapping("[vdso]");
	vdsogen::Diagnostics faults("vdso");
	const auto elf = vdsogen::parse_elf(vdsogen::View(bytes), faults);

	if (!elf || !elf->find_section(".dynsym"))
		return nullptr;

	const Symbols symbols = read_symbols(*elf, ".dynsym");
	const auto found = symbols.find(symbol);

	if (found == symbols.end() || found->second >= bytes.size())
		return nullptr;
	return const_cast<char *>(bytes.data()) + found->second;
}

} // namespace bench
