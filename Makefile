# SPDX-License-Identifier: GPL-2.0
all:
	./vdsox run
check:
	./vdsox test
clean:
	./vdsox clean
.PHONY: all check clean
