// SPDX-License-Identifier: GPL-2.0
/*
 * kill IMAGE ROUNDS SEED: in each round a producer and a consumer are killed at a random
 * time. What is left must be a working queue: no wait, no message but those that the dead
 * had in their hands is missing, none comes twice or out of order.
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "vqueue.hpp"

namespace
{

/* Shared with the children: what they have finished. */
struct Progress {
	std::atomic<uint64_t> begun, pushed, popped, popping, last;
	std::atomic<int> wrong;
};

struct Message {
	uint64_t number;
	uint64_t check[7];
};

[[noreturn]] void fail(const char *what, long value)
{
	std::printf("%s: %ld\n", what, value);
	std::exit(1);
}

Message make(uint64_t number)
{
	Message message = {number, {}};

	for (uint64_t &word : message.check)
		word = number * 0x9e3779b97f4a7c15;
	return message;
}

bool is_whole(const Message &message)
{
	const Message good = make(message.number);

	return !__builtin_memcmp(&good, &message, sizeof(good));
}

void produce(const vqueue_module::attached &queue, Progress &progress)
{
	for (;;) {
		const uint64_t number = progress.begun.fetch_add(1) + 1;
		const Message message = make(number);

		if (queue.push(0, &message, sizeof(message), -1))
			progress.wrong = 1;
		progress.pushed = number;
	}
}

void consume(const vqueue_module::attached &queue, Progress &progress)
{
	for (;;) {
		Message message;

		progress.popping = 1;
		if (queue.pop(0, &message, sizeof(message), -1) != sizeof(message))
			progress.wrong = 2;
		else if (!is_whole(message) || message.number <= progress.last)
			progress.wrong = 3;
		progress.last = message.number;
		progress.popped.fetch_add(1);
		progress.popping = 0;
	}
}

template <typename Body> pid_t start(Body body)
{
	const pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		body();
		_exit(1);
	}
	return pid;
}

void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, nullptr, 0);
}

} // namespace

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;

	const long count = std::atol(argv[2]);
	std::mt19937 random(static_cast<unsigned int>(std::atol(argv[3])));
	const vdsox::module_fds fds = vdsox::module_fds::publish(argv[1]);
	const vqueue_module::attached queue(fds.get());
	Progress &progress = *static_cast<Progress *>(mmap(nullptr, sizeof(Progress),
							   PROT_READ | PROT_WRITE,
							   MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	uint64_t drained = 0;

	if (long error = queue.open(fds.get().shared))
		fail("open", error);
	for (long round = 0; round < count; round++) {
		const pid_t producer = start([&] { produce(queue, progress); });
		const pid_t consumer = start([&] { consume(queue, progress); });
		Message message;
		long got;

		usleep(random() % 2000);
		if (random() % 2) {
			end(producer);
			usleep(random() % 200);
			end(consumer);
		} else {
			end(consumer);
			usleep(random() % 200);
			end(producer);
		}
		while ((got = queue.pop(0, &message, sizeof(message), 0)) == sizeof(message)) {
			if (!is_whole(message) || message.number <= progress.last)
				fail("wrong message", static_cast<long>(message.number));
			progress.last = message.number;
			drained++;
		}
		if (got != -EAGAIN)
			fail("pop", got);
		if (progress.wrong)
			fail("wrong in a child", progress.wrong);
		message = make(progress.begun.fetch_add(1) + 1);
		if (long error = queue.push(0, &message, sizeof(message), 0))
			fail("push", error);
		progress.pushed++;
	}

	const uint64_t begun = progress.begun, taken = progress.popped + drained;

	/* The last message is still in the queue. */
	if (begun < taken + 1 || begun - taken - 1 > 2 * static_cast<uint64_t>(count))
		fail("messages missing", static_cast<long>(begun - taken - 1));
	std::printf("%ld kills, %lu messages, %lu missing, %ld lost slots\n", 2 * count, begun,
		    begun - taken - 1, queue.lost(0));
	return 0;
}
