// SPDX-License-Identifier: GPL-2.0
/*
 * queue CASE IMAGE: one case of vqueue, with an image whose calls sleep for an hour: a lost
 * wakeup hangs. Prints why it failed; exit status 0 or 1.
 */
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "instance.h"

namespace
{

using vdsox::module_fds;

constexpr int64_t ms = 1000000;
constexpr long slots = VQUEUE_SLOTS, bytes = VQUEUE_BYTES;

void push(const Queue &queue, const Message &message, int64_t timeout = ever)
{
	check_equal(queue.push(0, &message, sizeof(message), timeout), 0, "push");
}

Message pop(const Queue &queue, int64_t timeout = ever)
{
	Message message;

	check_equal(queue.pop(0, &message, sizeof(message), timeout), sizeof(message), "pop");
	check(message.is_whole(), "the message is damaged");
	return message;
}

void sleep_ms(int time)
{
	std::this_thread::sleep_for(std::chrono::milliseconds(time));
}

void order()
{
	Opened made;
	Message message;

	for (long round = 0; round < 5; round++) {
		for (long i = 0; i < slots; i++)
			push(made.queue, {1, static_cast<uint64_t>(i)}, 0);
		check_equal(made.queue.push(0, &message, sizeof(message), 0), -EAGAIN, "full");
		check_equal(made.queue.length(0), slots, "length of a full queue");
		for (long i = 0; i < slots; i++)
			check_equal(static_cast<long>(pop(made.queue, 0).number), i, "order");
		check_equal(made.queue.pop(0, &message, sizeof(message), 0), -EAGAIN, "empty");
		check_equal(made.queue.length(0), 0, "length of an empty queue");
	}
	push(made.queue, {1, 7}, 0);
	check_equal(made.queue.pop(1, &message, sizeof(message), 0), -EAGAIN, "another queue");
	check_equal(made.queue.lost(0), 0, "lost");
}

void lengths()
{
	Opened made;
	std::array<char, bytes + 1> in, out;

	for (std::size_t i = 0; i < in.size(); i++)
		in[i] = static_cast<char>(i * 7 + 1);
	for (long n = 0; n <= bytes; n++) {
		out.fill(0x55);
		check_equal(made.queue.push(0, in.data() + 1, static_cast<std::size_t>(n), 0), 0,
			    "push");
		check_equal(made.queue.pop(0, out.data(), bytes, 0), n, "length");
		check(!std::memcmp(out.data(), in.data() + 1, static_cast<std::size_t>(n)),
		      "bytes");
		check(out[static_cast<std::size_t>(n)] == 0x55, "wrote behind the message");
	}
	check_equal(made.queue.push(0, in.data(), bytes + 1, 0), -EMSGSIZE, "too long");
	push(made.queue, {1, 2}, 0);
	check_equal(made.queue.pop(0, out.data(), sizeof(Message) - 1, 0), -EMSGSIZE, "no room");
	check_equal(static_cast<long>(pop(made.queue, 0).number), 2, "it stays in the queue");
}

void faults()
{
	const module_fds fds = module_fds::publish(image_path);
	const Queue queue(fds.get());
	Message message;

	check_equal(queue.push(0, &message, sizeof(message), 0), -EBADF, "push before open");
	const module_fds other = module_fds::publish(image_path);

	check_equal(queue.open(-1), -EBADF, "open without a file");
	check_equal(queue.open(other.get().shared), -EBADF, "open with another instance's file");
	check_equal(queue.open(fds.get().shared), 0, "open");
	check_equal(queue.open(fds.get().shared), -EALREADY, "open twice");
	check_equal(queue.push(VQUEUE_QUEUES, &message, 1, 0), -EINVAL, "no such queue");
	check_equal(queue.pop(VQUEUE_QUEUES, &message, 1, 0), -EINVAL, "no such queue");
	check_equal(queue.length(VQUEUE_QUEUES), -EINVAL, "no such queue");
	check_equal(queue.lost(VQUEUE_QUEUES), -EINVAL, "no such queue");
	check_equal(queue.arm(VQUEUE_QUEUES), -EINVAL, "no such queue");
	queue.close();
	check_equal(queue.pop(0, &message, sizeof(message), 0), -EBADF, "pop after close");
	check_equal(queue.open(fds.get().shared), 0, "open again");
}

void timeouts()
{
	Opened made;
	Message message;
	const auto begin = std::chrono::steady_clock::now();

	check_equal(made.queue.pop(0, &message, sizeof(message), -2), -EAGAIN,
		    "a time in the past");
	check_equal(made.queue.pop(0, &message, sizeof(message), 30 * ms), -ETIMEDOUT, "pop");
	for (long i = 0; i < slots; i++)
		push(made.queue, message, 0);
	check_equal(made.queue.push(0, &message, sizeof(message), 30 * ms), -ETIMEDOUT, "push");
	check(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(60),
	      "returned too early");
}

/* Those who sleep are woken, all of them. */
void wakes()
{
	constexpr int sleepers = 6, rounds = 30;
	Opened made;
	std::atomic<int> &taken = shared<std::atomic<int>>();
	std::vector<Child> consumers;

	consumers.reserve(sleepers);
	/* Each takes one message a round. */
	for (int i = 0; i < sleepers; i++)
		consumers.emplace_back([&] {
			for (int round = 1;; round++) {
				pop(made.queue);
				taken++;
				while (taken < round * sleepers)
					sleep_ms(1);
			}
		});
	for (int round = 1; round <= rounds; round++) {
		sleep_ms(5);
		for (int i = 0; i < sleepers; i++)
			push(made.queue, {1, 1}, 0);
		while (taken < round * sleepers)
			sleep_ms(1);
	}
	consumers.clear();
	for (long i = 0; i < slots; i++)
		push(made.queue, {1, 1}, 0);

	std::vector<Child> producers;

	producers.reserve(sleepers);
	for (int i = 0; i < sleepers; i++)
		producers.emplace_back([&] { push(made.queue, {2, 2}); });
	sleep_ms(20);
	for (long i = 0; i < slots + sleepers; i++)
		pop(made.queue);
	for (Child &producer : producers)
		check_equal(producer.wait(), 0, "a producer");
}

constexpr int producers_nr = 4, consumers_nr = 4;
constexpr uint64_t each = 20000;

struct Counts {
	std::atomic<uint64_t> messages, sums[producers_nr];
};

void produce(const Queue &queue, uint64_t producer)
{
	for (uint64_t i = 1; i <= each; i++)
		push(queue, {producer, i});
}

/* One producer's messages arrive in order at each consumer. */
void consume(const Queue &queue, Counts &counts)
{
	uint64_t last[producers_nr] = {};

	for (uint64_t i = 0; i < each * producers_nr / consumers_nr; i++) {
		const Message message = pop(queue);

		check(message.producer < producers_nr, "producer");
		check(message.number > last[message.producer], "order");
		last[message.producer] = message.number;
		counts.messages++;
		counts.sums[message.producer] += message.number;
	}
}

void check_counts(const Counts &counts)
{
	check_equal(static_cast<long>(counts.messages), producers_nr * each, "messages");
	for (const std::atomic<uint64_t> &sum : counts.sums)
		check_equal(static_cast<long>(sum), each * (each + 1) / 2, "sum");
}

void processes()
{
	Opened made;
	Counts &counts = shared<Counts>();
	std::vector<Child> children;

	for (uint64_t i = 0; i < producers_nr; i++)
		children.emplace_back([&, i] { produce(made.queue, i); });
	for (int i = 0; i < consumers_nr; i++)
		children.emplace_back([&] { consume(made.queue, counts); });
	for (Child &child : children)
		check_equal(child.wait(), 0, "a child");
	check_counts(counts);
}

void threads()
{
	Opened made;
	Counts counts = {};
	std::vector<std::thread> running;
	std::atomic<int> failed{0};
	const auto start = [&](auto body) {
		running.emplace_back([&failed, body] { failed += run_main(body); });
	};

	for (uint64_t i = 0; i < producers_nr; i++)
		start([&, i] { produce(made.queue, i); });
	for (int i = 0; i < consumers_nr; i++)
		start([&] { consume(made.queue, counts); });
	for (std::thread &thread : running)
		thread.join();
	check_equal(failed, 0, "threads that failed");
	check_counts(counts);
}

void many()
{
	Opened made;
	std::vector<Message> in, out(static_cast<std::size_t>(slots) + 2);
	std::vector<uint32_t> sizes(out.size());
	const auto take = [&](std::size_t count) {
		return made.queue.pop_many(0, out.data(), sizeof(Message), sizes.data(), count, 0);
	};

	for (uint64_t i = 0; i < out.size(); i++)
		in.emplace_back(1, i);
	check_equal(made.queue.push_many(0, in.data(), sizeof(Message), in.size(), ever), slots,
		    "pushed as many as fit");
	check_equal(made.queue.push_many(0, in.data(), sizeof(Message), 1, 0), -EAGAIN, "full");
	check_equal(take(3), 3, "three");
	check_equal(take(out.size()), slots - 3, "the rest");
	check_equal(take(1), -EAGAIN, "empty");
	check_equal(static_cast<long>(out[0].number), 3, "order");
	check_equal(static_cast<long>(sizes[0]), sizeof(Message), "length");
	check_equal(take(0), 0, "none asked for");
}

int event = -1;

void notify(uint32_t queue)
{
	const uint64_t one = queue + 1;

	if (write(event, &one, sizeof(one)) != sizeof(one))
		std::abort();
}

/* A consumer that waits in epoll_wait(). */
void epoll()
{
	Opened made;
	const int poll = epoll_create1(0);
	epoll_event wanted = {EPOLLIN, {}}, found;
	uint64_t value = 0;

	event = eventfd(0, 0);
	made.queue.set_callbacks({notify});
	check(!epoll_ctl(poll, EPOLL_CTL_ADD, event, &wanted), "epoll_ctl");
	check_equal(made.queue.arm(0), 0, "armed");

	Child producer([&] {
		push(made.queue, {1, 1});
		push(made.queue, {1, 2});
	});

	check_equal(epoll_wait(poll, &found, 1, -1), 1, "epoll_wait");
	check_equal(read(event, &value, sizeof(value)), sizeof(value), "read");
	check_equal(static_cast<long>(value), 1, "one event for both");
	check_equal(producer.wait(), 0, "producer");
	check_equal(made.queue.arm(0), 1, "a message is there");
	pop(made.queue, 0);
	pop(made.queue, 0);
	check_equal(made.queue.arm(0), 0, "none is there");
}

/* Its messages come from a peer of its own. @fork_: how the child is made */
void check_child(pid_t (*fork_)())
{
	Opened made;
	int status = -1;

	push(made.queue, {1, 1}, 0);

	const pid_t pid = fork_();

	if (!pid)
		_exit(run_main([&] {
			check_equal(static_cast<long>(pop(made.queue, 0).number), 1, "number");
			push(made.queue, {2, 2}, 0);
		}));
	check(waitpid(pid, &status, 0) == pid, "waitpid");
	check_equal(status, 0, "the child");
	check_equal(static_cast<long>(pop(made.queue, 0).number), 2, "the child's message");
}

void forked()
{
	check_child(fork);
}

/* No library's handler runs in the child. */
void forked_bare()
{
	check_child([] {
		return static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, 0, nullptr, nullptr, 0));
	});
}

