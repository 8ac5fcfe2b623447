"""ES modules put into one script, each a function of its own that returns what it exports."""

from __future__ import annotations

import posixpath
import re
from importlib.resources import files

IMPORT = re.compile(r'^import (?:\{([^}]*)\} from )?"([^"]+)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export ((?:async )?function\*?|class|const) (\w+)", re.MULTILINE)
SEVERAL = re.compile(r"^export const \w+ = [^\n;]*,$", re.MULTILINE)
COMMENT = re.compile(r"^[ \t]*/\*\*(?:(?!\*/).)*\*/\n", re.MULTILINE | re.DOTALL)
UNKNOWN = re.compile(r"^(?:import\b.*[\"']|export\b).*", re.MULTILINE)


def source(name: str) -> str:
    """Return a file of the package as it is."""
    return (files("gradum") / name).read_text(encoding="utf-8")


def script(*entries: str) -> str:
    """Return the modules, and before each all that it imports, as one script in strict mode.

    Parameters
    ----------
    *entries : str
        Modules by their paths in the package. What they export is in the script's scope, by the
        name of the module: ``$training.Training``.

    Raises
    ------
    ValueError
        A module imports or exports in another way than ``import { a } from "./b.js"`` and
        ``export`` before a declaration of one name, or modules import each other in a circle.
    """
    return '"use strict";\n' + "".join(_wrapped(name) for name in modules(*entries))


def modules(*entries: str) -> list[str]:
    """Return the paths of modules, and before each those of all that it imports."""
    ordered: list[str] = []
    for entry in entries:
        _add(entry, ordered, ())
    return ordered


def _add(name: str, ordered: list[str], above: tuple[str, ...]) -> None:
    if name in above:
        raise ValueError(f"{name} imports itself: {' → '.join(above)}.")
    if name in ordered:
        return
    for _, path in IMPORT.findall(source(name)):
        _add(_resolved(path, name), ordered, (*above, name))
    ordered.append(name)


def _wrapped(name: str) -> str:
    """Write a module as a function that is called once; comments for the type checker go."""
    text = COMMENT.sub("", source(name))

    def taken(match: re.Match[str]) -> str:
        if match[1] is None:
            return ""
        names = re.sub(r"\s+as\s+", ": ", " ".join(match[1].split()))
        return f"const {{ {names} }} = {_scope(_resolved(match[2], name))};\n"

    exported = [match[2] for match in EXPORT.finditer(text)]
    body = EXPORT.sub(r"\1 \2", IMPORT.sub(taken, text))
    if left := SEVERAL.search(text) or UNKNOWN.search(body):
        raise ValueError(f"{name} has a line that cannot be put into one script: {left[0]}")
    return f"const {_scope(name)} = (() => {{\n{body}return {{ {', '.join(exported)} }};\n}})();\n"


def _scope(name: str) -> str:
    """Return the name that a module has in the script, which none of its own names can have."""
    return "$" + re.sub(r"\W", "_", posixpath.basename(name).removesuffix(".js"))


def _resolved(path: str, name: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
