// SPDX-License-Identifier: GPL-2.0
/* Starts the processes and takes the times. */
#include "measure.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <ctime>

namespace ipc
{

namespace
{

constexpr unsigned int most_children = 64;
/* Of each process, before the time begins: pages and caches. */
constexpr unsigned long warm_up = 200;

/* Shared with the children. */
struct Meeting {
	std::atomic<unsigned int> ready;
	std::atomic<bool> go;
	std::atomic<long> end[most_children];
};

template <typename Value> class Mapped
{
public:
	explicit Mapped(std::size_t count = 1) : size_(count * sizeof(Value))
	{
		void *made = mmap(nullptr, size_, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

		require(made != MAP_FAILED, "mmap");
		value_ = static_cast<Value *>(made);
	}
	~Mapped() { munmap(value_, size_); }
	Mapped(const Mapped &) = delete;
	Mapped &operator=(const Mapped &) = delete;

	Value *get() const { return value_; }

private:
	std::size_t size_;
	Value *value_;
};

/* Waits for all others; the parent says go. */
void meet(Meeting &meeting)
{
	meeting.ready++;
	while (!meeting.go)
		usleep(100);
}

template <typename Body> pid_t start(Body body)
{
	const pid_t pid = fork();

	require(pid >= 0, "fork");
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	try {
		body();
	} catch (const std::exception &error) {
		std::fprintf(stderr, "%s\n", error.what());
		_exit(1);
	}
	_exit(0);
}

/* The others of a failed one would wait for ever. */
void wait_for(std::vector<pid_t> &children)
{
	bool failed = false;

	for (std::size_t left = children.size(); left; left--) {
		int status = 0;

		wait(&status);
		if (!status || failed)
			continue;
		failed = true;
		for (const pid_t pid : children)
			kill(pid, SIGKILL);
	}
	require(!failed, "a process failed");
}

/* Messages of one of @among processes. */
unsigned long share(unsigned long count, unsigned int among)
{
	return count / among;
}

} // namespace

long now()
{
	timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000L + time.tv_nsec;
}

double time_messages(Loops &loops, const Shape &shape, unsigned long count)
{
	const Mapped<Meeting> meeting;
	const unsigned int all = shape.producers + shape.consumers;
	std::vector<pid_t> children;
	long begin, end = 0;

	count -= count % (1UL * shape.producers * shape.consumers);
	require(all <= most_children && count, "shape");
	for (unsigned int i = 0; i < all; i++)
		children.push_back(start([&, i] {
			const bool producer = i < shape.producers;
			std::vector<char> message(shape.bytes, 1);

			loops.open(producer, producer ? i : i - shape.producers);
			meet(*meeting.get());
			if (producer)
				loops.send(share(count, shape.producers), message.data());
			else
				loops.receive(share(count, shape.consumers), message.data());
			meeting.get()->end[i] = now();
			loops.finish();
		}));
	while (meeting.get()->ready < all)
		usleep(100);
	usleep(1000);
	begin = now();
	meeting.get()->go = true;
	wait_for(children);
	for (unsigned int i = 0; i < all; i++)
		end = std::max(end, meeting.get()->end[i].load());
	return static_cast<double>(end - begin) / static_cast<double>(count);
}

std::vector<long> time_each(Loops &loops, const Shape &shape, unsigned long count)
{
	const Mapped<long> times(count);
	const Mapped<Meeting> meeting;
	std::vector<pid_t> children;

	for (const bool producer : {true, false})
		children.push_back(start([&, producer] {
			std::vector<char> message(shape.bytes, 1);

			loops.open(producer, 0);
			meet(*meeting.get());
			if (producer)
				loops.send_times(warm_up + count, message.data());
			else {
				std::vector<long> before(warm_up);

				loops.receive_times(warm_up, message.data(), before.data());
				loops.receive_times(count, message.data(), times.get());
			}
			loops.finish();
		}));
	while (meeting.get()->ready < 2)
		usleep(100);
	meeting.get()->go = true;
	wait_for(children);
	return {times.get(), times.get() + count};
}

} // namespace ipc
