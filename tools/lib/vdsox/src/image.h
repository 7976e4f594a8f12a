/* SPDX-License-Identifier: MIT */
/*
 * Looks up symbols by name and version in a vDSO image in memory.
 *
 * The image may be malformed: every read is checked to lie within the first PT_LOAD, and
 * every walk is bounded. The code allocates no memory, has no global state and calls no
 * library function, so that it may run before the program's libraries are initialized.
 */
#ifndef VDSOX_IMAGE_H
#define VDSOX_IMAGE_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

namespace vdsox
{

/* The structures of one ELF class. */
struct Elf32 {
	using Header = Elf32_Ehdr;
	using Segment = Elf32_Phdr;
	using Dynamic = Elf32_Dyn;
	using Symbol = Elf32_Sym;
	using Word = uint32_t; /* a word of the Bloom filter, or an address */
	static constexpr unsigned char ident = ELFCLASS32;
};

struct Elf64 {
	using Header = Elf64_Ehdr;
	using Segment = Elf64_Phdr;
	using Dynamic = Elf64_Dyn;
	using Symbol = Elf64_Sym;
	using Word = uint64_t;
	static constexpr unsigned char ident = ELFCLASS64;
};

template <typename Elf> class Image
{
public:
	/*
	 * @base: the ELF header. @mapped: upper limit of the image's size; the first
	 * PT_LOAD may be shorter.
	 */
	Image(const unsigned char *base, size_t mapped) : base_(base), size_(mapped)
	{
		good_ = read_segments() && read_dynamic();
	}

	/* False if the image is malformed; find() then returns 0. */
	bool good() const { return good_; }

	/*
	 * The offset from @base of function @name with version @version; 0 if the image
	 * does not export it or is malformed.
	 */
	size_t find(const char *name, const char *version) const
	{
		if (!good_)
			return 0;
		return gnu_ ? find_by_gnu_hash(name, version) : find_by_sysv_hash(name, version);
	}

private:
	using Word = typename Elf::Word;
	using Symbol = typename Elf::Symbol;

	static constexpr unsigned int most_segments = 64;
	static constexpr unsigned int most_tags = 256;
	static constexpr unsigned int most_versions = 64;
	static constexpr uint16_t version_bits = 0x7fff; /* the top bit hides a symbol */

	template <typename T> bool read(size_t offset, T &value) const
	{
		if (offset > size_ || sizeof(value) > size_ - offset)
			return false;
		/* @offset may be misaligned if the image is malformed. */
		__builtin_memcpy(&value, base_ + offset, sizeof(value));
		return true;
	}

	/* Reads element @index of a table; the checks exclude an overflow of the offset. */
	template <typename T> bool read_element(size_t table, size_t index, T &value) const
	{
		return table <= size_ && index <= (size_ - table) / sizeof(value) &&
		       read(table + index * sizeof(value), value);
	}

	/* Offset of a virtual address in the image; read() rejects an invalid one. */
	size_t offset_of(Word address) const
	{
		return static_cast<size_t>(static_cast<Word>(address - bias_));
	}

	bool is_text(size_t offset, const char *wanted) const
	{
		char c;

		/* The string must start within the string table, and ends at its end. */
		for (; offset >= strings_ && offset - strings_ < strings_size_; offset++) {
			if (!read(offset, c) || c != *wanted)
				return false;
			if (!*wanted++)
				return true;
		}
		return false;
	}

	bool read_segments();
	bool read_dynamic();
	void take_tag(Word tag, Word value);
	bool has_version(size_t index, const char *version) const;
	bool is_wanted(size_t index, const char *name, const char *version, size_t &offset) const;
	size_t find_by_gnu_hash(const char *name, const char *version) const;
	size_t find_by_sysv_hash(const char *name, const char *version) const;

	const unsigned char *base_;
	size_t size_;
	size_t dynamic_ = 0;
	size_t dynamic_size_ = 0;
	size_t strings_ = 0;
	size_t strings_size_ = 0;
	size_t symbols_ = 0;
	size_t sysv_ = 0;
	size_t gnu_ = 0;
	size_t versym_ = 0;
	size_t verdef_ = 0;
	Word bias_ = 0;
	bool good_ = false;
};

extern template class Image<Elf32>;
extern template class Image<Elf64>;

} // namespace vdsox

#endif
