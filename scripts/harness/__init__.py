# SPDX-License-Identifier: GPL-2.0
"""The harness behind ./vdsox: from a kernel tree to a verdict."""
