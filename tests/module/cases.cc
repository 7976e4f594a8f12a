// SPDX-License-Identifier: GPL-2.0
/*
 * cases CASE IMAGE [OTHER]: one case of the module library with the image of the example
 * `hello`. Prints why it failed; exit status 0 or 1.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "check.h"
#include "hello.hpp"

namespace
{

using vdsox::module_fds;

std::string image_path;
std::string other_path;
std::string self_path;

/* @call must fail with @error and a text that contains @part. */
void check_refused(const std::function<void()> &call, int error, const std::string &part)
{
	try {
		call();
	} catch (const vdsox::module_error &found) {
		check(found.error() == error, std::string("another error: ") +
						      std::strerror(found.error()) + ": " +
						      found.what());
		check(std::string(found.what()).find(part) != std::string::npos,
		      std::string("another text: ") + found.what());
		return;
	}
	throw Wrong("was not refused: " + part);
}

/* Runs @body in a child; its wait status. An exception is exit status 1. */
int in_child(const std::function<void()> &body)
{
	int status = -1;
	const pid_t pid = fork();

	if (!pid)
		_exit(run_main(body));
	check(pid > 0 && waitpid(pid, &status, 0) == pid, "fork");
	return status;
}

hello_module::attached attach(const module_fds &fds, unsigned int flags = 0)
{
	return hello_module::attached(fds.get(), flags);
}

void shared_and_private()
{
	const module_fds fds = module_fds::publish(image_path);
	const hello_module::attached first = attach(fds);
	const hello_module::attached second = attach(fds);

	check(first.greet("ann") == 3 && first.greet("ann") == 6, "private data of the first");
	check(second.greet("bob") == 3, "private data of the second");
	check(first.total() == 9 && second.total() == 9, "shared data");
}

void fork_keeps_private_apart()
{
	const module_fds fds = module_fds::publish(image_path);
	const hello_module::attached hello = attach(fds);

	hello.greet("ann");
	check(!in_child([&] { check(hello.greet("bob") == 6, "the child continues"); }),
	      "the child");
	check(hello.greet("eve") == 6, "the parent has the child's data");
	check(hello.total() == 9, "the child did not share");
}

std::vector<std::string> logged;

void callbacks()
{
	const module_fds fds = module_fds::publish(image_path);
	hello_module::attached hello = attach(fds);

	hello.greet("ann");
	hello.set_callbacks({[](const char *text) { logged.emplace_back(text); }});
	hello.greet("ann");
	check(logged.size() == 1 && logged[0] == "another greeting", "one line");
}

void socket_passes()
{
	int ends[2];
	const module_fds fds = module_fds::publish(image_path);
	const hello_module::attached hello = attach(fds);

	const int on = 1;

	check(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "socketpair");
	/* As a server's sockets often are: its messages have credentials, too. */
	check(!setsockopt(ends[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)), "SO_PASSCRED");
	hello.greet("ann");
	fds.send(ends[0]);
	check(!in_child([&] {
		const module_fds got = module_fds::receive(ends[1]);

		check(fcntl(got.get().image, F_GETFD) == FD_CLOEXEC, "close-on-exec");
		check(attach(got).total() == 3, "the received module");
	}),
	      "the child");
	check(write(ends[0], "x", 1) == 1, "write");
	check_refused([&] { module_fds::receive(ends[1]); }, EPROTO, "no module");
	close(ends[0]);
	check_refused([&] { module_fds::receive(ends[1]); }, EPROTO, "no module");
}

void environment_passes()
{
	const module_fds fds = module_fds::publish(image_path);

	check_refused([] { module_fds::from_environment("hello"); }, ENOENT, "not set");
	attach(fds).greet("ann");
	check(!in_child([&] {
		fds.to_environment("hello");
		execl(self_path.c_str(), "cases", "from-environment", image_path.c_str(), nullptr);
	}),
	      "the program that was executed");
	setenv("VDSOX_MODULE_hello", "7,x", 1);
	check_refused([] { module_fds::from_environment("hello"); }, EPROTO, "no descriptor");
	setenv("VDSOX_MODULE_hello", "1023,1022", 1);
	check_refused([] { module_fds::from_environment("hello"); }, EPROTO, "something else");
	setenv("VDSOX_MODULE_hello", "0,1", 1);
	check_refused([] { module_fds::from_environment("hello"); }, EPROTO, "something else");
	check(!(fcntl(0, F_GETFD) & FD_CLOEXEC), "a descriptor of the program has changed");
}

