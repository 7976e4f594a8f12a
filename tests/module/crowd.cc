// SPDX-License-Identifier: GPL-2.0
/*
 * crowd CASE IMAGE: many processes at a time use an instance, with an image whose calls
 * sleep for an hour: a lost wakeup hangs. Prints why it failed; exit status 0 or 1.
 */
#include <unistd.h>

#include <array>
#include <cerrno>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "instance.h"

namespace
{

constexpr uint32_t workers_nr = 16;
constexpr uint64_t items = 128;
constexpr int clients_nr = 1000, servers_nr = 4;
constexpr uint64_t rounds = 10;

struct Crowd : Opened {
	Crowd()
	{
		check(VQUEUE_QUEUES > workers_nr && VQUEUE_PEERS > clients_nr + servers_nr,
		      "the image has too few queues or peers");
	}
};

/* Each worker's items to all queues, which may be full: their consumers run. */
void produce(const Queue &queue, uint64_t worker)
{
	for (uint64_t i = 1; i <= items; i++)
		for (uint32_t to = 0; to < workers_nr; to++) {
			const Message message(worker, i * workers_nr + to);

			check_equal(queue.push(to, &message, sizeof(message), ever), 0, "push");
		}
}

/* All items of all workers for one queue, those of each worker in order, once. */
void consume(const Queue &queue, uint32_t from)
{
	std::array<uint64_t, workers_nr> seen = {};
	Message message;

	for (uint64_t i = 0; i < workers_nr * items; i++) {
		check_equal(queue.pop(from, &message, sizeof(message), ever), sizeof(message),
			    "pop");
		check(message.is_whole() && message.producer < workers_nr, "damaged message");
		check_equal(static_cast<long>(message.number),
			    static_cast<long>(++seen[message.producer] * workers_nr + from),
			    "number");
	}
	check_equal(queue.pop(from, &message, sizeof(message), 0), -EAGAIN, "one too many");
}

/* 16 queues, 16 processes with a producer and a consumer each, 128 items to each queue. */
void queues()
{
	Crowd made;
	std::vector<Child> workers;

	workers.reserve(workers_nr);
	for (uint32_t worker = 0; worker < workers_nr; worker++)
		workers.emplace_back([&, worker] {
			int failed = 0;
			std::thread producer(
				[&] { failed = run_main([&] { produce(made.queue, worker); }); });

			consume(made.queue, worker);
			producer.join();
			check_equal(failed, 0, "producer");
		});
	for (Child &worker : workers)
		check_equal(worker.wait(), 0, "a worker");
	for (uint32_t i = 0; i < workers_nr; i++)
		check_equal(made.queue.lost(i), 0, "lost");
}

void ask(const Queue &queue, uint64_t client)
{
	for (uint64_t i = 1; i <= rounds; i++)
		check_call(queue, client, i);
}

/* 1,000 clients call 10 times each at their start, and 10 times once all are peers. */
void clients()
{
	Crowd made;
	std::array<int, 2> gate;
	std::vector<Child> servers, running;

	servers.reserve(servers_nr);
	for (int i = 0; i < servers_nr; i++)
		servers.emplace_back([&] {
			for (;;)
				serve_one(made.queue);
		});
	check(!pipe(gate.data()), "pipe");
	running.reserve(clients_nr);
	for (uint64_t client = 0; client < clients_nr; client++)
		running.emplace_back([&, client] {
			char byte;

			close(gate[1]);
			ask(made.queue, client);
			check_equal(read(gate[0], &byte, 1), 0, "gate");
			ask(made.queue, client);
		});
	close(gate[1]);
	for (Child &client : running)
		check_equal(client.wait(), 0, "a client");
	check_equal(made.queue.lost(service), 0, "lost");
}

const std::map<std::string, void (*)()> cases = {
	{"queues", queues},
	{"clients", clients},
};

} // namespace

int main(int argc, char **argv)
{
	return run_case(cases, argc, argv);
}
