// SPDX-License-Identifier: MIT
/*
 * Requests and replies. A call has a slot of its own for both; a queue brings its handle to
 * a server. The word of the slot decides who may do what; all changes are compare-and-swap:
 *
 *	FREE(u) --> ASKING(u, c) --> ASKED(u, c) --> SERVING(u, c, s) --> ANSWERING(u, c, s)
 *	            client c                         server s
 *	--> ANSWERED(u, c, s) --> FREE(u + 1)
 *
 * u, the use, is in the handle: one that a server keeps of an earlier use fits no word.
 *
 * A client that gives up, or does so for a dead server, makes the slot FREE(u + 1) from any
 * state but ANSWERING, in which the server writes: then it becomes ABANDONED, and FREE when
 * the server has finished or is dead. Race of the reply with the client that gives up: both
 * change SERVING, or ANSWERING; one compare-and-swap fails. If that is the server's, it learns
 * that the client has given up; if it is the client's, there is a reply, which it takes.
 *
 * Race of a server that reads the request with the client that gives up: the slot may have
 * a new request meanwhile. The server looks at the word again after it has read.
 *
 * Death. Who needs a slot and finds none free looks for dead clients' ones. A client that
 * waits looks for its server's death. If the server dies between the queue and SERVING, the
 * handle is gone: so a client that has waited for a slice puts it into the queue again. A
 * server that gets a handle twice finds the slot no longer ASKED.
 */
#include "operations.h"

namespace
{

enum CallState : uint64_t { FREE, ASKING, ASKED, SERVING, ANSWERING, ANSWERED, ABANDONED };

constexpr unsigned int client_shift = 4;
constexpr unsigned int server_shift = 17;
constexpr unsigned int use_shift = 30;
constexpr unsigned int index_bits = 20;
constexpr uint64_t peer_mask = 0x1fff;
constexpr uint64_t index_mask = (uint64_t{1} << index_bits) - 1;
static_assert(VQUEUE_PEERS <= peer_mask && VQUEUE_CALLS <= index_mask + 1);

constexpr uint64_t call_word(uint64_t use, CallState state, uint64_t client = 0,
			     uint64_t server = 0)
{
	return use << use_shift | server << server_shift | client << client_shift | state;
}

constexpr CallState call_state(uint64_t word)
{
	return static_cast<CallState>(word & 15);
}

constexpr uint64_t client_of(uint64_t word)
{
	return word >> client_shift & peer_mask;
}

constexpr uint64_t server_of(uint64_t word)
{
	return word >> server_shift & peer_mask;
}

constexpr uint64_t use_of(uint64_t word)
{
	return word >> use_shift;
}

/* The same use, client and server in another state. */
constexpr uint64_t with_state(uint64_t word, CallState state)
{
	return (word & ~uint64_t{15}) | state;
}

constexpr uint64_t next_use(uint64_t word)
{
	return call_word(use_of(word) + 1, FREE);
}

uint64_t handle_of(const vqueue_exchange &exchange, uint64_t word)
{
	return use_of(word) << index_bits |
	       static_cast<uint64_t>(&exchange - vqueue_shared()->exchanges);
}

/* nullptr for a number that is no handle. */
vqueue_exchange *exchange_of(uint64_t handle)
{
	const uint64_t index = handle & index_mask;

	return index < VQUEUE_CALLS ? &vqueue_shared()->exchanges[index] : nullptr;
}

bool is_of(uint64_t word, uint64_t handle, CallState state)
{
	return call_state(word) == state &&
	       use_of(word) == (handle >> index_bits & (~uint64_t{0} >> use_shift));
}

/* Ends the use that a handle is of; false if there is a reply. */
bool give_up(vqueue_exchange &exchange, uint64_t handle)
{
	for (;;) {
		const uint64_t value = load(exchange.word);
		const CallState state = call_state(value);
		const bool writes = state == ANSWERING && !is_dead(server_of(value));

		if (!is_of(value, handle, state) || state == FREE || state == ABANDONED)
			return true;
		if (state == ANSWERED)
			return false;
		if (swap(exchange.word, value,
			 writes ? with_state(value, ABANDONED) : next_use(value)))
			return true;
	}
}

/*
 * Frees the slot of a dead client, or one that its dead server has left. @is_gone: whether
 * a peer is dead
 */
template <typename Gone> void recover_exchange(vqueue_exchange &exchange, Gone is_gone)
{
	const uint64_t value = load(exchange.word);
	const CallState state = call_state(value);

	if (state == FREE)
		return;
	if (state == ABANDONED) {
		if (is_gone(server_of(value)))
			swap(exchange.word, value, next_use(value));
	} else if (is_gone(client_of(value))) {
		const bool writes = state == ANSWERING && !is_gone(server_of(value)) &&
				    !is_dead(server_of(value));

		swap(exchange.word, value, writes ? with_state(value, ABANDONED) : next_use(value));
	}
}

/* A slot in state ASKING; nullptr if there is none. */
vqueue_exchange *find_free(uint64_t self)
{
	/* Clients begin at different places. */
	const uint64_t first = self * 7 % VQUEUE_CALLS;

	for (int pass = 0; pass < 2; pass++)
		for (uint64_t i = 0; i < VQUEUE_CALLS; i++) {
			vqueue_exchange &exchange =
				vqueue_shared()->exchanges[(first + i) % VQUEUE_CALLS];

			if (pass)
				recover_exchange(exchange, is_dead);

			const uint64_t value = load(exchange.word);

			if (call_state(value) == FREE &&
			    swap(exchange.word, value, call_word(use_of(value), ASKING, self)))
				return &exchange;
		}
	return nullptr;
}

long push_handle(vqueue_queue &queue, uint64_t self, uint64_t handle, int64_t timeout)
{
	Push push{queue, self, {&handle, sizeof(handle)}};
	const long error = Waiting<Push>(push).run(timeout);

	if (!error)
		wake(queue.poppers);
	return error;
}

/* Waits for the reply to a call of this peer: an operation of Waiting. */
class Await
{
public:
	Await(vqueue_queue &queue, vqueue_exchange &exchange, uint64_t self, uint64_t handle,
	      Room reply)
	    : queue_(queue), exchange_(exchange), self_(self), handle_(handle), reply_(reply)
	{
	}

