// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz IMAGE COUNT SEED: attaches COUNT damaged images and says how many were accepted.
 * A sanitizer reports what the library does wrong; no function of an image is called.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include "file.h"
#include "vdsox_module.h"

namespace
{

using Random = std::mt19937_64;

constexpr std::uint64_t interesting[] = {0,	     1,	     0x7f,	 0xff,
					 0x1000,     0xffff, 1 << 24,	 0x7fffffff,
					 0xffffffff, ~0ull,  1ull << 40, 1ull << 63};

/* Padding between the segments is most of an image; half of the changes are elsewhere. */
std::size_t place(const std::string &image, Random &random)
{
	std::size_t at = random() % image.size();

	if (random() % 2)
		while (!image[at] && at)
			at--;
	return at;
}

void damage(std::string &image, Random &random)
{
	const std::size_t at = place(image, random);
	const std::uint64_t value = interesting[random() % std::size(interesting)];
	const std::size_t width = std::size_t{1} << random() % 4;

	switch (random() % 4) {
	case 0:
		image[at] = static_cast<char>(image[at] ^ 1 << random() % 8);
		break;
	case 1:
		for (std::size_t i = 0; i < width && at + i < image.size(); i++)
			image[at + i] = static_cast<char>(value >> 8 * i);
		break;
	case 2:
		image[at] = static_cast<char>(random());
		break;
	default:
		if (random() % 8 == 0)
			image.resize(at + 1);
		else
			std::swap(image[at], image[place(image, random)]);
	}
}

int make_memory(const std::string &bytes, int seals)
{
	const int fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || write(fd, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()) ||
	    fcntl(fd, F_ADD_SEALS, seals)) {
		std::perror("fuzz: memory file");
		std::exit(2);
	}
	return fd;
}

bool attaches(const std::string &image, int shared)
{
	static const vdsox_module_function functions[] = {{"hello_greet", 0}, {"hello_total", 0}};
	static const vdsox_module_interface wanted = {"hello",		 1, 0, functions, 2,
						      "hello_callbacks", 8};
	const vdsox_module_fds fds = {
		make_memory(image, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), shared};
	struct vdsox_module *module = nullptr;
	void *found[2];
	const int result = vdsox_module_attach(&wanted, fds, 0, &module, found);

	if (!result)
		vdsox_module_detach(module);
	close(fds.image);
	return !result;
}

} // namespace

int main(int argc, char **argv)
{
	if (argc != 4) {
		std::fprintf(stderr, "usage: fuzz IMAGE COUNT SEED\n");
		return 2;
	}

	const std::string good = vdsogen::read_file(argv[1]);
	const long count = std::atol(argv[2]);
	Random random(static_cast<std::uint64_t>(std::atol(argv[3])));
	vdsox_module_fds fds = {-1, -1};
	long accepted = 0;

	if (vdsox_module_publish(argv[1], 0, &fds) || !attaches(good, fds.shared)) {
		std::fprintf(stderr, "fuzz: %s\n", vdsox_module_error());
		return 2;
	}
	for (long i = 0; i < count; i++) {
		std::string image = good;

		for (std::uint64_t changes = 1 + random() % 4; changes--;)
			damage(image, random);
		accepted += attaches(image, fds.shared);
	}
	vdsox_module_close(&fds);
	std::printf("%ld images, %ld accepted\n", count, accepted);
	return 0;
}
