/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Producers and consumers, each a process, that pass messages through a transport.
 *
 * A transport is a class with
 *	Transport(const Shape &)			in the parent
 *	void open(bool producer, unsigned int number)	in each child
 *	void send(const char *message)
 *	void receive(char *message)
 *	void finish()	in each child, after its last message
 */
#ifndef BENCH_IPC_MEASURE_H
#define BENCH_IPC_MEASURE_H

#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

namespace ipc
{

struct Shape {
	std::size_t bytes;
	unsigned int producers;
	unsigned int consumers;
};

class Fault : public std::runtime_error
{
	using runtime_error::runtime_error;
};

inline void require(bool condition, const char *what)
{
	if (!condition)
		throw Fault(what);
}

/* CLOCK_MONOTONIC in nanoseconds. */
long now();

/* Between two messages whose times are measured. */
constexpr long pause_ns = 50000;

/* Sends and receives through one transport, whose calls are compiled into the loops. */
class Loops
{
public:
	virtual ~Loops() = default;
	virtual void open(bool producer, unsigned int number) = 0;
	virtual void finish() = 0;
	virtual void send(unsigned long count, const char *message) = 0;
	virtual void receive(unsigned long count, char *message) = 0;
	/* Sends, or receives, @count messages that hold the time at which they were sent. */
	virtual void send_times(unsigned long count, char *message) = 0;
	virtual void receive_times(unsigned long count, char *message, long *times) = 0;
};

template <typename Transport> class LoopsOf : public Loops
{
public:
	explicit LoopsOf(const Shape &shape) : transport_(shape) {}

	void open(bool producer, unsigned int number) override
	{
		transport_.open(producer, number);
	}

	void finish() override { transport_.finish(); }

	void send(unsigned long count, const char *message) override
	{
		while (count--)
			transport_.send(message);
	}

	void receive(unsigned long count, char *message) override
	{
		while (count--)
			transport_.receive(message);
	}

	void send_times(unsigned long count, char *message) override
	{
		long next = now();

		for (; count--; next += pause_ns) {
			long time;

			while ((time = now()) < next)
				;
			std::memcpy(message, &time, sizeof(time));
			transport_.send(message);
		}
	}

	void receive_times(unsigned long count, char *message, long *times) override
	{
		for (unsigned long i = 0; i < count; i++) {
			long time;

			transport_.receive(message);
			std::memcpy(&time, message, sizeof(time));
			times[i] = now() - time;
		}
	}

private:
	Transport transport_;
};

/* Nanoseconds for each of about @count messages, from the first send to the last receipt. */
double time_messages(Loops &loops, const Shape &shape, unsigned long count);

/* Nanoseconds from sending to receipt of @count messages, which are not sent at once. */
std::vector<long> time_each(Loops &loops, const Shape &shape, unsigned long count);

} // namespace ipc

#endif
