// SPDX-License-Identifier: GPL-2.0
/* See transports.h. */
#include "transports.h"

#include <fcntl.h>
#include <mqueue.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include <boost/interprocess/ipc/message_queue.hpp>
#include <cerrno>
#include <cstdint>

#include "vqueue.hpp"

namespace ipc
{

namespace
{

Images images;

class Vqueue
{
public:
	explicit Vqueue(const Shape &shape)
	    : bytes_(shape.bytes), fds_(vdsox::module_fds::publish(images.at(shape.bytes))),
	      queue_(fds_.get())
	{
	}
	void finish() {}
	void open(bool, unsigned int) { require(!queue_.open(fds_.get().shared), "vqueue: open"); }
	void send(const char *message)
	{
		require(!queue_.push(0, message, bytes_, -1), "vqueue: push");
	}
	void receive(char *message)
	{
		require(queue_.pop(0, message, bytes_, -1) == static_cast<long>(bytes_),
			"vqueue: pop");
	}

private:
	std::size_t bytes_;
	vdsox::module_fds fds_;
	vqueue_module::attached queue_;
};

/* The usual one: a mutex and two conditions that processes share. */
class Ring
{
public:
	explicit Ring(const Shape &shape) : bytes_(shape.bytes)
	{
		void *made = mmap(nullptr, sizeof(State) + depth * bytes_, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		pthread_mutexattr_t mutex;
		pthread_condattr_t condition;

		require(made != MAP_FAILED, "ring: mmap");
		state_ = static_cast<State *>(made);
		slots_ = static_cast<char *>(made) + sizeof(State);
		pthread_mutexattr_init(&mutex);
		pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED);
		pthread_mutex_init(&state_->mutex, &mutex);
		pthread_condattr_init(&condition);
		pthread_condattr_setpshared(&condition, PTHREAD_PROCESS_SHARED);
		pthread_cond_init(&state_->has_message, &condition);
		pthread_cond_init(&state_->has_room, &condition);
	}
	~Ring() { munmap(state_, sizeof(State) + depth * bytes_); }
	Ring(const Ring &) = delete;
	Ring &operator=(const Ring &) = delete;

	void open(bool, unsigned int) {}
	void finish() {}
	void send(const char *message)
	{
		pthread_mutex_lock(&state_->mutex);
		while (state_->tail - state_->head == depth)
			pthread_cond_wait(&state_->has_room, &state_->mutex);
		std::memcpy(slots_ + state_->tail++ % depth * bytes_, message, bytes_);
		pthread_cond_signal(&state_->has_message);
		pthread_mutex_unlock(&state_->mutex);
	}
	void receive(char *message)
	{
		pthread_mutex_lock(&state_->mutex);
		while (state_->tail == state_->head)
			pthread_cond_wait(&state_->has_message, &state_->mutex);
		std::memcpy(message, slots_ + state_->head++ % depth * bytes_, bytes_);
		pthread_cond_signal(&state_->has_room);
		pthread_mutex_unlock(&state_->mutex);
	}

private:
	struct State {
		pthread_mutex_t mutex;
		pthread_cond_t has_message, has_room;
		std::uint64_t head, tail;
	};

	std::size_t bytes_;
	State *state_;
	char *slots_;
};

/* Two descriptors, of a pipe or a pair of sockets. */
class Descriptors
{
public:
	explicit Descriptors(const Shape &shape) : bytes_(shape.bytes) {}
	~Descriptors()
	{
		close(ends_[0]);
		close(ends_[1]);
	}
	Descriptors(const Descriptors &) = delete;
	Descriptors &operator=(const Descriptors &) = delete;

	void open(bool, unsigned int) {}
	void finish() {}
	void send(const char *message)
	{
		for (std::size_t done = 0; done < bytes_;) {
			const ssize_t got = write(ends_[1], message + done, bytes_ - done);

			require(got > 0, "write");
			done += static_cast<std::size_t>(got);
		}
	}
	void receive(char *message)
	{
		for (std::size_t done = 0; done < bytes_;) {
			const ssize_t got = read(ends_[0], message + done, bytes_ - done);

			require(got > 0, "read");
			done += static_cast<std::size_t>(got);
		}
	}

protected:
	std::size_t bytes_;
	int ends_[2] = {-1, -1};
};

/* A message is at most PIPE_BUF bytes, so none is torn. */
struct Pipe : Descriptors {
	explicit Pipe(const Shape &shape) : Descriptors(shape) { require(!pipe(ends_), "pipe"); }
};

template <int type> struct Socket : Descriptors {
	explicit Socket(const Shape &shape) : Descriptors(shape)
	{
		require(!socketpair(AF_UNIX, type, 0, ends_), "socketpair");
	}
};

std::string own_name()
{
	static unsigned int count;

	return "vdsox-bench-" + std::to_string(getpid()) + "-" + std::to_string(count++);
}

class PosixQueue
{
public:
	explicit PosixQueue(const Shape &shape) : bytes_(shape.bytes)
	{
		const std::string name = "/" + own_name();
		mq_attr attributes = {};

		attributes.mq_msgsize = static_cast<long>(bytes_);
		/* As many as may be, if not that many. */
		for (long count : {long{depth}, 10L}) {
			attributes.mq_maxmsg = count;
			queue_ =
				mq_open(name.c_str(), O_CREAT | O_EXCL | O_RDWR, 0600, &attributes);
			if (queue_ >= 0)
				break;
		}
		require(queue_ >= 0, "mq_open");
		mq_unlink(name.c_str());
	}
	~PosixQueue() { mq_close(queue_); }
	PosixQueue(const PosixQueue &) = delete;
	PosixQueue &operator=(const PosixQueue &) = delete;

