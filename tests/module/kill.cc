// SPDX-License-Identifier: GPL-2.0
/*
 * kill IMAGE ROUNDS SEED: in each round a producer and a consumer are killed at a random
 * time. What is left must be a working queue: no wait, no message but those that the dead
 * had in their hands is missing, none comes twice or out of order.
 */
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <random>

#include "check.h"
#include "vqueue.hpp"

namespace
{

/* Shared with the children: what they have finished. */
struct Progress {
	std::atomic<uint64_t> begun, popped, last;
	std::atomic<int> wrong;
};

struct Message {
	uint64_t number;
	uint64_t check[7];
};

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
	}
}

/* Counts a message that somebody has taken. */
void count(Progress &progress, const Message &message)
{
	if (!is_whole(message))
		progress.wrong = 2;
	if (message.number <= progress.last)
		progress.wrong = 3;
	progress.last = message.number;
	progress.popped.fetch_add(1);
}

void consume(const vqueue_module::attached &queue, Progress &progress)
{
	for (;;) {
		Message message;

		if (queue.pop(0, &message, sizeof(message), -1) != sizeof(message))
			progress.wrong = 4;
		else
			count(progress, message);
	}
}

class Test
{
public:
	Test(const char *image, unsigned int seed)
	    : random_(seed), fds_(vdsox::module_fds::publish(image)), queue_(fds_.get()),
	      progress_(shared<Progress>())
	{
		check_equal(queue_.open(fds_.get().shared), 0, "open");
	}

	void run(long rounds)
	{
		for (long round = 0; round < rounds; round++) {
			kill_both();
			drain();
			check_equal(progress_.wrong, 0, "wrong");

			const Message message = make(progress_.begun.fetch_add(1) + 1);

			check_equal(queue_.push(0, &message, sizeof(message), 0), 0, "push");
		}
		drain();

		/* A producer's that was not pushed, or a consumer's that was not counted. */
		const auto missing = static_cast<long>(progress_.begun - progress_.popped);

		check(missing >= 0 && missing <= 2 * rounds,
		      "missing messages: " + std::to_string(missing));
		std::cout << 2 * rounds << " kills, " << progress_.begun << " messages, " << missing
			  << " missing, " << queue_.lost(0) << " lost slots\n";
	}

private:
	void kill_both()
	{
		Child producer([&] { produce(queue_, progress_); });
		Child consumer([&] { consume(queue_, progress_); });
		Child &first = random_() % 2 ? producer : consumer;

		usleep(random_() % 2000);
		first.end();
		usleep(random_() % 200);
	}

	/* Takes what is left. For ever, if a dead peer's slot stays. */
	void drain()
	{
		Message message;

		/* A process that is looked at by another may keep its memory a little longer. */
		while (queue_.length(0))
			if (queue_.pop(0, &message, sizeof(message), 20000000) == sizeof(message))
				count(progress_, message);
	}

	std::mt19937 random_;
	const vdsox::module_fds fds_;
	const vqueue_module::attached queue_;
	Progress &progress_;
};

} // namespace

int main(int argc, char **argv)
{
	if (argc != 4) {
		std::cerr << "usage: kill IMAGE ROUNDS SEED\n";
		return 2;
	}
	return run_main([&] {
		Test(argv[1], static_cast<unsigned int>(std::atol(argv[3])))
			.run(std::atol(argv[2]));
	});
}