/* Two threads of a child become one peer. */
void forked_threads()
{
	Opened made;

	for (int round = 0; round < 20; round++) {
		Child child([&] {
			std::atomic<int> failed{0}, ready{0};
			const auto body = [&] {
				ready++;
				while (ready < 2)
					;
				failed += run_main([&] { push(made.queue, {1, 1}, 0); });
			};
			std::thread other(body);

			body();
			other.join();
			check_equal(failed, 0, "threads that failed");
		});

		check_equal(child.wait(), 0, "the child");
		pop(made.queue, 0);
		pop(made.queue, 0);
	}
	check_equal(made.queue.lost(0), 0, "lost");
}

/* The numbers of dead peers are free, although a child of theirs lives. */
void orphans()
{
	const module_fds fds = module_fds::publish(image_path);
	int gate[2];

	check(!pipe(gate), "pipe");
	for (long i = 0; i < 3L * VQUEUE_PEERS; i++) {
		Child parent([&] {
			const Queue queue(fds.get());
			char byte;

			check_equal(queue.open(fds.get().shared), 0, "open");
			if (!fork()) {
				close(gate[1]);
				_exit(read(gate[0], &byte, 1) < 0);
			}
		});

		check_equal(parent.wait(), 0, "a parent");
	}
}

/* One that closes every descriptor of a process goes on, without its lock. */
void closed_descriptors()
{
	Opened made;
	Child child([&] {
		Message message;

		push(made.queue, message, 0);
		pop(made.queue, 0);
		check(!syscall(SYS_close_range, 3, ~0U, 0), "close_range");
		for (int fd = 3; fd < 10; fd++)
			check(open("/dev/null", O_RDWR) == fd, "open");
		for (int i = 0; i < 1000; i++) {
			check_equal(made.queue.push(0, &message, sizeof(message), 0), 0, "push");
			pop(made.queue, 0);
		}
		made.queue.close();
		for (int fd = 3; fd < 10; fd++)
			check(fcntl(fd, F_GETFD) >= 0, "a file of the program is closed");
	});

	check_equal(child.wait(), 0, "the child");
}

