"""Templates filled in: everything from a table is text in them, never markup."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from typing import Any

import jinja2
import msgspec
from markupsafe import Markup, escape

from gradum.messages import listed, say, say_plural, sentences, spoken
from gradum.rungs.registry import KINDS
from gradum.scores.figures import figure, rows_figure
from gradum.scores.metrics import METRICS
from gradum.show.visible import visible


def render(name: str, **values: Any) -> str:
    """Fill in a template of `show/templates`."""
    titles = {rung: kind.title for rung, kind in KINDS.items()}
    in_words = {rung: kind.in_words for rung, kind in KINDS.items()}
    template = _environment().get_template(name)
    return template.render(titles=titles, in_words=in_words, metrics=METRICS, **values)


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
    environment.filters |= {
        "number": figure,
        "rows": rows_figure,
        "code": _code,
        "strong": _strong,
        "listed": _listed,
    }
    environment.globals |= {
        "say": _say,
        "say_plural": _say_plural,
        "sentences": _sentences,
        "language": _language,
    }
    return environment


def _say(message: str, /, **values: Any) -> Markup:
    """Say a sentence in a page; values may be markup of our own, such as ``name | code``."""
    return Markup(say(message, **_as_text(values)))


def _say_plural(one: str, many: str, count: int, /, **values: Any) -> Markup:
    return Markup(say_plural(one, many, count, **_as_text(values)))


def _sentences(parts: Iterable[str]) -> Markup:
    return Markup(sentences(escape(_visible(part)) for part in parts))


def _listed(parts: Iterable[str]) -> Markup:
    return Markup(listed([escape(_visible(part)) for part in parts]))


def _code(text: str) -> Markup:
    return Markup("<code>{}</code>").format(_visible(text))


def _strong(text: str) -> Markup:
    return Markup("<strong>{}</strong>").format(_visible(text))


def _language() -> str:
    """Return the language of the page as HTML names it."""
    return {"en": "en", "zh": "zh-CN"}[spoken()]


def _as_text(values: dict[str, Any]) -> dict[str, Any]:
    """Return values without markup from a table; numbers stay, for a message to write them."""
    return {
        name: escape(_visible(value)) if isinstance(value, str) else value
        for name, value in values.items()
    }


def _visible(value: Any) -> Any:
    """Prepare what a template puts in: text from a table, but not our own markup."""
    is_text = isinstance(value, str) and not hasattr(value, "__html__")
    return visible(value) if is_text else value
