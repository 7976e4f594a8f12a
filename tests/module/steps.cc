// SPDX-License-Identifier: GPL-2.0
/*
 * steps kills|wakes IMAGE: forces what could happen between any two instructions of vqueue's
 * functions, with a child that is stepped through them, and an image whose calls sleep for
 * an hour.
 *	kills: the child is killed there. Nothing but its own message is lost.
 *	wakes: what the child is about to wait for happens there. It does not sleep.
 * Prints how many instructions there were.
 */
#include <cerrno>
#include <chrono>
#include <thread>
#include <vector>

#include "instance.h"
#include "stepped.h"

namespace
{

constexpr long slots = VQUEUE_SLOTS;
constexpr long childs = 1000; /* number of the child's message */

struct Numbers : Instance {
	using Instance::Instance;

	long push(long number, int64_t timeout = 0) const
	{
		return queue.push(0, &number, sizeof(number), timeout);
	}

	/* A message's number or a negative errno. */
	long pop(int64_t timeout = 0) const
	{
		long number = 0;
		const long length = queue.pop(0, &number, sizeof(number), timeout);

		check(length < 0 || length == sizeof(number), "length of a message");
		return length < 0 ? length : number;
	}
};

/*
 * Takes all messages: those of the parent from @first, or the one after it if the child may
 * have taken that, to @last, and at the end the child's if it may have pushed it.
 */
void drain(const Numbers &made, bool is_pop, long first, long last)
{
	const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
	long wanted = first;

	/* A process that is looked at by another may keep its memory a little longer. */
	while (std::chrono::steady_clock::now() < end) {
		const long number = made.pop();

		if (is_pop && wanted == first && number == first + 1)
			wanted++;
		if (number == childs)
			check(!is_pop && wanted == last + 1, "the child's message");
		else if (number > 0)
			check_equal(number, wanted++, "message");
		else if (!made.queue.length(0))
			break;
		else
			std::this_thread::yield();
	}
	check_equal(made.queue.length(0), 0, "messages that nobody can take");
	check(wanted == last + 1 || (is_pop && last == first), "messages are missing");
}

void fill(const Numbers &made, long count)
{
	for (long i = 1; i <= count; i++)
		check_equal(made.push(i), 0, "push");
}

/* An operation of the child, with a number of messages in the queue before. */
struct Scenario {
	const char *name;
	long messages;
	bool fresh; /* the child becomes a peer in the call */
	bool is_pop;
	int64_t timeout;
};

constexpr int64_t some_ms = 20000000;

constexpr Scenario kill_scenarios[] = {
	{"push to an empty queue", 0, false, false, 0},
	{"push of the last that fits", slots - 1, false, false, 0},
	{"push to a full queue", slots, false, false, 0},
	{"timed push to a full queue", slots, false, false, some_ms},
	{"push of a new peer", 1, true, false, 0},
	{"pop of the only one", 1, false, true, 0},
	{"pop from a full queue", slots, false, true, 0},
	{"pop from an empty queue", 0, false, true, 0},
	{"timed pop from an empty queue", 0, false, true, some_ms},
	{"pop of a new peer", 2, true, true, 0},
};

constexpr Scenario wake_scenarios[] = {
	{"pop from an empty queue", 0, false, true, -1},
	{"push to a full queue", slots, false, false, -1},
};

/* A child that does the operation, and before becomes a peer that looks only a few times
 * before it sleeps. */
Stepped start(const Numbers &made, const Scenario &scenario, bool must_succeed)
{
	return {[&] {
			for (int i = 0; i < 9 && !scenario.fresh; i++)
				made.queue.pop(1, nullptr, 0, 1);
		},
		[&, must_succeed] {
			long number = childs;
			const long result = scenario.is_pop
						    ? made.queue.pop(0, &number, sizeof(number),
								     scenario.timeout)
						    : made.queue.push(0, &number, sizeof(number),
								      scenario.timeout);

			if (must_succeed && result < 0)
				throw Wrong("the child's operation failed");
		}};
}

/* False: the child ended before @steps instructions. */
bool kill_after(const Numbers &made, const Scenario &scenario, long steps)
{
	fill(made, scenario.messages);

	Stepped child = start(made, scenario, false);
	bool runs = true;

	for (long i = 0; i < steps && runs; i++)
		runs = child.step();
	if (runs)
		child.end();
	drain(made, scenario.is_pop, 1, scenario.messages);
	/* All slots can be used. */
	fill(made, slots);
	check_equal(made.push(1), -EAGAIN, "push to a full queue");
	drain(made, false, 1, slots);
	return runs;
}

/* False: the child would sleep after @steps instructions. */
bool wake_after(const Numbers &made, const Scenario &scenario, long steps)
{
	fill(made, scenario.messages);

	Stepped child = start(made, scenario, true);
	bool runs = true;

	for (long i = 0; i < steps && runs; i++) {
		runs = !child.is_at_sleep();
		check(!runs || child.step(), "the child ended too early");
	}
	if (scenario.is_pop)
		check_equal(made.push(childs), 0, "push");
	else
		check_equal(made.pop(), 1, "pop");
	check_equal(child.go_on(), 0, "the child");
	drain(made, false, scenario.is_pop ? 1 : 2, scenario.messages);
	return runs;
}

template <std::size_t n>
void run(const char *path, const Scenario (&scenarios)[n],
	 bool (*force)(const Numbers &made, const Scenario &scenario, long steps))
{
	for (const Scenario &scenario : scenarios) {
		const Numbers made(path);
		long steps = 0;

		try {
			while (force(made, scenario, steps))
				steps++;
		} catch (const std::exception &error) {
			throw Wrong(std::string(scenario.name) + ", after " +
				    std::to_string(steps) + " instructions: " + error.what());
		}
		std::cout << scenario.name << ": " << steps << std::endl;
	}
}

} // namespace

int main(int argc, char **argv)
{
	const std::string what = argc == 3 ? argv[1] : "";

	if (what == "kills")
		return run_main([&] { run(argv[2], kill_scenarios, kill_after); });
	if (what == "wakes")
		return run_main([&] { run(argv[2], wake_scenarios, wake_after); });
	std::cerr << "usage: steps kills|wakes IMAGE\n";
	return 2;
}