void calls()
{
	constexpr int clients_nr = 8, servers_nr = 3, rounds = 500;
	Opened made;
	std::vector<Child> clients, servers;

	clients.reserve(clients_nr);
	servers.reserve(servers_nr);
	for (int i = 0; i < servers_nr; i++)
		servers.emplace_back([&] {
			for (;;)
				serve_one(made.queue);
		});
	for (uint64_t i = 0; i < clients_nr; i++)
		clients.emplace_back([&, i] {
			for (uint64_t k = 1; k <= rounds; k++)
				check_call(made.queue, i, k);
		});
	for (Child &client : clients)
		check_equal(client.wait(), 0, "a client");
}

/* No slot stays with a client that has given up. */
void calls_without_server()
{
	Opened made;
	Message reply;
	uint64_t handle;

	for (long i = 0; i < 3L * VQUEUE_CALLS; i++)
		check_equal(call(made.queue, {1, 1}, reply, ms / 100), -ETIMEDOUT, "call");
	/* Handles of calls that are over are skipped. */
	check_equal(made.queue.serve(service, &reply, sizeof(reply), &handle, 0), -EAGAIN, "serve");
	check_equal(call(made.queue, {1, 1}, reply, 0), -EAGAIN, "call without a wait");
}

void calls_cancelled()
{
	Opened made;
	Message request, reply;
	uint64_t handle;
	Child client([&] {
		check_equal(call(made.queue, {1, 1}, reply, 20 * ms), -ETIMEDOUT, "call");
	});

	check_equal(made.queue.serve(service, &request, sizeof(request), &handle, ever),
		    sizeof(request), "serve");
	check_equal(made.queue.cancelled(handle), 0, "cancelled too early");
	check_equal(client.wait(), 0, "client");
	check_equal(made.queue.cancelled(handle), 1, "cancelled");
	check_equal(made.queue.reply(handle, &reply, sizeof(reply)), -ECANCELED, "reply");
	check_equal(made.queue.reply(~uint64_t{0}, &reply, sizeof(reply)), -EINVAL, "no handle");
}

