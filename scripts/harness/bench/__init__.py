# SPDX-License-Identifier: GPL-2.0
"""The benchmark laboratory: see Documentation/bench.rst."""
