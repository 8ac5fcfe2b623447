"""Filling in of templates, in which everything from a table is text, never markup."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any

import jinja2
import msgspec
from markupsafe import Markup, escape

from gradum.messages import as_text, listed, say, say_plural, sentences, spoken
from gradum.rungs.registry import KINDS
from gradum.scores.figures import figure, rows_figure
from gradum.scores.metrics import METRICS
from gradum.show.words.long_names import breakable
from gradum.show.words.visible import visible
from gradum.show.words.words import column_kind
from gradum.tables.grids.png import data_uri

LONG_CELL = 60  # characters; a cell of more keeps a width at which it can be read


def render(name: str, **values: Any) -> str:
    """Fill in a template of `show/templates`."""
    titles = {rung: kind.title for rung, kind in KINDS.items()}
    in_words = {rung: kind.in_words for rung, kind in KINDS.items()}
    template = _environment().get_template(name)
    return breakable(template.render(titles=titles, in_words=in_words, metrics=METRICS, **values))


def file(name: str) -> str:
    """Return a file of `show/templates` as it is."""
    return (files("gradum.show") / "templates" / name).read_text(encoding="utf-8")


def for_script(value: Any) -> str:
    """Return JSON that cannot end its script element, whatever a table's names are."""
    text = msgspec.json.encode(value, enc_hook=as_text).decode()
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def policy_hash(text: str) -> str:
    """Return what a content security policy calls a script or a style of a page."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


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
        "word_columns": _word_columns,
        "kind": column_kind,
        "data_uri": data_uri,
    }
    environment.globals |= {
        "say": _say,
        "say_plural": _say_plural,
        "sentences": _sentences,
        "language": _language,
        "long": LONG_CELL,
    }
    return environment


def _say(message: str, /, **values: Any) -> Markup:
    """Say a sentence in a page; values may be gradum's own markup, such as ``name | code``."""
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


def _word_columns(rows: Iterable[Sequence[str]]) -> set[int]:
    """Return the columns of a table, from 0, with a cell that begins with a letter."""
    return {place for row in rows for place, cell in enumerate(row) if cell[:1].isalpha()}


def _language() -> str:
    """Return the HTML name of the page's language."""
    return {"en": "en", "zh": "zh-CN"}[spoken()]


def _as_text(values: dict[str, Any]) -> dict[str, Any]:
    """Return values without markup from a table; numbers stay numbers for the message to format."""
    return {
        name: escape(_visible(value)) if isinstance(value, str) else value
        for name, value in values.items()
    }


def _visible(value: Any) -> Any:
    """Prepare a value for a template: text from a table is escaped, gradum's own markup is not."""
    is_text = isinstance(value, str) and not hasattr(value, "__html__")
    return visible(value) if is_text else value
