// SPDX-License-Identifier: MIT
/* Makes a module's sealed memory files. */
#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <sstream>

#include "check.h"
#include "failure.h"
#include "runtime.h"
#include "vdsox_module.h"

namespace modules
{

namespace
{

int create(const std::string &name)
{
	/* Kernels before 6.3 do not know the first; vm.memfd_noexec=2 allows nothing else. */
	int fd = memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING | mfd_noexec_seal);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		throw system_failure("memfd_create");
	return fd;
}

void write_all(int fd, std::string_view bytes, std::uint64_t offset)
{
	while (!bytes.empty()) {
		const ssize_t done =
			pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));

		if (done < 0 && errno != EINTR)
			throw system_failure("write to a memory file");
		if (done > 0) {
			bytes.remove_prefix(static_cast<std::size_t>(done));
			offset += static_cast<std::uint64_t>(done);
		}
	}
}

void seal(int fd, int seals)
{
	if (fcntl(fd, F_ADD_SEALS, seals))
		throw system_failure("seals of a memory file");
}

SharedMark mark_of(const Image &image)
{
	SharedMark mark = {};

	std::strncpy(mark.module, image.note.module.c_str(), sizeof(mark.module) - 1);
	mark.layout = image.note.layout;
	mark.size = image.note.shared_size;
	return mark;
}

int make_shared(const Image &image, unsigned int flags)
{
	const SharedMark mark = mark_of(image);
	Descriptor shared(create(image.note.module + "-shared"));

	if (ftruncate(shared.get(), static_cast<off_t>(image.distance)))
		throw system_failure("size of the shared data");
	write_all(shared.get(), {reinterpret_cast<const char *>(&mark), sizeof(mark)},
		  image.distance - sizeof(mark));
	seal(shared.get(),
	     shared_seals | (flags & VDSOX_MODULE_PUBLISHER_WRITES ? 0 : F_SEAL_SEAL));
	return shared.release();
}

} // namespace

Image read_valid(const std::string &name, std::string_view bytes)
{
	vdsogen::Diagnostics faults(name);
	Image image = read_image(vdsogen::View(bytes), faults);

	if (!faults.empty()) {
		std::ostringstream text;

		faults.print(text);
		throw Failure(ENOEXEC, text.str().substr(0, text.str().find('\n')));
	}
	return image;
}

std::string read_descriptor(int fd)
{
	struct stat status;
	std::string bytes;

	if (fstat(fd, &status))
		throw system_failure("image");
	if (!S_ISREG(status.st_mode) || static_cast<std::uint64_t>(status.st_size) > longest_image)
		throw Failure(ENOEXEC, "image: is no regular file of at most 16 MiB");
	bytes.resize(static_cast<std::size_t>(status.st_size));
	for (std::size_t done = 0; done < bytes.size();) {
		const ssize_t got =
			pread(fd, &bytes[done], bytes.size() - done, static_cast<off_t>(done));

		if (!got)
			throw Failure(ENOEXEC, "image: has become shorter");
		if (got < 0 && errno != EINTR)
			throw system_failure("image");
		done += got > 0 ? static_cast<std::size_t>(got) : 0;
	}
	return bytes;
}

} // namespace modules

using namespace modules;

extern "C" int vdsox_module_publish(const char *path, unsigned int flags,
				    struct vdsox_module_fds *fds) noexcept
{
	return guarded([=] {
		if (flags & ~static_cast<unsigned int>(VDSOX_MODULE_PUBLISHER_WRITES))
			throw Failure(EINVAL, "unknown flags");

		Descriptor file(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));

		if (file.get() < 0)
			throw system_failure(path);

		const std::string bytes = read_descriptor(file.get());
		const Image image = read_valid(path, bytes);
		Descriptor memory(create(image.note.module));

		write_all(memory.get(), bytes, 0);
		seal(memory.get(), image_seals | F_SEAL_SEAL);
		fds->shared = image.distance ? make_shared(image, flags) : -1;
		fds->image = memory.release();
	});
}

extern "C" int vdsox_module_protect(struct vdsox_module_fds fds) noexcept
{
	return guarded([=] { seal(fds.shared, F_SEAL_FUTURE_WRITE | F_SEAL_SEAL); });
}
