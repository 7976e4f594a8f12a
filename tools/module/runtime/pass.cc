// SPDX-License-Identifier: MIT
/* Passes a module's descriptors to other processes. */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>

#include "failure.h"
#include "runtime.h"
#include "text.h"
#include "vdsox_module.h"

namespace modules
{

namespace
{

/* The byte that carries the descriptors. */
constexpr char greeting = 'v';
constexpr std::size_t most_fds = 2;
/* Newer than some C libraries. */
constexpr int scm_pidfd = 4;

/*
 * Storage of control messages that is aligned as their headers need. A socket may be set so
 * that each message also has credentials, a descriptor of its sender, and a label.
 */
union Control {
	cmsghdr header;
	char bytes[CMSG_SPACE(most_fds * sizeof(int)) + CMSG_SPACE(sizeof(ucred)) +
		   CMSG_SPACE(sizeof(int)) + CMSG_SPACE(256)];
};

void send(int socket, vdsox_module_fds fds)
{
	const std::array<int, most_fds> list = {fds.image, fds.shared};
	const std::size_t count = fds.shared < 0 ? 1 : most_fds;
	char byte = greeting;
	iovec vector = {&byte, 1};
	Control control = {};
	msghdr message = {};

	message.msg_iov = &vector;
	message.msg_iovlen = 1;
	message.msg_control = control.bytes;
	message.msg_controllen = CMSG_SPACE(count * sizeof(int));
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
	std::memcpy(CMSG_DATA(&control.header), list.data(), count * sizeof(int));
	while (sendmsg(socket, &message, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			throw system_failure("sendmsg");
}

/*
 * The descriptors of a received message, which the caller has to close; what else it has is
 * closed here. Their number.
 */
std::size_t take(msghdr &message, std::array<int, most_fds> &list)
{
	std::size_t count = 0;

	for (cmsghdr *part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
		const bool is_rights = part->cmsg_type == SCM_RIGHTS;

		if (part->cmsg_level != SOL_SOCKET || !(is_rights || part->cmsg_type == scm_pidfd))
			continue;
		for (std::size_t at = CMSG_LEN(0); at + sizeof(int) <= part->cmsg_len;
		     at += sizeof(int)) {
			int fd = -1;

			std::memcpy(&fd, CMSG_DATA(part) + (at - CMSG_LEN(0)), sizeof(int));
			if (is_rights && count < most_fds)
				list[count] = fd;
			else
				close(fd);
			count += is_rights;
		}
	}
	return count;
}

void receive(int socket, vdsox_module_fds &fds)
{
	std::array<int, most_fds> list = {-1, -1};
	char byte = 0;
	iovec vector = {&byte, 1};
	Control control = {};
	msghdr message = {};
	ssize_t got = -1;

	message.msg_iov = &vector;
	message.msg_iovlen = 1;
	message.msg_control = control.bytes;
	message.msg_controllen = sizeof(control.bytes);
	while ((got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) < 0)
		if (errno != EINTR)
			throw system_failure("recvmsg");

	const std::size_t count = take(message, list);
	Descriptor image(list[0]);
	Descriptor shared(list[1]);

	if (got != 1 || byte != greeting || !count || count > most_fds ||
	    message.msg_flags & MSG_CTRUNC)
		throw Failure(EPROTO, "the socket's message is no module");
	fds.image = image.release();
	fds.shared = shared.release();
}

std::string variable(const char *name)
{
	return std::string("VDSOX_MODULE_") + name;
}

void set_cloexec(int fd, bool on)
{
	if (fd >= 0 && fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0))
		throw system_failure("descriptor " + std::to_string(fd));
}

int parse_fd(const std::string &text)
{
	const long number = vdsogen::parse_number(text).value_or(-2);

	if (number < -1 || number > 1 << 20)
		throw Failure(EPROTO, "'" + text + "' is no descriptor");
	return static_cast<int>(number);
}

bool is_sealed_file(int fd)
{
	const int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & shared_seals) == shared_seals;
}

void from_environment(const char *name, vdsox_module_fds &fds)
{
	/* A program with more rights than its caller takes no code from that. */
	const char *value = secure_getenv(variable(name).c_str());

	if (!value)
		throw Failure(ENOENT, variable(name) + " is not set");

	const std::vector<std::string> parts = vdsogen::split(value, ',');

	if (parts.size() != 2)
		throw Failure(EPROTO, variable(name) + " has no two descriptors");

	const vdsox_module_fds found = {parse_fd(parts[0]), parse_fd(parts[1])};

	/* Other descriptors of the program are not touched. */
	if (!is_sealed_file(found.image) || (found.shared >= 0 && !is_sealed_file(found.shared)))
		throw Failure(EPROTO, variable(name) + " has descriptors of something else");
	set_cloexec(found.image, true);
	set_cloexec(found.shared, true);
	if (unsetenv(variable(name).c_str()))
		throw system_failure("unsetenv");
	fds = found;
}

} // namespace

} // namespace modules

using namespace modules;

extern "C" int vdsox_module_send(int socket, struct vdsox_module_fds fds) noexcept
{
	return guarded([=] { send(socket, fds); });
}

extern "C" int vdsox_module_receive(int socket, struct vdsox_module_fds *fds) noexcept
{
	return guarded([=] { receive(socket, *fds); });
}

extern "C" int vdsox_module_to_environment(const char *name, struct vdsox_module_fds fds) noexcept
{
	return guarded([=] {
		const std::string value =
			std::to_string(fds.image) + "," + std::to_string(fds.shared);

		set_cloexec(fds.image, false);
		set_cloexec(fds.shared, false);
		if (setenv(variable(name).c_str(), value.c_str(), 1))
			throw system_failure("setenv");
	});
}

extern "C" int vdsox_module_from_environment(const char *name,
					     struct vdsox_module_fds *fds) noexcept
{
	return guarded([=] { from_environment(name, *fds); });
}

extern "C" void vdsox_module_close(struct vdsox_module_fds *fds) noexcept
{
	for (int *fd : {&fds->image, &fds->shared}) {
		if (*fd >= 0)
			close(*fd);
		*fd = -1;
	}
}
