"""Long names next to each other: shortened so that what tells them apart stays."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from rich.cells import cell_len, chop_cells

from gradum.tables.wording import pieces

MOST = 28
"""The most columns of a terminal, or about 170 pixels, that a name beside a chart takes."""

HALF = re.compile(
    r"\s*[(\uff08][^()\uff08\uff09]*…[^()\uff08\uff09]*[)\uff09]"
    r"|\s*[(\uff08][^()\uff08\uff09…]*…"
    r"|…[^()\uff08\uff09…]*[)\uff09]"
)
"""A bracket of which something was left out, or its other half."""

CLOSING = re.compile(
    r"\s*[(\uff08][^()\uff08\uff09]*(?:[(\uff08][^()\uff08\uff09]*[)\uff09])?[)\uff09]$"
)
"""A bracket at the end of a name, perhaps around another."""

BREAK = re.compile(r"(?<=[^\W_]{3}[_.\-/=:])(?=[^\W\d_]{2})|(?<=[a-z]{3})(?=[A-Z][a-z])", re.ASCII)
CELL = re.compile(r'(<(?:th|td|small|h[1-4]|b)\b[^>]*>|class="headline[^>]*>\s*<p>)([^<]+)')
TEXT = re.compile(r">[^<]*(?:--|、)[^<]*")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*", re.ASCII)


def breakable(page: str) -> str:
    """Let long names in the headings and cells of a page break where their words end.

    An option such as ``--time`` does not break, which browsers would do after its hyphens. A
    Chinese list of quoted names does, which they would not do before a quotation mark.
    """
    shown, script, rest = page.partition("<script")
    shown = CELL.sub(lambda cell: cell[1] + BREAK.sub("<wbr>", cell[2]), shown)
    head, style, body = shown.partition("</style>")
    return head + style + TEXT.sub(_broken_well, body) + script + rest


def _broken_well(text: re.Match[str]) -> str:
    whole = OPTION.sub(r'<span class="option">\g<0></span>', text[0])
    return whole.replace("、&#39;", "、<wbr>&#39;")


def told_apart(names: Sequence[str], most: int = MOST) -> list[str]:
    """Shorten the long ones of some names; different names stay different.

    Of a long name the pieces that most of the names share go first, of equally common ones those
    in its middle; an ellipsis stands for them. Its beginning stays if not all names share it. A
    name of few pieces just loses its middle. Those that would become the same are longer.
    """
    different = set(names)
    counts = Counter(piece for name in different for piece in set(pieces(name)))
    shared = {piece: count / len(different) for piece, count in counts.items()}
    if len(different) == 1:
        shared = dict.fromkeys(shared, 0.0)
    short: dict[str, str] = {}
    left = sorted(different)
    while left:
        tried = {name: _shortened(name, shared, most) for name in left}
        taken = Counter([*tried.values(), *short.values()])
        alone = {name: cut for name, cut in tried.items() if taken[cut] == 1 or cut == name}
        short |= alone
        left = [name for name in left if name not in alone]
        most += most // 4
    return [short[name] for name in names]


def _shortened(name: str, shared: dict[str, float], most: int) -> str:
    """Shorten a name, given the share of the names that have each of its pieces."""
    if cell_len(name) <= most:
        return name
    parts = pieces(name)
    kept = [True] * len(parts)
    ends = range(len(parts))
    order = sorted(ends, key=lambda k: (-shared[parts[k]], -min(k, len(parts) - 1 - k), k))
    for place in order:
        beginning = cell_len("".join(parts[: place + 1])) <= most * 2 // 5
        if beginning and shared[parts[place]] < 1:
            continue
        kept[place] = False
        short = _joined(parts, kept)
        if most // 2 <= cell_len(short) <= most:
            return short
    bare = CLOSING.sub("…", name)
    if bare != name and cell_len(bare) <= most:
        return bare
    return f"{chop_cells(name, most // 2)[0]}…{chop_cells(name[::-1], most // 2)[0][::-1]}"


def _joined(parts: Sequence[str], kept: Sequence[bool]) -> str:
    """Join the kept pieces, with an ellipsis wherever others were."""
    text = ""
    for part, stays in zip(parts, kept, strict=True):
        if stays:
            text += part
        elif not text.endswith("…"):
            text = text.rstrip() + "…"
    return HALF.sub("…", text.rstrip())
