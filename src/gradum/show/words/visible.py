"""Names and values made visible: characters that control, hide or cannot be stored are escaped."""

from __future__ import annotations

import re

UNSEEN = re.compile(
    "["
    r"\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters of a terminal, except tab and line feed
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # which change the direction of text
    r"\u2028\u2029"  # line ends that are not visible as such
    r"\ud800-\udfff\ufffe\uffff"  # which XML and UTF-8, or only XML, cannot store
    "]"
)


def visible(text: str) -> str:
    r"""Return text in which nothing controls a terminal or a page, or ends the drawing of one.

    Each character of ``UNSEEN`` is replaced by its escape in Python: an escape character by the
    four characters ``\x1b``, a right-to-left override by ``\u202e``. Different texts stay
    different, unless one already held such an escape. All other characters stay unchanged.
    """
    return UNSEEN.sub(lambda match: ascii(match[0])[1:-1], text)
