"""Compiles the translations when gradum is built or installed: they are read as ``.mo`` files."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LOCALE = Path("src/gradum/locale")
DOMAIN = "gradum"
UNCHANGING = datetime(2026, 1, 1, tzinfo=UTC)  # the same sentences make the same bytes


class TranslationsHook(BuildHookInterface):
    """What hatchling calls before it collects the files of a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile every language, and add the files that result."""
        for language in sorted((Path(self.root) / LOCALE).iterdir()):
            path = mo_path(language)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(compiled(language))
            build_data["artifacts"].append("/" + path.relative_to(self.root).as_posix())


def mo_path(language: Path) -> Path:
    """Return where `gettext` looks for the translations of a language's folder."""
    return language / "LC_MESSAGES" / f"{DOMAIN}.mo"


def compiled(language: Path) -> bytes:
    """Return the translations of all ``.po`` files of a language's folder, as `gettext` reads them.

    Raises
    ------
    ValueError
        Two files translate a sentence differently.
    """
    whole = Catalog(
        locale=language.name,
        domain=DOMAIN,
        creation_date=UNCHANGING,
        revision_date=UNCHANGING,
        last_translator="",
        language_team="",
        fuzzy=False,
    )
    for path in sorted(language.glob("*.po")):
        text = path.read_text(encoding="utf-8")
        for message in read_po(io.StringIO(text), locale=language.name, domain=DOMAIN):
            if not message.id or not message.string or not any(message.string):
                continue
            key = message.id if isinstance(message.id, str) else message.id[0]
            known = whole.get(key)
            if known and known.string != message.string:
                raise ValueError(
                    f"{message.id!r} is {known.string!r} in one room, "
                    f"{message.string!r} in {path.stem}."
                )
            whole.add(message.id, message.string)
    file = io.BytesIO()
    write_mo(file, whole)
    return file.getvalue()
