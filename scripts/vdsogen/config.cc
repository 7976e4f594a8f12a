// SPDX-License-Identifier: GPL-2.0
#include "config.h"

#include "text.h"

namespace vdsogen
{

Config::Config(std::string_view text)
{
	for (const std::string &line : split(text, '\n')) {
		const std::size_t assign = line.find('=');

		if (line.rfind("CONFIG_", 0) == 0 && assign != std::string::npos &&
		    line.substr(assign) == "=y")
			options_.insert(line.substr(0, assign));
	}
}

bool Config::has(std::string_view options) const
{
	for (const std::string &option : split(options, ','))
		if (!options_.count(option))
			return false;
	return true;
}

} // namespace vdsogen
