/* SPDX-License-Identifier: MIT */
/* The steps of push and pop: see vqueue.cc. */
#ifndef VQUEUE_STEPS_H
#define VQUEUE_STEPS_H

#include "vqueue_module.h"

/* `again`: another peer got on, or a dead one's slot was recovered. */
enum class Step { done, again, blocked };

struct Message {
	const void *bytes;
	size_t length;
};

/* Where a message goes, and its length or a negative errno. */
struct Room {
	void *bytes;
	size_t size;
	long length;
};

/* Without a call: the image has no fast memcpy(). */
inline void copy(void *to, const void *from, size_t n)
{
	char *out = static_cast<char *>(to);
	const char *in = static_cast<const char *>(from);

	for (; n >= 8; n -= 8, out += 8, in += 8)
		__builtin_memcpy(out, in, 8);
	for (; n; n--)
		*out++ = *in++;
}

/* @self: this peer's number. @check: find out whether a peer that is in the way is dead */
Step step_push(vqueue_queue &queue, uint64_t self, const Message &message, bool check);
Step step_pop(vqueue_queue &queue, uint64_t self, Room &room, bool check);

/* A push would not find all slots full. */
bool has_room(vqueue_queue &queue);
bool has_message(vqueue_queue &queue);

#endif
