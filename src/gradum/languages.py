"""``gradum.language``: the language in which gradum speaks."""

from __future__ import annotations

from contextlib import AbstractContextManager

from gradum.errors import SpecError
from gradum.messages import LANGUAGES, speak, spoken


class language(AbstractContextManager["language"]):  # called like a function
    """Speak a language from here on: in every message, report and picture of this process.

    Parameters
    ----------
    code : {"en", "zh"}
        English, or Chinese in simplified characters; forms such as "zh_CN" work too.

    Raises
    ------
    SpecError
        gradum does not speak the language.

    Examples
    --------
    >>> gradum.language("zh")  # until it is called again
    >>> with gradum.language("zh"):  # for these lines alone
    ...     gradum.fit("penguins.csv", target="species").report("报告.html")
    """

    def __init__(self, code: str) -> None:
        known = known_language(code)
        if known is None:
            raise SpecError(
                "gradum does not speak {code!r}.",
                "Choose en (English) or zh (简体中文).",
                code=code,
            )
        self.code, self._before = known, spoken()
        speak(known)

    def __repr__(self) -> str:
        return f"gradum.language({self.code!r})"

    def __exit__(self, *error: object) -> None:
        speak(self._before)


def known_language(name: str) -> str | None:
    """Return the language of a name such as "zh", "zh-Hans" or "zh_CN.UTF-8", if gradum has it."""
    base = name.replace("-", "_").partition(".")[0].partition("_")[0].lower()
    return base if base in LANGUAGES else None
