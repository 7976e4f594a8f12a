// SPDX-License-Identifier: GPL-2.0
/* vdsogen: generates files from the vDSO table and checks vDSO images against it. */
#include <iostream>

#include "cli.h"

int main(int argc, char **argv)
{
	return vdsogen::run(std::vector<std::string>(argv + (argc > 0), argv + argc), std::cout,
			    std::cerr);
}
