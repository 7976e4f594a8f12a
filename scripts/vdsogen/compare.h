/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOGEN_COMPARE_H
#define VDSOGEN_COMPARE_H

#include <string_view>

#include "diagnostics.h"

namespace vdsogen
{

/*
 * Adds a fault for each range in which @other, the image of a running kernel,
 * differs from @image, the built one. Instructions that alternatives patch at boot
 * may differ, and @other may be padded with zeros to the end of a page.
 */
void compare_images(std::string_view image, std::string_view other, Diagnostics &faults);

} // namespace vdsogen

#endif
