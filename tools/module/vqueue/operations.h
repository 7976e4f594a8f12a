/* SPDX-License-Identifier: MIT */
/* Push and pop as operations of Waiting. */
#ifndef VQUEUE_OPERATIONS_H
#define VQUEUE_OPERATIONS_H

#include "peer.h"
#include "waiting.h"

struct Push {
	vqueue_queue &queue;
	const uint64_t self;
	Message message;

	Step step(bool check) { return step_push(queue, self, message, check); }
	bool is_ready() { return has_room(queue); }
	vqueue_waiters &waiters() { return queue.pushers; }
};

struct Pop {
	vqueue_queue &queue;
	const uint64_t self;
	Room room;

	Step step(bool check) { return step_pop(queue, self, room, check); }
	bool is_ready() { return has_message(queue); }
	vqueue_waiters &waiters() { return queue.poppers; }
};

/* This peer's number, or a negative errno, also for a wrong queue. */
inline long begin(uint32_t queue)
{
	const long self = enter();

	return self < 0 || queue < VQUEUE_QUEUES ? self : -EINVAL;
}

#endif
