/* SPDX-License-Identifier: GPL-2.0 */
/* An instance of vqueue, and messages that name themselves. */
#ifndef TESTS_MODULE_INSTANCE_H
#define TESTS_MODULE_INSTANCE_H

#include <cstdint>
#include <map>
#include <string>

#include "check.h"
#include "vqueue.hpp"

using Queue = vqueue_module::attached;

/* Of the cases, see run_case(). */
inline std::string image_path;

/* A published instance, attached once. */
struct Instance {
	explicit Instance(const std::string &path)
	    : fds(vdsox::module_fds::publish(path)), queue(fds.get())
	{
		check_equal(queue.open(fds.get().shared), 0, "open");
	}

	vdsox::module_fds fds;
	Queue queue;
};

/* A message that names itself: what must arrive whole. */
struct Message {
	uint64_t producer;
	uint64_t number;
	uint64_t sum;

	Message(uint64_t producer_, uint64_t number_)
	    : producer(producer_), number(number_), sum(producer * 31 + number * 17 + 1)
	{
	}
	Message() : Message(0, 0) {}
	bool is_whole() const { return sum == Message(producer, number).sum; }
};

struct Opened : Instance {
	Opened() : Instance(image_path) {}
};

constexpr int64_t ever = -1;
/* The last queue is for calls. */
constexpr uint32_t service = VQUEUE_QUEUES - 1;

/* The reply is the request with its numbers exchanged. */
inline void serve_one(const Queue &queue, int64_t timeout = ever)
{
	Message request;
	uint64_t handle;

	check_equal(queue.serve(service, &request, sizeof(request), &handle, timeout),
		    sizeof(request), "serve");
	check(request.is_whole(), "the request is damaged");

	const Message reply(request.number, request.producer);

	check_equal(queue.reply(handle, &reply, sizeof(reply)), 0, "reply");
}

inline long call(const Queue &queue, const Message &request, Message &reply, int64_t timeout = ever)
{
	return queue.call(service, &request, sizeof(request), &reply, sizeof(reply), timeout);
}

inline void check_call(const Queue &queue, uint64_t producer, uint64_t number)
{
	Message reply;

	check_equal(call(queue, {producer, number}, reply), sizeof(reply), "call");
	check(reply.is_whole() && reply.producer == number && reply.number == producer,
	      "another's reply");
}

/* The main() of a program NAME CASE IMAGE. */
inline int run_case(const std::map<std::string, void (*)()> &cases, int argc, char **argv)
{
	const auto found = argc == 3 ? cases.find(argv[1]) : cases.end();

	if (found == cases.end()) {
		std::cerr << "usage: " << argv[0] << " CASE IMAGE\n";
		return 2;
	}
	image_path = argv[2];
	return run_main(found->second);
}

#endif
