# SPDX-License-Identifier: GPL-2.0
"""Benchmarks: see Documentation/bench.rst."""
