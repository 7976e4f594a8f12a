// SPDX-License-Identifier: MIT
/* Verifies and maps a module. */
#include <elf.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>
#include <memory>

#include "failure.h"
#include "runtime.h"
#include "vdsox_module.h"

struct vdsox_module {
	char *start = nullptr; /* of the reserved range */
	std::size_t length = 0;
	char *base = nullptr; /* of the image */
	void *callbacks = nullptr;
	bool sealed = false;
};

namespace modules
{

namespace
{

/* Newer than some C libraries; the same on all architectures. */
constexpr long mseal_number = 462;

using Attached = struct vdsox_module;
using Segment = vdsogen::Segment;

std::size_t page_up(std::uint64_t value)
{
	const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));

	return static_cast<std::size_t>((value + page - 1) & ~(page - 1));
}

void require_seals(int fd, int wanted, const char *what)
{
	const int seals = fcntl(fd, F_GET_SEALS);
	struct statfs system;

	/* A file of huge pages would be mapped beyond its length, over what lies there. */
	if (seals < 0 || fstatfs(fd, &system) || system.f_type != TMPFS_MAGIC)
		throw Failure(seals < 0 && errno != EINVAL ? errno : EPERM,
			      std::string(what) + ": is no memory file that can be sealed");
	if ((seals & wanted) != wanted)
		throw Failure(EPERM, std::string(what) + ": lacks a seal");
}

void check_machine(const Image &image)
{
#if defined(__x86_64__)
	constexpr std::uint64_t machine = EM_X86_64;
#elif defined(__aarch64__)
	constexpr std::uint64_t machine = EM_AARCH64;
#else
#error "modules are for x86-64 and arm64"
#endif
	if (image.elf.header.machine != machine)
		throw Failure(ENOEXEC, "image: is of another machine");
	if (image.align < static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)))
		throw Failure(ENOEXEC, "image: is for smaller pages than this kernel's");
}

/* The shared data are those of this image's module. */
void check_shared(const Image &image, int fd)
{
	SharedMark mark;
	struct stat status;

	if (!image.distance)
		return;
	require_seals(fd, shared_seals, "shared data");
	if (fstat(fd, &status))
		throw system_failure("shared data");
	if (static_cast<std::uint64_t>(status.st_size) != image.distance)
		throw Failure(EPROTO, "shared data: have another size than the image's");
	if (pread(fd, &mark, sizeof(mark), static_cast<off_t>(image.distance - sizeof(mark))) !=
	    sizeof(mark))
		throw Failure(EIO, "shared data: cannot be read");
	if (std::string(mark.module, strnlen(mark.module, sizeof(mark.module))) !=
		    image.note.module ||
	    mark.layout != image.note.layout || mark.size != image.note.shared_size)
		throw Failure(EPROTO, "shared data: are those of another module");
}

/* The address of an export in the image; 0 if there is none. */
std::uint64_t find_export(const Image &image, const std::string &name, std::uint64_t flags,
			  std::uint64_t size)
{
	const std::string version =
		image.note.module + "_" + std::to_string(image.note.version.major);
	const unsigned int type = flags & PF_X ? STT_FUNC : STT_OBJECT;

	for (const vdsogen::DynamicSymbol &found : image.dynamic.symbols) {
		const std::uint64_t value = found.symbol.value;

		if (found.symbol.name != name)
			continue;
		if (found.symbol.type != type || found.version != version || found.hidden)
			throw Failure(ENOEXEC, "image: " + name + " has a wrong type or version");

		const Segment *load = image.elf.find_load(value);

		if (!load || load->flags != flags || load->vaddr + load->memsz - value < size)
			throw Failure(ENOEXEC, "image: " + name + " lies outside of its segment");
		return value;
	}
	return 0;
}

std::string version_of(const Note &note)
{
	return note.module + " " + to_string(note.version);
}

std::string version_of(const vdsox_module_interface &wanted)
{
	return wanted.name + (" " + to_string(Version{wanted.major, wanted.minor}));
}

void check_version(const vdsox_module_interface &wanted, const Note &note)
{
	if (note.module != wanted.name || note.version.major != wanted.major)
		throw Failure(EPROTO,
			      "image: is " + version_of(note) + ", not " + version_of(wanted));
}

/* The entries' addresses in the image. */
std::vector<std::uint64_t> find_entries(const vdsox_module_interface &wanted, const Image &image)
{
	std::vector<std::uint64_t> found;

	for (unsigned int i = 0; i < wanted.nr_functions; i++) {
		const vdsox_module_function &function = wanted.functions[i];

		found.push_back(find_export(image, function.symbol, PF_R | PF_X, 1));
		if (!found.back())
			throw Failure(EPROTO,
				      "image: is " + version_of(image.note) + ", and " +
					      function.symbol + " is there since " +
					      to_string(Version{wanted.major, function.since}));
	}
	return found;
}

/* The address of the structure with the process's functions; 0 if the program has none. */
std::uint64_t find_callbacks(const vdsox_module_interface &wanted, const Image &image)
{
	if (!wanted.callbacks)
		return 0;
	for (const vdsogen::DynamicSymbol &found : image.dynamic.symbols)
		if (found.symbol.name == wanted.callbacks &&
		    found.symbol.size >= wanted.callbacks_size)
			return find_export(image, wanted.callbacks, PF_R | PF_W,
					   wanted.callbacks_size);
	throw Failure(EPROTO, "image: is " + version_of(image.note) +
				      ", which lacks callbacks of " + version_of(wanted));
}

