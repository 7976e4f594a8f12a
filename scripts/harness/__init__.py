# SPDX-License-Identifier: GPL-2.0
"""The harness behind ./vdsox: patch, build, boot, test and report."""
