/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VDSOGEN_VIEW_H
#define VDSOGEN_VIEW_H

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace vdsogen
{

/*
 * Bytes owned by the caller. All reads of an image go through a View: every read is
 * checked, and numbers are little endian on any host.
 */
class View
{
public:
	View() = default;
	explicit View(std::string_view bytes) : bytes_(bytes) {}

	std::size_t size() const { return bytes_.size(); }
	std::string_view bytes() const { return bytes_; }

	bool contains(std::uint64_t offset, std::uint64_t length) const
	{
		return offset <= size() && length <= size() - offset;
	}

	std::optional<View> slice(std::uint64_t offset, std::uint64_t length) const
	{
		if (!contains(offset, length))
			return std::nullopt;
		return View(bytes_.substr(static_cast<std::size_t>(offset),
					  static_cast<std::size_t>(length)));
	}

	/* From @offset to the end; empty if @offset lies outside. */
	View from(std::uint64_t offset) const
	{
		return offset < size() ? View(bytes_.substr(static_cast<std::size_t>(offset)))
				       : View();
	}

	/* The unsigned number of @width bytes, at most 8, at @offset. */
	std::optional<std::uint64_t> number(std::uint64_t offset, unsigned int width) const
	{
		std::uint64_t value = 0;

		if (!contains(offset, width))
			return std::nullopt;
		for (unsigned int i = width; i-- > 0;)
			value = value << 8 | static_cast<unsigned char>(
						     bytes_[static_cast<std::size_t>(offset) + i]);
		return value;
	}

	/* The text from @offset to its NUL; nullopt if none follows within 1024 bytes. */
	std::optional<std::string_view> text(std::uint64_t offset) const
	{
		constexpr std::size_t longest = 1024;
		const std::string_view rest = from(offset).bytes().substr(0, longest);
		const std::size_t end = rest.find('\0');

		if (end == std::string_view::npos)
			return std::nullopt;
		return rest.substr(0, end);
	}

private:
	std::string_view bytes_;
};

} // namespace vdsogen

#endif
