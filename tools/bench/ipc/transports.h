/* SPDX-License-Identifier: GPL-2.0 */
/* What passes the messages: see measure.h. A Fault if it cannot be made. */
#ifndef BENCH_IPC_TRANSPORTS_H
#define BENCH_IPC_TRANSPORTS_H

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "measure.h"

namespace ipc
{

/* Messages that a bounded transport holds, where that can be chosen. */
constexpr unsigned int depth = 256;

struct Kind {
	const char *name;
	/* It serves several producers, and several consumers. */
	bool many_producers, many_consumers;
	std::unique_ptr<Loops> (*make)(const Shape &shape);
};

/* Image of vqueue by the longest message. */
using Images = std::map<std::size_t, std::string>;
void set_images(const Images &images);

extern const std::vector<Kind> kinds;

inline bool can(const Kind &kind, const Shape &shape)
{
	return (shape.producers == 1 || kind.many_producers) &&
	       (shape.consumers == 1 || kind.many_consumers);
}

} // namespace ipc

#endif
