// SPDX-License-Identifier: MIT
/* The entries that push and pop messages. */
#include "operations.h"

namespace
{

/* After pushes to queue number @index. */
void report_push(vqueue_queue &queue, uint32_t index)
{
	wake(queue.poppers);
	if (__atomic_load_n(&queue.armed, __ATOMIC_SEQ_CST) && vqueue_has_notify() &&
	    __atomic_exchange_n(&queue.armed, 0, __ATOMIC_SEQ_CST))
		vqueue_call_notify(index);
}

} // namespace

long vqueue_push_many(uint32_t queue, const void *messages, size_t length, size_t count,
		      int64_t timeout)
{
	const long self = begin(queue);

	if (self < 0)
		return self;
	if (length > VQUEUE_BYTES)
		return -EMSGSIZE;

	vqueue_queue &q = vqueue_shared()->queues[queue];
	Push push{q, static_cast<uint64_t>(self), {messages, length}};
	size_t made = 0;

	for (; made < count; made++) {
		const long error = Waiting<Push>(push).run(made ? 0 : timeout);

		if (error && !made)
			return error;
		if (error)
			break;
		push.message.bytes = static_cast<const char *>(push.message.bytes) + length;
	}
	report_push(q, queue);
	return static_cast<long>(made);
}

long vqueue_push(uint32_t queue, const void *message, size_t length, int64_t timeout)
{
	const long made = vqueue_push_many(queue, message, length, 1, timeout);

	return made < 0 ? made : 0;
}

long vqueue_pop_many(uint32_t queue, void *messages, size_t size, uint32_t *lengths, size_t count,
		     int64_t timeout)
{
	const long self = begin(queue);

	if (self < 0)
		return self;

	vqueue_queue &q = vqueue_shared()->queues[queue];
	Pop pop{q, static_cast<uint64_t>(self), {messages, size, 0}};
	long result = 0;
	size_t made = 0;

	while (made < count) {
		result = Waiting<Pop>(pop).run(made ? 0 : timeout) ?: pop.room.length;
		if (result < 0)
			break;
		lengths[made++] = static_cast<uint32_t>(result);
		pop.room.bytes = static_cast<char *>(pop.room.bytes) + size;
	}
	/* A bad message is taken, too; one that is too long stays. */
	if (made || result == -EBADMSG)
		wake(q.pushers);
	return made ? static_cast<long>(made) : result;
}

long vqueue_pop(uint32_t queue, void *message, size_t size, int64_t timeout)
{
	uint32_t length = 0;
	const long made = vqueue_pop_many(queue, message, size, &length, 1, timeout);

	return made < 0 ? made : length;
}

long vqueue_arm(uint32_t queue)
{
	if (queue >= VQUEUE_QUEUES)
		return -EINVAL;

	vqueue_queue &q = vqueue_shared()->queues[queue];

	__atomic_store_n(&q.armed, 1u, __ATOMIC_SEQ_CST);
	return has_message(q);
}

long vqueue_length(uint32_t queue)
{
	if (queue >= VQUEUE_QUEUES)
		return -EINVAL;

	const vqueue_queue &q = vqueue_shared()->queues[queue];
	const uint64_t head = load(q.head);
	const auto length = static_cast<int64_t>(load(q.tail) - head);

	/* Either may be late. */
	if (length < 0)
		return 0;
	return length < int64_t{VQUEUE_SLOTS} ? length : int64_t{VQUEUE_SLOTS};
}

long vqueue_lost(uint32_t queue)
{
	if (queue >= VQUEUE_QUEUES)
		return -EINVAL;
	return static_cast<long>(load(vqueue_shared()->queues[queue].lost));
}
