"""Templates filled in: everything from a table is text in them, never markup."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import Any

import jinja2
import msgspec

from gradum.fitting.rungs import KINDS
from gradum.fitting.spec import TITLES
from gradum.scores.figures import figure
from gradum.scores.metrics import METRICS
from gradum.show.visible import visible


def render(name: str, **values: Any) -> str:
    """Fill in a template of `show/templates`."""
    in_words = {rung: kind.in_words for rung, kind in KINDS.items()}
    template = _environment().get_template(name)
    return template.render(titles=TITLES, in_words=in_words, metrics=METRICS, **values)


def file(name: str) -> str:
    """Return a file of `show/templates` as it is."""
    return (files("gradum.show") / "templates" / name).read_text(encoding="utf-8")


def for_script(value: Any) -> str:
    """Return JSON that cannot end the script element it stands in, whatever a table's names are."""
    text = msgspec.json.encode(value).decode()
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("gradum.show"),
        autoescape=True,
        finalize=_visible,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = figure
    return environment


def _visible(value: Any) -> Any:
    """Prepare what a template puts in: text from a table, but not our own markup."""
    is_text = isinstance(value, str) and not hasattr(value, "__html__")
    return visible(value) if is_text else value
