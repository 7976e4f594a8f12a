/* SPDX-License-Identifier: GPL-2.0 */
/* An instance of vqueue, and messages that name themselves. */
#ifndef TESTS_MODULE_INSTANCE_H
#define TESTS_MODULE_INSTANCE_H

#include <sys/mman.h>

#include <cstdint>
#include <new>
#include <string>

#include "check.h"
#include "vqueue.hpp"

using Queue = vqueue_module::attached;

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

/* Memory that children share. */
template <typename Value> Value &shared()
{
	void *memory = mmap(nullptr, sizeof(Value), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	check(memory != MAP_FAILED, "mmap");
	return *new (memory) Value;
}

#endif
