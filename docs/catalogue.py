"""Gathers what gradum says and compiles its translations: ``python docs/catalogue.py``.

Every sentence inside `say`, `say_plural` and `marked`, and the help of every command, goes into
``src/gradum/locale/LANGUAGE/ROOM.po``, where its translation is written below it; a sentence that
the code no longer says leaves. What has a translation is compiled into the ``.mo`` that gradum
reads, and what has none is printed.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from gradum.messages import DOMAIN, FOLDER, LANGUAGES

SOURCE = FOLDER.parent
OTHERS = tuple(code for code in LANGUAGES if code != "en")
KEYWORDS = {"say": None, "marked": None, "say_plural": (1, 2)}
READERS = {".py": "python", ".html": "jinja2", ".js": "javascript"}
UNCHANGING = datetime(2026, 1, 1, tzinfo=UTC)  # so that a catalogue changes only where it says more
ELSEWHERE = (  # sentences of the library that reads the command line
    "Arguments",
    "Options",
    "Commands",
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
        with path.open("rb") as file:
            for _, message, _, _ in extract(READERS[path.suffix], file, KEYWORDS):
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


def compiled(language: str) -> bytes:
    """Return the translations of all rooms in one file, as `gettext` reads it.

    Raises
    ------
    ValueError
        Two rooms translate a sentence differently.
    """
    whole = Catalog(
        locale=language,
        domain=DOMAIN,
        creation_date=UNCHANGING,
        revision_date=UNCHANGING,
        last_translator="",
        language_team="",
        fuzzy=False,
    )
    for room in rooms():
        for message in messages(read(language, room)):
            if not _is_translated(message):
                continue
            known = whole.get(_key(message))
            if known and known.string != message.string:
                raise ValueError(
                    f"{message.id!r} is {known.string!r} in one room, {message.string!r} in {room}."
                )
            whole.add(message.id, message.string)
    file = io.BytesIO()
    write_mo(file, whole)
    return file.getvalue()


def mo_path(language: str) -> Path:
    """Return where `gettext` looks for the compiled translations."""
    return FOLDER / language / "LC_MESSAGES" / f"{DOMAIN}.mo"


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
        mo_path(language).parent.mkdir(parents=True, exist_ok=True)
        mo_path(language).write_bytes(compiled(language))
        print(f"{language}: {missing:,} sentences are not translated.")


if __name__ == "__main__":
    main()
