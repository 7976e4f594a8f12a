// SPDX-License-Identifier: MIT
#include "image.h"

namespace vdsox
{

namespace
{

uint32_t sysv_hash(const char *name)
{
	uint32_t hash = 0;

	for (; *name; name++) {
		hash = (hash << 4) + static_cast<unsigned char>(*name);
		hash ^= hash >> 24 & 0xf0;
		hash &= 0x0fffffff;
	}
	return hash;
}

uint32_t gnu_hash(const char *name)
{
	uint32_t hash = 5381;

	for (; *name; name++)
		hash = hash * 33 + static_cast<unsigned char>(*name);
	return hash;
}

/* The head of a DT_GNU_HASH table. */
struct GnuHead {
	uint32_t buckets;
	uint32_t first_symbol;
	uint32_t bloom_words;
	uint32_t bloom_shift;
};

/* The head of a DT_HASH table. */
struct SysvHead {
	uint32_t buckets;
	uint32_t chains;
};

} // namespace

/* Sets size_ to the end of the first PT_LOAD, which must fit in @mapped. */
template <typename Elf> bool Image<Elf>::read_segments()
{
	typename Elf::Header header;
	typename Elf::Segment segment;
	bool loaded = false;

	if (!read(0, header) || header.e_ident[EI_MAG0] != ELFMAG0 ||
	    header.e_ident[EI_MAG1] != ELFMAG1 || header.e_ident[EI_MAG2] != ELFMAG2 ||
	    header.e_ident[EI_MAG3] != ELFMAG3 || header.e_ident[EI_CLASS] != Elf::ident ||
	    header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_type != ET_DYN ||
	    header.e_phentsize != sizeof(segment) || header.e_phnum > most_segments)
		return false;
	for (unsigned int i = 0; i < header.e_phnum; i++) {
		if (!read_element(static_cast<size_t>(header.e_phoff), i, segment))
			return false;
		if (segment.p_type == PT_DYNAMIC) {
			dynamic_ = static_cast<size_t>(segment.p_offset);
			dynamic_size_ = static_cast<size_t>(segment.p_filesz);
		}
		if (segment.p_type != PT_LOAD || loaded)
			continue;
		/* The ELF header is at the start of the mapping, so the segment must be, too. */
		if (segment.p_offset || segment.p_filesz > size_)
			return false;
		size_ = static_cast<size_t>(segment.p_filesz);
		bias_ = segment.p_vaddr;
		loaded = true;
	}
	return loaded && dynamic_size_;
}

template <typename Elf> void Image<Elf>::take_tag(Word tag, Word value)
{
	switch (tag) {
	case DT_STRTAB:
		strings_ = offset_of(value);
		break;
	case DT_STRSZ:
		strings_size_ = static_cast<size_t>(value);
		break;
	case DT_SYMTAB:
		symbols_ = offset_of(value);
		break;
	case DT_HASH:
		sysv_ = offset_of(value);
		break;
	case DT_GNU_HASH:
		gnu_ = offset_of(value);
		break;
	case DT_VERSYM:
		versym_ = offset_of(value);
		break;
	case DT_VERDEF:
		verdef_ = offset_of(value);
		break;
	default:
		break;
	}
}

template <typename Elf> bool Image<Elf>::read_dynamic()
{
	typename Elf::Dynamic entry;

	for (unsigned int i = 0; i < most_tags && i < dynamic_size_ / sizeof(entry); i++) {
		if (!read_element(dynamic_, i, entry))
			return false;
		if (entry.d_tag == DT_NULL)
			break;
		take_tag(static_cast<Word>(entry.d_tag), static_cast<Word>(entry.d_un.d_val));
	}
	/* The kernel's images have versions: reject one without. */
	return strings_ && symbols_ && versym_ && verdef_ && (gnu_ || sysv_);
}

/* Whether symbol @index belongs to version node @version. */
template <typename Elf> bool Image<Elf>::has_version(size_t index, const char *version) const
{
	size_t offset = verdef_;
	Elf64_Verdef definition; /* identical in both classes */
	Elf64_Verdaux names;
	uint16_t node;

	if (!read_element(versym_, index, node))
		return false;
	node &= version_bits;
	for (unsigned int i = 0; i < most_versions && read(offset, definition); i++) {
		/* The base definition has the image's name and is not a version. */
		if (!(definition.vd_flags & VER_FLG_BASE) && definition.vd_ndx == node)
			return definition.vd_aux <= size_ &&
			       read(offset + definition.vd_aux, names) && names.vda_name <= size_ &&
			       is_text(strings_ + names.vda_name, version);
		if (!definition.vd_next || definition.vd_next > size_)
			return false;
		offset += definition.vd_next;
	}
	return false;
}

template <typename Elf>
bool Image<Elf>::is_wanted(size_t index, const char *name, const char *version,
			   size_t &offset) const
{
	Symbol symbol;

	if (!read_element(symbols_, index, symbol) || symbol.st_name > size_ ||
	    !is_text(strings_ + symbol.st_name, name) || symbol.st_shndx == SHN_UNDEF ||
	    symbol.st_shndx == SHN_ABS || (symbol.st_info & 15) != STT_FUNC ||
	    symbol.st_info >> 4 == STB_LOCAL || !has_version(index, version))
		return false;
	offset = offset_of(symbol.st_value);
	return offset && offset < size_;
}

template <typename Elf>
size_t Image<Elf>::find_by_gnu_hash(const char *name, const char *version) const
{
	constexpr unsigned int bits = 8 * sizeof(Word);
	const uint32_t hash = gnu_hash(name);
	GnuHead head;
	Word bloom;
	uint32_t index, entry;
	size_t offset;

	if (!read(gnu_, head) || !head.buckets || !head.bloom_words || head.bloom_shift >= 32 ||
	    head.bloom_words > size_ || head.buckets > size_)
		return 0;

	const size_t blooms = gnu_ + sizeof(head);
	const size_t buckets = blooms + head.bloom_words * sizeof(bloom);
	const size_t chains = buckets + head.buckets * sizeof(index);

	if (!read_element(blooms, hash / bits % head.bloom_words, bloom) ||
	    !(bloom >> hash % bits & 1) || !(bloom >> (hash >> head.bloom_shift) % bits & 1) ||
	    !read_element(buckets, hash % head.buckets, index) || index < head.first_symbol)
		return 0;
	/* A chain is contiguous, so a walk stops at the end of the image at the latest. */
	for (; read_element(chains, index - head.first_symbol, entry); index++) {
		if ((entry | 1) == (hash | 1) && is_wanted(index, name, version, offset))
			return offset;
		if (entry & 1)
			return 0;
	}
	return 0;
}

template <typename Elf>
size_t Image<Elf>::find_by_sysv_hash(const char *name, const char *version) const
{
	SysvHead head;
	uint32_t index;
	size_t offset;

	if (!read(sysv_, head) || !head.buckets || head.buckets > size_ || head.chains > size_)
		return 0;

	const size_t buckets = sysv_ + sizeof(head);
	const size_t chains = buckets + head.buckets * sizeof(index);

	if (!read_element(buckets, sysv_hash(name) % head.buckets, index))
		return 0;
	/* A walk longer than the table is in a loop. */
	for (uint32_t steps = 0; index && index < head.chains && steps < head.chains; steps++) {
		if (is_wanted(index, name, version, offset))
			return offset;
		if (!read_element(chains, index, index))
			return 0;
	}
	return 0;
}

template class Image<Elf32>;
template class Image<Elf64>;

} // namespace vdsox