/* Maps the parts of an image into a range that nothing else has. */
class Mapping
{
public:
	Mapping(const Image &image, vdsox_module_fds fds, unsigned int flags)
	    : image_(image), fds_(fds), flags_(flags), made_(new Attached)
	{
	}
	~Mapping()
	{
		if (made_ && made_->start)
			munmap(made_->start, made_->length);
	}
	Mapping(const Mapping &) = delete;
	Mapping &operator=(const Mapping &) = delete;

	Attached &run()
	{
		reserve();
		if (image_.distance)
			map_shared();
		for (const Segment &segment : image_.elf.segments)
			if (segment.type == PT_LOAD && segment.memsz)
				map_segment(segment);
		for (const auto &[where, addend] : image_.relocations) {
			const char *value = made_->base + addend;

			std::memcpy(made_->base + where, &value, sizeof(value));
		}
		if (flags_ & VDSOX_MODULE_SEAL)
			seal();
		return *made_;
	}

	Attached *release() { return made_.release(); }

private:
	void reserve()
	{
		const std::size_t size = page_up(image_.size);
		const std::size_t spare = static_cast<std::size_t>(image_.align);

		made_->length = static_cast<std::size_t>(image_.distance) + size + spare;

		void *start = mmap(nullptr, made_->length, PROT_NONE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		if (start == MAP_FAILED)
			throw system_failure("address range of the module");
		made_->start = static_cast<char *>(start);

		const auto address = reinterpret_cast<std::uintptr_t>(start) +
				     static_cast<std::uintptr_t>(image_.distance);
		const std::uintptr_t skip = -address & (image_.align - 1);

		made_->base = made_->start + image_.distance + skip;
	}

	static bool try_map(char *at, std::size_t size, int prot, int flags, int fd,
			    std::uint64_t offset)
	{
		return mmap(at, size, prot, flags | MAP_FIXED, fd, static_cast<off_t>(offset)) !=
		       MAP_FAILED;
	}

	static void map(char *at, std::size_t size, int prot, int flags, int fd,
			std::uint64_t offset)
	{
		if (!try_map(at, size, prot, flags, fd, offset))
			throw system_failure("mapping of the module");
	}

	/* Without write permission if vdsox_module_protect() was called. */
	void map_shared()
	{
		char *at = made_->base - image_.distance;
		const auto size = static_cast<std::size_t>(image_.distance);
		const bool writable =
			!(flags_ & VDSOX_MODULE_READ_ONLY) &&
			try_map(at, size, PROT_READ | PROT_WRITE, MAP_SHARED, fds_.shared, 0);

		if (!writable)
			map(at, size, PROT_READ, MAP_SHARED, fds_.shared, 0);
	}

	void map_segment(const Segment &segment)
	{
		const int prot = PROT_READ | (segment.flags & PF_X ? PROT_EXEC : 0) |
				 (segment.flags & PF_W ? PROT_WRITE : 0);
		char *at = made_->base + segment.vaddr;
		const std::size_t in_file = page_up(segment.filesz);
		const std::size_t whole = page_up(segment.memsz);

		if (in_file)
			map(at, in_file, prot, MAP_PRIVATE, fds_.image, segment.offset);
		if (whole > in_file)
			map(at + in_file, whole - in_file, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			    0);
		/* The rest of its last page in the file is of something else. */
		if (segment.flags & PF_W)
			std::memset(at + segment.filesz, 0,
				    in_file - static_cast<std::size_t>(segment.filesz));
	}

	/* Kernels before 6.10 have no mseal(): the mappings stay changeable there. */
	void seal()
	{
		for (const Segment &segment : image_.elf.segments)
			if (segment.type == PT_LOAD && !(segment.flags & PF_W))
				made_->sealed |= !syscall(mseal_number, made_->base + segment.vaddr,
							  page_up(segment.memsz), 0UL);
		if (image_.distance && made_->sealed)
			syscall(mseal_number, made_->base - image_.distance,
				static_cast<std::size_t>(image_.distance), 0UL);
	}

	const Image &image_;
	const vdsox_module_fds fds_;
	const unsigned int flags_;
	std::unique_ptr<Attached> made_;
};

void attach(const vdsox_module_interface &wanted, vdsox_module_fds fds, unsigned int flags,
	    Attached **module, void **functions)
{
	if (flags & ~static_cast<unsigned int>(VDSOX_MODULE_READ_ONLY | VDSOX_MODULE_SEAL))
		throw Failure(EINVAL, "unknown flags");
	require_seals(fds.image, image_seals, "image");

	const std::string bytes = read_descriptor(fds.image);
	const Image image = read_valid("image", bytes);

	check_machine(image);
	check_version(wanted, image.note);
	check_shared(image, fds.shared);

	const std::vector<std::uint64_t> entries = find_entries(wanted, image);
	const std::uint64_t callbacks = find_callbacks(wanted, image);
	Mapping mapping(image, fds, flags);
	Attached &made = mapping.run();

	made.callbacks = callbacks ? made.base + callbacks : nullptr;
	for (std::size_t i = 0; i < entries.size(); i++)
		functions[i] = made.base + entries[i];
	*module = mapping.release();
}

} // namespace

} // namespace modules

using namespace modules;

extern "C" int vdsox_module_attach(const struct vdsox_module_interface *wanted,
				   struct vdsox_module_fds fds, unsigned int flags,
				   struct vdsox_module **module, void **functions) noexcept
{
	return guarded([=] { attach(*wanted, fds, flags, module, functions); });
}

extern "C" void vdsox_module_detach(struct vdsox_module *module) noexcept
{
	if (!module)
		return;
	if (!module->sealed)
		munmap(module->start, module->length);
	delete module;
}

extern "C" void *vdsox_module_callbacks(struct vdsox_module *module) noexcept
{
	return module->callbacks;
}