void call_sizes()
{
	Opened made;
	std::array<char, bytes + 1> text = {};
	char byte;
	uint64_t handle;
	const auto run = [&](std::size_t request, std::size_t room, auto serve) {
		long result = 0;
		std::thread client([&] {
			result = made.queue.call(service, text.data(), request, text.data(), room,
						 ever);
		});

		serve();
		client.join();
		return result;
	};

	check_equal(run(8, bytes,
			[&] {
				check_equal(made.queue.serve(service, &byte, 1, &handle, ever),
					    -EMSGSIZE, "no room for the request");
			}),
		    -EMSGSIZE, "request too long for the server");
	check_equal(run(0, 1,
			[&] {
				check_equal(made.queue.serve(service, &byte, 1, &handle, ever), 0,
					    "serve");
				check_equal(made.queue.reply(handle, text.data(), bytes + 1),
					    -EMSGSIZE, "reply too long");
				check_equal(made.queue.reply(handle, text.data(), 2), 0, "reply");
			}),
		    -EMSGSIZE, "no room for the reply");
	check_equal(made.queue.call(service, text.data(), bytes + 1, &byte, 1, 0), -EMSGSIZE,
		    "request too long");
}

/* @after: what happens then. Its client learns of its death. */
template <typename After> void check_dead_server(After after)
{
	Opened made;
	std::atomic<int> &state = shared<std::atomic<int>>();
	Child server([&] {
		Message request;
		uint64_t handle;

		made.queue.serve(service, &request, sizeof(request), &handle, ever);
		state = 1;
		pause();
	});
	Child client([&] {
		Message reply;

		check_equal(call(made.queue, {1, 1}, reply), -ECONNRESET, "call");
	});

	while (!state)
		sleep_ms(1);
	server.end();
	after(made.queue);
	check_equal(client.wait(), 0, "client");
}

