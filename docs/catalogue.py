"""Gathers what gradum says and compiles its translations: ``python -m docs.catalogue``.

Every sentence inside `say`, `say_plural`, `marked` and an error of gradum, and the help of every
command, goes into ``src/gradum/locale/LANGUAGE/ROOM.po``, where its translation is written below
it; a sentence that the code no longer says leaves. What has a translation is compiled into the
``.mo`` that gradum reads, as `hatch_build` does when gradum is installed, and what has none is
printed.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from hatch_build import compiled, mo_path

from gradum import errors
from gradum.messages import DOMAIN, FOLDER, LANGUAGES

SOURCE = FOLDER.parent
OTHERS = tuple(code for code in LANGUAGES if code != "en")
ERRORS = [name for name in vars(errors) if name.endswith("Error")]
KEYWORDS = (
    {"say": None, "marked": None, "say_plural": (1, 2)} | dict.fromkeys(ERRORS),
    dict.fromkeys(ERRORS, (2,)),  # the remedy, which is a sentence of its own
)
READERS = {".py": "python", ".html": "jinja2", ".js": "javascript"}
ELSEWHERE = (  # sentences of the library that reads the command line
    "(dynamic)",
    "[COMMAND] [ARGS]...",
    "default: {default}",
    "required",
)


def rooms() -> list[str]:
    """Return the rooms of the house, and "gradum" for the files beside them."""
    folders = (path.name for path in SOURCE.iterdir() if (path / "__init__.py").exists())
    return ["gradum", *sorted(folders)]


def gathered(room: str) -> Catalog:
    """Return what a room says."""
    catalogue = Catalog()
    for path in _files(room):
        where = path.relative_to(SOURCE.parent).as_posix()
        for keywords in KEYWORDS:
            with path.open("rb") as file:
                for _, message, _, _ in extract(READERS[path.suffix], file, keywords):
                    catalogue.add(message, locations=[(where, 0)])
    if room == "app":
        for message in (*_helps(), *ELSEWHERE):
            catalogue.add(message)
    return catalogue


def read(language: str, room: str) -> Catalog:
    """Return the translations of a room."""
    path = FOLDER / language / f"{room}.po"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return read_po(io.StringIO(text), locale=language, domain=DOMAIN)


def refreshed(language: str) -> dict[str, Catalog]:
    """Return the translations of what each room says now; a sentence takes its own along."""
    found = {path.stem: read(language, path.stem) for path in (FOLDER / language).glob("*.po")}
    every = [message for catalogue in found.values() for message in messages(catalogue)]
    known = {_key(message): message.string for message in every if _is_translated(message)}
    for room in rooms():
        catalogue = found.setdefault(room, read(language, room))
        catalogue.update(gathered(room), no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        for message in messages(catalogue):
            if not _is_translated(message):
                message.string = known.get(_key(message), message.string)
    return {room: found[room] for room in rooms()}


def messages(catalogue: Catalog) -> Iterator[Message]:
    """Return the sentences of a catalogue, without its heading."""
    return (message for message in catalogue if message.id)


def _is_translated(message: Message) -> bool:
    return bool(message.string) and any(message.string)


def _key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _files(room: str) -> list[Path]:
    if room == "gradum":
        return sorted(SOURCE.glob("*.py"))
    return sorted(path for path in (SOURCE / room).rglob("*") if path.suffix in READERS)


def _helps() -> Iterator[str]:
    import typer

    from gradum.app.cli import app
    from gradum.app.cli.language import helps

    return helps(typer.main.get_command(app))


def main() -> None:
    """Refresh the files of every language, and say what is not translated."""
    for language in OTHERS:
        missing = 0
        for room, catalogue in refreshed(language).items():
            file = io.BytesIO()
            write_po(
                file, catalogue, width=100, include_lineno=False, omit_header=True,
                ignore_obsolete=True, sort_by_file=True,
            )  # fmt: skip
            (FOLDER / language / f"{room}.po").write_bytes(file.getvalue())
            untranslated = [each for each in messages(catalogue) if not _is_translated(each)]
            missing += len(untranslated)
            for message in untranslated:
                print(f"{language}/{room}.po: {_key(message)!r} is not translated.")
        path = mo_path(FOLDER / language)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(compiled(FOLDER / language))
        print(f"{language}: {missing:,} sentences are not translated.")


if __name__ == "__main__":
    main()