	void open(bool, unsigned int) {}
	void finish() {}
	void send(const char *message) { require(!mq_send(queue_, message, bytes_, 0), "mq_send"); }
	void receive(char *message)
	{
		require(mq_receive(queue_, message, bytes_, nullptr) >= 0, "mq_receive");
	}

private:
	std::size_t bytes_;
	mqd_t queue_ = -1;
};

class Boost
{
public:
	explicit Boost(const Shape &shape)
	    : bytes_(shape.bytes), name_(own_name()),
	      queue_(boost::interprocess::create_only, name_.c_str(), depth, bytes_)
	{
		boost::interprocess::message_queue::remove(name_.c_str());
	}
	void open(bool, unsigned int) {}
	void finish() {}
	void send(const char *message) { queue_.send(message, bytes_, 0); }
	void receive(char *message)
	{
		std::size_t got = 0;
		unsigned int priority = 0;

		queue_.receive(message, bytes_, got, priority);
		require(got == bytes_, "boost: receive");
	}

private:
	std::size_t bytes_;
	std::string name_;
	boost::interprocess::message_queue queue_;
};

/* The only one of its side binds; each of several connects. */
class ZeroMq
{
public:
	explicit ZeroMq(const Shape &shape)
	    : bytes_(shape.bytes), producer_binds_(shape.consumers > 1),
	      path_("/tmp/" + own_name()), parent_(getpid())
	{
	}
	~ZeroMq()
	{
		if (getpid() == parent_)
			unlink(path_.c_str());
	}
	ZeroMq(const ZeroMq &) = delete;
	ZeroMq &operator=(const ZeroMq &) = delete;

	/* Its threads are no process's after fork(), so each has a context of its own. */
	void open(bool producer, unsigned int)
	{
		const std::string address = "ipc://" + path_;

		context_ = zmq_ctx_new();
		socket_ = zmq_socket(context_, producer ? ZMQ_PUSH : ZMQ_PULL);
		require(socket_, "zmq_socket");
		if (producer == producer_binds_)
			require(!zmq_bind(socket_, address.c_str()), "zmq_bind");
		else
			require(!zmq_connect(socket_, address.c_str()), "zmq_connect");
	}
	void send(const char *message)
	{
		require(zmq_send(socket_, message, bytes_, 0) >= 0, "zmq_send");
	}
	void receive(char *message)
	{
		require(zmq_recv(socket_, message, bytes_, 0) >= 0, "zmq_recv");
	}
	/* What was sent is sent by a thread, which waits for the receivers. */
	void finish()
	{
		zmq_close(socket_);
		zmq_ctx_term(context_);
	}

private:
	std::size_t bytes_;
	bool producer_binds_;
	std::string path_;
	pid_t parent_;
	void *context_ = nullptr;
	void *socket_ = nullptr;
};

template <typename Transport> std::unique_ptr<Loops> make(const Shape &shape)
{
	return std::make_unique<LoopsOf<Transport>>(shape);
}

} // namespace

void set_images(const Images &found)
{
	images = found;
}

/* ZeroMQ: at most one side has several, and its consumers do not share evenly. */
const std::vector<Kind> kinds = {
	{"vqueue", true, true, make<Vqueue>},
	{"ring", true, true, make<Ring>},
	{"pipe", true, true, make<Pipe>},
	{"unix-stream", true, false, make<Socket<SOCK_STREAM>>},
	{"unix-seqpacket", true, true, make<Socket<SOCK_SEQPACKET>>},
	{"posix-mq", true, true, make<PosixQueue>},
	{"boost", true, true, make<Boost>},
	{"zeromq", true, false, make<ZeroMq>},
};

} // namespace ipc
