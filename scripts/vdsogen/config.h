/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOGEN_CONFIG_H
#define VDSOGEN_CONFIG_H

#include <set>
#include <string>
#include <string_view>

namespace vdsogen
{

/* The options that are `y` in the text of a kernel's auto.conf or .config. */
class Config
{
public:
	explicit Config(std::string_view text);

	/* Are all of @options, which commas separate, `y`? */
	bool has(std::string_view options) const;

private:
	std::set<std::string> options_;
};

} // namespace vdsogen

#endif
