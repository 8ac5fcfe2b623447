"""Sentences of a file with their messages and values, so that another language can say them.

A file holds every sentence as the text that its run wrote. Beside the texts lies one tree, with the
keys and places of the content and a sayable form (`messages.Said`) for each sentence. Files of
earlier versions have none, and their texts stay as they are. Nothing in a form is executed: only
messages of the catalogue are said, and their values are texts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, structs

from gradum.messages import Said, is_message

SAYINGS = "sayings"
"""The key of the tree in a file."""
LONGEST = 10_000
"""Characters of a sentence; forms in forms could grow without bounds."""


def sayings(content: Any) -> Any:
    """Return the tree of the sentences in structs, mappings and sequences; None without any."""
    if isinstance(content, Said):
        return _form(content)
    found = {str(key): sayings(part) for key, part in _parts(content)}
    return {key: tree for key, tree in found.items() if tree is not None} or None


def said_again(content: Any, tree: Any) -> Any:
    """Return content with its sentences in the current language, where the tree has their forms."""
    if isinstance(content, str):
        return _said(content, tree)
    if not isinstance(tree, Mapping):
        return content
    changed = {
        key: said_again(part, tree[str(key)]) for key, part in _parts(content) if str(key) in tree
    }
    if not changed:
        return content
    if isinstance(content, Struct):
        return structs.replace(content, **changed)
    if isinstance(content, Mapping):
        return {**content, **changed}
    return tuple(changed.get(place, part) for place, part in enumerate(content))


def _parts(content: Any) -> Any:
    """Return what lies in a struct, a mapping or a sequence, by its key or place."""
    if isinstance(content, Struct):
        return structs.asdict(content).items()
    if isinstance(content, Mapping):
        return content.items()
    if isinstance(content, Sequence) and not isinstance(content, str | bytes):
        return enumerate(content)
    return ()


def _form(part: Any) -> Any:
    """Return how something was said as lists, mappings and texts."""
    if isinstance(part, Said):
        return _form(part.how)
    if isinstance(part, tuple):
        return [_form(each) for each in part]
    return {key: _form(each) for key, each in part.items()} if isinstance(part, dict) else part


def _said(text: str, form: Any) -> str:
    """Return a text in the current language; as it is if its form is none that gradum writes."""
    try:
        said = _of_form(form)
        # A text in the current language needs no look into the catalogue, which takes a moment.
        ours = isinstance(said, Said) and (said == text or _is_ours(said))
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return text
    return said if ours else text


def _is_ours(said: Any) -> bool:
    """Return whether the catalogue has all messages of which something was said."""
    if not isinstance(said, Said):
        return True
    form, *how = said.how
    if form in ("say", "plural") and not is_message(how[0]):
        return False
    return all(_is_ours(each) for part in how for _, each in [(0, part), *_parts(part)])


def _of_form(form: Any) -> str:
    match form:
        case str():
            return form
        case ["say", str(message), values]:
            said = Said("say", message, _values(values))
        case ["plural", str(one), str(many), int(count), values]:
            said = Said("plural", one, many, count, _values(values))
        case ["join", between, list(parts)]:
            said = Said("join", _of_form(between), tuple(map(_of_form, parts)))
        case ["sentences", list(parts)]:
            said = Said("sentences", tuple(map(_of_form, parts)))
        case ["upper" | "lower" | "clause" as changed, part]:
            said = Said(changed, _of_form(part))
        case _:
            raise ValueError(form)
    if len(said) > LONGEST:
        raise ValueError(len(said))
    return said


def _values(values: Mapping[str, Any]) -> dict[str, str]:
    return {place: _of_form(value) for place, value in values.items()}