void from_environment()
{
	check(attach(module_fds::from_environment("hello")).total() == 3, "the inherited module");
	/* Its descriptors are closed, and their numbers may be others'. */
	check_refused([] { module_fds::from_environment("hello"); }, ENOENT, "not set");
}

/* The image that the test has changed. */
void refused()
{
	const module_fds fds = module_fds::publish(image_path);

	check_refused([&] { attach(fds); }, ENOEXEC, "has a wrong type or version");
}

/* Where the kernel has files of huge pages. */
void huge_pages()
{
	const module_fds fds = module_fds::publish(image_path);
	const int fd = memfd_create("huge", MFD_ALLOW_SEALING | MFD_HUGETLB);
	constexpr int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

	if (fd < 0 && (errno == EINVAL || errno == ENOSYS || errno == ENODEV))
		return;
	check(fd >= 0 && !fcntl(fd, F_ADD_SEALS, seals), "a file of huge pages");
	for (const vdsox_module_fds &bad :
	     {vdsox_module_fds{fd, fds.get().shared}, vdsox_module_fds{fds.get().image, fd}})
		check_refused([&] { hello_module::attached attached(bad); }, EPERM,
			      "is no memory file");
}

void read_only_client()
{
	const module_fds fds = module_fds::publish(image_path, VDSOX_MODULE_PUBLISHER_WRITES);
	const hello_module::attached publisher = attach(fds);

	check(!in_child([&] { attach(fds).greet("ann"); }), "a client before protect()");
	fds.protect();
	publisher.greet("bob");
	check(!in_child([&] { check(attach(fds).total() == 6, "total"); }), "a reading client");
	check(WTERMSIG(in_child([&] { attach(fds).greet("cleo"); })) == SIGSEGV,
	      "a client that writes");
	check(mmap(nullptr, 4096, PROT_WRITE, MAP_SHARED, fds.get().shared, 0) == MAP_FAILED,
	      "a mapping for writing");
	check(publisher.total() == 6, "the publisher's own mapping");

	const module_fds open = module_fds::publish(image_path);

	check(WTERMSIG(in_child([&] { attach(open, VDSOX_MODULE_READ_ONLY).greet("dora"); })) ==
		      SIGSEGV,
	      "a client that asked for read-only data");
	check_refused([&] { open.protect(); }, EPERM, "seals");
}

std::string content(const std::string &path)
{
	std::ifstream file(path, std::ios::binary);

	return {std::istreambuf_iterator<char>(file), {}};
}

module_fds memory_of(const std::string &bytes, int seals, int shared)
{
	const int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	check(fd >= 0 &&
		      write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) &&
		      !fcntl(fd, F_ADD_SEALS, seals),
	      "memory file");
	return module_fds({fd, shared < 0 ? -1 : dup(shared)});
}

void refusals()
{
	const int all = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	const module_fds fds = module_fds::publish(image_path);
	const module_fds other = module_fds::publish(other_path);
	const std::string bytes = content(image_path);
	const auto refuse = [](const module_fds &bad, int error, const char *part) {
		check_refused([&] { attach(bad); }, error, part);
	};

	refuse(memory_of(bytes, F_SEAL_SHRINK | F_SEAL_GROW, fds.get().shared), EPERM, "lacks");
	refuse(memory_of("x" + bytes, all, fds.get().shared), ENOEXEC, "not an ELF file");
	refuse(memory_of(bytes.substr(0, 700), all, fds.get().shared), ENOEXEC, "");
	refuse(memory_of(bytes, all, -1), EBADF, "shared data");
	refuse(memory_of(bytes, all, other.get().shared), EPROTO, "shared data");
	refuse(other, EPROTO, "not hello 1");
	check_refused([] { module_fds::publish("/nonexistent"); }, ENOENT, "/nonexistent");
	check_refused([] { module_fds::publish("/proc/self/exe"); }, ENOEXEC, "");
	check_refused([] { module_fds::publish(image_path, 64); }, EINVAL, "flags");
	check_refused([&] { attach(fds, 64); }, EINVAL, "flags");
}

