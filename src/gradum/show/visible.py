"""Names and values as they can be seen: what steers, hides or cannot be held is written out."""

from __future__ import annotations

import re

UNSEEN = re.compile(
    "["
    r"\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls, which steer a terminal; not tab and line feed
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # which turn the direction of what follows
    r"\u2028\u2029"  # line ends, of which no line end is seen
    r"\ud800-\udfff\ufffe\uffff"  # which neither XML nor UTF-8 holds, or XML alone does not
    "]"
)


def visible(text: str) -> str:
    r"""Return text in which nothing steers a terminal or a page, or ends the drawing of one.

    Each character of ``UNSEEN`` is replaced by its escape in Python: an escape character by the
    four characters ``\x1b``, a right-to-left override by ``\u202e``. Two texts that differ
    still do, unless one held such an escape already. All other characters stay.
    """
    return UNSEEN.sub(lambda match: ascii(match[0])[1:-1], text)
