"""Numbers that name something: postal codes, identifiers, telephone numbers.

Only a column's name tells. Postal codes are as dense as quantities and repeat as often, and many
quantities have the same number of digits in every row.
"""

from __future__ import annotations

import re

import polars as pl

from gradum.messages import say

FEWEST_CODES = 11  # fewer distinct whole numbers get a hint that they may be codes anyway
CODE_WORDS = frozenset(
    (
        *("code", "id", "uuid", "guid", "key", "zip", "zipcode", "postcode", "plz", "postleitzahl"),
        *("cep", "fips", "naics", "sic", "isbn", "ean", "upc", "gtin", "sku", "insee", "siret"),
        *("codigo", "código", "codice", "kod", "kode", "код"),
    )
)
TELEPHONE = frozenset(("phone", "telephone", "mobile", "fax", "telefon"))
NUMBER = frozenset(("no", "nr", "num", "number"))
# zip_code is a code; codes per zip, mean income by zip and lines of code are quantities
COUNTING = frozenset(
    ("of", "per", "by", "n", "num", "count", "number", "mean", "avg", "average", "median", "total")
)
UNSPACED = ("邮编", "邮政编码", "编号", "代码", "郵便番号", "番号", "コード", "우편번호", "코드")
CAMEL_CASE = re.compile(r"(?<=[a-z])(?=[A-Z])")
WORDS = re.compile(r"[^\W\d_]+")


def named_like_codes(name: str) -> bool:
    """Whether a column's name says that its numbers are codes: ``zip_code``, ``storeId``."""
    name = name.strip()
    if name.endswith((*UNSPACED, "#")):
        return True
    words = [word.lower() for word in WORDS.findall(CAMEL_CASE.sub(" ", name))]
    while len(words) > 1 and words[-1] in NUMBER:
        words.pop()
    if not words or COUNTING.intersection(words):
        return False
    postal = "postal" in words and CODE_WORDS.intersection(words)
    telephone = len(words) == 1 and words[0] in TELEPHONE
    return bool(words[-1] in CODE_WORDS or postal or telephone)


def code_hint(numbers: pl.Series) -> list[str]:
    """Return a clause on numbers (float64, null if missing) under such a name, if they fit it."""
    numbers = numbers.drop_nulls()
    whole = bool(((numbers >= 0) & (numbers == numbers.floor())).all())
    if not whole or numbers.n_unique() < FEWEST_CODES:
        return []
    return [say("the name suggests codes: --categorical {name!r} if they are", name=numbers.name)]