/* A program of version 1.1 needs an entry that this image lacks. */
void later_client()
{
	static const vdsox_module_function functions[] = {{"hello_greet", 0}, {"hello_wave", 1}};
	static const vdsox_module_interface wanted = {"hello", 1, 1, functions, 2, nullptr, 0};
	const module_fds fds = module_fds::publish(image_path);
	struct vdsox_module *module = nullptr;
	void *found[2];

	check_refused(
		[&] {
			vdsox::module_check(
				vdsox_module_attach(&wanted, fds.get(), 0, &module, found));
		},
		EPROTO, "hello_wave is there since 1.1");
}

/* Concurrent use of everything, for the thread sanitizer's sake as well. */
void threads()
{
	const module_fds fds = module_fds::publish(image_path);
	constexpr unsigned int count = 4;
	constexpr unsigned int rounds = 200;
	std::vector<std::thread> all;

	all.reserve(count);
	for (unsigned int i = 0; i < count; i++)
		all.emplace_back([&fds] {
			for (unsigned int round = 0; round < rounds; round++) {
				const hello_module::attached hello = attach(fds);

				hello.greet("ann");
			}
		});
	for (std::thread &thread : all)
		thread.join();
	check(attach(fds).total() == std::uint64_t{3} * count * rounds, "no greeting is lost");
}

/* The address of the mapping of this process with that permissions and name. */
void *find_mapping(const std::string &permissions, const std::string &name)
{
	std::ifstream maps("/proc/self/maps");

	for (std::string line; std::getline(maps, line);)
		if (line.find(" " + permissions + " ") != std::string::npos &&
		    line.find("/memfd:" + name + " ") != std::string::npos)
			return reinterpret_cast<void *>(std::stoul(line, nullptr, 16));
	throw Wrong("no mapping " + permissions + " of " + name);
}

/* With mseal() no mapping can be changed; without it the flag does nothing. */
void sealed()
{
	constexpr long mseal_number = 462;
	constexpr std::size_t page = 4096;
	const bool has_mseal = !syscall(mseal_number, nullptr, 0UL, 0UL);
	const module_fds fds = module_fds::publish(image_path);
	const hello_module::attached hello = attach(fds, VDSOX_MODULE_SEAL);

	check(hello.greet("ann") == 3, "a sealed module");
	for (const auto &[permissions, name] :
	     {std::pair("r-xp", "hello"), std::pair("rw-s", "hello-shared")})
		check((mprotect(find_mapping(permissions, name), page, PROT_NONE) < 0) == has_mseal,
		      std::string("a change of ") + permissions);
}

const std::map<std::string, void (*)()> cases = {
	{"shared-and-private", shared_and_private},
	{"fork", fork_keeps_private_apart},
	{"callbacks", callbacks},
	{"socket", socket_passes},
	{"environment", environment_passes},
	{"from-environment", from_environment},
	{"read-only", read_only_client},
	{"refusals", refusals},
	{"later-client", later_client},
	{"threads", threads},
	{"refused", refused},
	{"huge-pages", huge_pages},
	{"sealed", sealed},
};

} // namespace

int main(int argc, char **argv)
{
	const auto found = argc > 2 ? cases.find(argv[1]) : cases.end();

	if (found == cases.end()) {
		std::cerr << "usage: cases CASE IMAGE [OTHER]\n";
		return 2;
	}
	self_path = argv[0];
	image_path = argv[2];
	other_path = argc > 3 ? argv[3] : "";
	return run_main(found->second);
}
