# SPDX-License-Identifier: GPL-2.0
"""Render HTML pages from jinja2 templates."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Mapping


def render(
    template: Path, filters: Mapping[str, Callable[..., Any]], **values: Any
) -> str:
    """The page as text. Values are escaped; an undefined one raises UndefinedError."""
    import jinja2

    environment = jinja2.Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(filters)
    return str(environment.from_string(template.read_text()).render(**values))
