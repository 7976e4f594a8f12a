// SPDX-License-Identifier: GPL-2.0
/*
 * call_steps IMAGE: a client and a server of vqueue's calls are killed at each instruction,
 * with an image whose sleeps are short. The others go on: no call waits for a dead server,
 * and no slot stays with a dead client. Prints how many instructions there were.
 */
#include <atomic>
#include <cerrno>
#include <thread>
#include <vector>

#include "instance.h"
#include "stepped.h"

namespace
{

constexpr int64_t ms = 1000000;

/* The reply is the request plus 1. */
long call(const Queue &queue, long request, int64_t timeout)
{
	long reply = 0;
	const long length =
		queue.call(0, &request, sizeof(request), &reply, sizeof(reply), timeout);

	if (length < 0)
		return length;
	check(length == sizeof(reply) && reply == request + 1, "reply");
	return 0;
}

/* Serves a request that comes in time; what serve() or reply() returned. */
long serve(const Queue &queue, int64_t timeout)
{
	long request = 0;
	uint64_t handle = 0;
	const long length = queue.serve(0, &request, sizeof(request), &handle, timeout);

	if (length < 0)
		return length;
	request++;
	return queue.reply(handle, &request, sizeof(request));
}

/* Clients in threads, one call each, and their results. */
class Clients
{
public:
	Clients(const Queue &queue, unsigned int count)
	{
		results_.reserve(count);
		threads_.reserve(count);
		for (unsigned int i = 0; i < count; i++) {
			results_.push_back(0);
			threads_.emplace_back([this, &queue, i] {
				results_[i] = call(queue, i, -1);
				ended_++;
			});
		}
	}
	~Clients()
	{
		for (std::thread &thread : threads_)
			thread.join();
	}
	Clients(const Clients &) = delete;
	Clients &operator=(const Clients &) = delete;

	/* Serves until all have ended; their results. */
	const std::vector<long> &serve_all(const Queue &queue)
	{
		while (ended_ < threads_.size())
			serve(queue, ms);
		return results_;
	}

private:
	std::atomic<std::size_t> ended_{0};
	std::vector<long> results_;
	std::vector<std::thread> threads_;
};

/* Each slot can be used at the same time. */
void check_slots(const Queue &queue)
{
	Clients clients(queue, VQUEUE_CALLS);

	for (const long result : clients.serve_all(queue))
		check_equal(result, 0, "call");
}

bool step(Stepped &child, long steps)
{
	for (long i = 0; i < steps; i++)
		if (!child.step())
			return false;
	child.end();
	return true;
}

void enter(const Queue &queue)
{
	queue.pop(0, nullptr, 0, 0);
}

/* False: the child ended before @steps instructions. */
bool kill_client(const Instance &made, long steps)
{
	Stepped child([&] { enter(made.queue); }, [&] { call(made.queue, 5, ms); });
	const bool runs = step(child, steps);

	while (serve(made.queue, 0) != -EAGAIN)
		;
	check_slots(made.queue);
	return runs;
}

bool kill_server(const Instance &made, long steps)
{
	Clients client(made.queue, 1);

	while (!made.queue.length(0))
		std::this_thread::yield();

	Stepped child([&] { enter(made.queue); }, [&] { serve(made.queue, 0); });
	const bool runs = step(child, steps);
	const long result = client.serve_all(made.queue)[0];

	check(!result || result == -ECONNRESET, "the client's call: " + std::to_string(result));
	check_slots(made.queue);
	return runs;
}

void run(const char *path, const char *name, bool (*kill)(const Instance &made, long steps))
{
	const Instance made(path);
	long steps = 0;

	try {
		while (kill(made, steps))
			steps++;
	} catch (const std::exception &error) {
		throw Wrong(std::string(name) + ", after " + std::to_string(steps) +
			    " instructions: " + error.what());
	}
	std::cout << name << ": " << steps << std::endl;
}

} // namespace

int main(int argc, char **argv)
{
	if (argc != 2) {
		std::cerr << "usage: call_steps IMAGE\n";
		return 2;
	}
	return run_main([&] {
		run(argv[1], "client", kill_client);
		run(argv[1], "server", kill_server);
	});
}