	Step step(bool check)
	{
		const uint64_t value = load(exchange_.word);

		switch (call_state(value)) {
		case ANSWERED:
			take(value);
			return Step::done;
		case ASKED:
			if (check && ++checks_ > checks_before_push)
				push_handle(queue_, self_, handle_, 0);
			return Step::blocked;
		case SERVING:
		case ANSWERING:
			if (!check || !is_dead(server_of(value)))
				return Step::blocked;
			reply_.length = -ECONNRESET;
			return swap(exchange_.word, value, next_use(value)) ? Step::done
									    : Step::again;
		default:
			/* Nobody but this peer ends the use, while all behave. */
			reply_.length = -EBADMSG;
			return Step::done;
		}
	}

	/* Of the reply, or a negative errno. */
	long length() const { return reply_.length; }
	bool is_ready() { return call_state(load(exchange_.word)) == ANSWERED; }
	vqueue_waiters &waiters() { return exchange_.waiter; }

private:
	/* Two for each slice, until slices are as long as they get. */
	static constexpr unsigned int checks_before_push = 12;

	void take(uint64_t value)
	{
		const uint32_t length = __atomic_load_n(&exchange_.length, __ATOMIC_RELAXED);

		if (is_error(static_cast<int32_t>(length)))
			reply_.length = static_cast<int32_t>(length);
		else if (length > VQUEUE_BYTES)
			reply_.length = -EBADMSG;
		else if (length > reply_.size)
			reply_.length = -EMSGSIZE;
		else {
			copy(reply_.bytes, exchange_.bytes, length);
			reply_.length = static_cast<long>(length);
		}
		swap(exchange_.word, value, next_use(value));
	}

	vqueue_queue &queue_;
	vqueue_exchange &exchange_;
	const uint64_t self_;
	const uint64_t handle_;
	Room reply_;
	unsigned int checks_ = 0;
};

/* Nanoseconds that are left of @timeout, which began at @begin. */
int64_t left_of(int64_t timeout, int64_t begin)
{
	if (timeout <= 0)
		return timeout < 0 ? -1 : 0;

	const int64_t left = timeout - (now() - begin);

	return left > 0 ? left : 0;
}

/* The length of the reply becomes visible with ANSWERED. False: the client has given up. */
bool finish(vqueue_exchange &exchange, uint64_t mine, uint32_t length)
{
	const uint64_t answering = with_state(mine, ANSWERING);
	const uint64_t abandoned = with_state(mine, ABANDONED);

	__atomic_store_n(&exchange.length, length, __ATOMIC_RELAXED);
	if (swap(exchange.word, answering, with_state(mine, ANSWERED))) {
		wake(exchange.waiter);
		return true;
	}
	swap(exchange.word, abandoned, next_use(abandoned));
	return false;
}

/* The client gets @error. */
void refuse(vqueue_exchange &exchange, uint64_t mine, long error)
{
	if (swap(exchange.word, mine, with_state(mine, ANSWERING)))
		finish(exchange, mine, static_cast<uint32_t>(error));
}

/* Of a dead server that had this number: its clients would take a new peer for it. */
void reset_clients(vqueue_exchange &exchange, uint64_t number)
{
	const uint64_t value = load(exchange.word);

	if (server_of(value) != number)
		return;
	if (call_state(value) == SERVING)
		refuse(exchange, value, -ECONNRESET);
	else if (call_state(value) == ANSWERING)
		finish(exchange, value, static_cast<uint32_t>(-ECONNRESET));
}

/* Reads the request of a handle, if this server gets it. */
bool take_request(uint64_t self, uint64_t handle, Room &room)
{
	vqueue_exchange *exchange = exchange_of(handle);
	const uint64_t value = exchange ? load(exchange->word) : 0;
	const uint64_t mine = call_word(use_of(value), SERVING, client_of(value), self);
	uint32_t length;

	if (!exchange || !is_of(value, handle, ASKED) || !swap(exchange->word, value, mine))
		return false;
	length = __atomic_load_n(&exchange->length, __ATOMIC_RELAXED);
	if (length > VQUEUE_BYTES || length > room.size) {
		room.length = length > VQUEUE_BYTES ? -EBADMSG : -EMSGSIZE;
		refuse(*exchange, mine, room.length);
		return true;
	}
	copy(room.bytes, exchange->bytes, length);
	room.length = static_cast<long>(length);
	/* Otherwise these may be parts of another request. */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return load(exchange->word) == mine;
}

/* A wait with a limit that began with none left has exceeded it. */
long or_timed_out(long error, int64_t timeout)
{
	return error == -EAGAIN && timeout > 0 ? -ETIMEDOUT : error;
}

} // namespace

