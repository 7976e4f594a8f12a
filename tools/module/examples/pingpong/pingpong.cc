// SPDX-License-Identifier: MIT
/*
 * pingpong IMAGE [ROUNDS]: two processes pass a message back and forth by vqueue's queues 0
 * and 1; prints the time of a round trip. Then the second process is killed, and the first
 * one notices that nobody answers.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>

#include "vqueue.hpp"

namespace
{

using Queue = vqueue_module::attached;

constexpr int64_t ever = -1, a_while = 100000000;
constexpr uint32_t pings = 0, pongs = 1;

/* What every process does first, a child of fork() as well. */
class Peer
{
public:
	explicit Peer(const vdsox::module_fds &fds) : queue_(fds.get())
	{
		if (queue_.open(fds.get().shared))
			throw std::runtime_error("open");
	}
	~Peer() { queue_.close(); }
	Peer(const Peer &) = delete;
	Peer &operator=(const Peer &) = delete;

	void push(uint32_t queue, long message)
	{
		if (queue_.push(queue, &message, sizeof(message), ever))
			throw std::runtime_error("push");
	}
	/* A negative errno, as -ETIMEDOUT, or the message's length. */
	long pop(uint32_t queue, long &message, int64_t timeout)
	{
		return queue_.pop(queue, &message, sizeof(message), timeout);
	}

private:
	Queue queue_;
};

[[noreturn]] void answer(const vdsox::module_fds &fds)
{
	Peer peer(fds);
	long message = 0;

	while (peer.pop(pings, message, ever) > 0)
		peer.push(pongs, message + 1);
	std::exit(1);
}

double round_trip(Peer &peer, long rounds)
{
	auto begin = std::chrono::steady_clock::now();

	for (long i = 0; i < rounds; i++) {
		long message = 0;

		peer.push(pings, i);
		if (peer.pop(pongs, message, ever) < 0 || message != i + 1)
			throw std::runtime_error("wrong answer");
	}
	std::chrono::duration<double, std::micro> passed = std::chrono::steady_clock::now() - begin;
	return passed.count() / static_cast<double>(rounds);
}

int run(const char *image, long rounds)
{
	vdsox::module_fds fds = vdsox::module_fds::publish(image);
	pid_t child = fork();
	long message = 0;

	if (child == 0)
		answer(fds);
	Peer peer(fds);

	std::printf("%ld rounds, %.2f us each\n", rounds, round_trip(peer, rounds));
	kill(child, SIGKILL);
	waitpid(child, nullptr, 0);
	peer.push(pings, 0);
	if (peer.pop(pongs, message, a_while) != -ETIMEDOUT)
		throw std::runtime_error("an answer of a dead process");
	std::printf("killed: no answer\n");
	return 0;
}

} // namespace

int main(int argc, char **argv)
{
	long rounds = argc > 2 ? std::atol(argv[2]) : 100000;

	if (argc < 2 || rounds < 1) {
		std::fprintf(stderr, "usage: pingpong IMAGE [ROUNDS]\n");
		return 2;
	}
	try {
		return run(argv[1], rounds);
	} catch (const std::exception &error) {
		std::fprintf(stderr, "pingpong: %s\n", error.what());
		return 1;
	}
}