/* Nobody wakes the client. */
void server_dies()
{
	check_dead_server([](const Queue &) {});
}

/* A new peer has the number of the dead server, so the client cannot see that it is dead. */
void server_replaced()
{
	check_dead_server([](const Queue &queue) {
		Child next([&] {
			Message message;

			check_equal(queue.pop(0, &message, sizeof(message), 0), -EAGAIN, "pop");
		});

		check_equal(next.wait(), 0, "the new peer");
	});
}

/* Their slots are given to others. */
void clients_die()
{
	Opened made;

	for (int round = 0; round < 3; round++) {
		std::vector<Child> clients;

		for (unsigned int i = 0; i < VQUEUE_CALLS; i++)
			clients.emplace_back([&] {
				Message reply;

				call(made.queue, {1, 1}, reply);
			});
		while (made.queue.length(service) < static_cast<long>(VQUEUE_CALLS))
			sleep_ms(1);
		clients.clear();

		/* Requests of the dead are served as well. */
		Child server([&] {
			for (;;)
				serve_one(made.queue);
		});

		check_call(made.queue, 5, 6);
	}
}

/* What a peer that writes anything anywhere may cause: these results and no others. */
bool is_allowed(long result)
{
	return result == -EAGAIN || result == -ETIMEDOUT || result == -EBADMSG ||
	       result == -EMSGSIZE || (result >= 0 && result <= bytes);
}

void scribble(char *memory, std::size_t size, unsigned int seed)
{
	std::mt19937_64 random(seed);
	auto *words = reinterpret_cast<std::atomic<uint64_t> *>(memory);

	for (;;) {
		std::atomic<uint64_t> &word = words[random() % (size / sizeof(uint64_t))];

		switch (random() % 4) {
		case 0:
			word = random();
			break;
		case 1:
			word += random() % 16 << random() % 64;
			break;
		case 2:
			word = random() % 8;
			break;
		default:
			word ^= uint64_t{1} << random() % 64;
		}
	}
}

/* A buffer whose end is followed by memory without access. */
char *guarded(std::size_t size)
{
	const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
	char *start = static_cast<char *>(mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE,
					       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	check(start != MAP_FAILED && !mprotect(start + page, page, PROT_NONE), "mmap");
	return start + page - size;
}

void scribbled()
{
	Opened made;
	const auto size = static_cast<std::size_t>(lseek(made.fds.get().shared, 0, SEEK_END));
	char *memory = static_cast<char *>(
		mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, made.fds.get().shared, 0));
	constexpr std::size_t large = 4096;
	char *room = guarded(large);
	std::vector<Child> children;

	check(memory != MAP_FAILED, "mmap");
	for (unsigned int seed = 1; seed <= 2; seed++)
		children.emplace_back([&, seed] { scribble(memory, size, seed); });
	for (int i = 0; i < 20000; i++) {
		const int64_t timeout = i % 50 ? 0 : ms / 10;

		check(is_allowed(made.queue.push(0, room + large - bytes, bytes, timeout)), "push");
		check(is_allowed(made.queue.pop(0, room, large, timeout)), "pop");
		check(made.queue.length(0) >= 0, "length");
	}
}

const std::map<std::string, void (*)()> cases = {
	{"order", order},
	{"lengths", lengths},
	{"faults", faults},
	{"timeouts", timeouts},
	{"wakes", wakes},
	{"processes", processes},
	{"threads", threads},
	{"many", many},
	{"epoll", epoll},
	{"forked", forked},
	{"forked-bare", forked_bare},
	{"forked-threads", forked_threads},
	{"orphans", orphans},
	{"closed-descriptors", closed_descriptors},
	{"calls", calls},
	{"calls-without-server", calls_without_server},
	{"calls-cancelled", calls_cancelled},
	{"call-sizes", call_sizes},
	{"server-dies", server_dies},
	{"server-replaced", server_replaced},
	{"clients-die", clients_die},
	{"scribbled", scribbled},
};

} // namespace

int main(int argc, char **argv)
{
	return run_case(cases, argc, argv);
}