void recover_exchanges(uint64_t number)
{
	for (vqueue_exchange &exchange : vqueue_shared()->exchanges) {
		recover_exchange(exchange, [=](uint64_t peer) { return peer == number; });
		reset_clients(exchange, number);
	}
}

long vqueue_call(uint32_t queue, const void *request, size_t length, void *reply, size_t size,
		 int64_t timeout)
{
	const long number = begin(queue);
	const auto self = static_cast<uint64_t>(number);
	const int64_t begun = timeout > 0 ? now() : 0;
	vqueue_exchange *exchange;
	long error;

	if (number < 0)
		return number;
	if (length > VQUEUE_BYTES)
		return -EMSGSIZE;
	exchange = find_free(self);
	if (!exchange)
		return -EBUSY;
	copy(exchange->bytes, request, length);
	__atomic_store_n(&exchange->length, static_cast<uint32_t>(length), __ATOMIC_RELAXED);

	const uint64_t asking = load(exchange->word);
	vqueue_queue &q = vqueue_shared()->queues[queue];
	const uint64_t handle = handle_of(*exchange, asking);
	Await await(q, *exchange, self, handle, {reply, size, 0});

	error = swap(exchange->word, asking, with_state(asking, ASKED)) ? 0 : -EBADMSG;
	if (!error)
		error = push_handle(q, self, handle, left_of(timeout, begun));
	if (!error)
		error = Waiting<Await>(await).run(left_of(timeout, begun));
	if (error && !give_up(*exchange, handle))
		error = await.step(false) == Step::done ? 0 : -EBADMSG;
	return error ? or_timed_out(error, timeout) : await.length();
}

long vqueue_serve(uint32_t queue, void *request, size_t size, uint64_t *handle, int64_t timeout)
{
	const long self = begin(queue);
	const int64_t begun = timeout > 0 ? now() : 0;

	if (self < 0)
		return self;

	vqueue_queue &q = vqueue_shared()->queues[queue];
	Room room = {request, size, 0};

	for (;;) {
		Pop pop{q, static_cast<uint64_t>(self), {handle, sizeof(*handle), 0}};
		const long error = Waiting<Pop>(pop).run(left_of(timeout, begun));

		if (error)
			return or_timed_out(error, timeout);
		if (pop.room.length == -EMSGSIZE)
			return -EBADMSG;
		wake(q.pushers);
		/* Others are of a client that has given up, or come twice. */
		if (pop.room.length == sizeof(*handle) &&
		    take_request(static_cast<uint64_t>(self), *handle, room))
			return room.length;
	}
}

long vqueue_reply(uint64_t handle, const void *reply, size_t length)
{
	const long self = enter();
	vqueue_exchange *exchange = exchange_of(handle);

	if (self < 0)
		return self;
	if (!exchange)
		return -EINVAL;
	if (length > VQUEUE_BYTES)
		return -EMSGSIZE;

	const uint64_t mine = load(exchange->word);

	if (!is_of(mine, handle, SERVING) || server_of(mine) != static_cast<uint64_t>(self) ||
	    !swap(exchange->word, mine, with_state(mine, ANSWERING)))
		return -ECANCELED;
	copy(exchange->bytes, reply, length);
	return finish(*exchange, mine, static_cast<uint32_t>(length)) ? 0 : -ECANCELED;
}

long vqueue_cancelled(uint64_t handle)
{
	vqueue_exchange *exchange = exchange_of(handle);

	return !exchange || !is_of(load(exchange->word), handle, SERVING);
}
