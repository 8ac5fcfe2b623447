"""Texts of scripts without spaces: their letters and pairs of letters are what is counted."""

import msgspec
import polars as pl
import pytest
from msgspec import structs

from gradum.tables.kinds.text.step import Text
from gradum.tables.schema.schema import infer
from gradum.tables.table import Table
from gradum.tables.unspaced import are_unspaced

CHINESE = [
    "这家店的服务非常好",
    "房间很糟糕，早餐太慢了",
    "电池很不错。值得推荐",
    "包装让人失望",
] * 5
THAI = ["บริการดีมาก", "อาหารเช้าแย่มาก", "ห้องพักยอดเยี่ยม"] * 5
ENGLISH = ["the service was good", "a bad room, café and breakfast", "한국어 단어 사이"] * 5


@pytest.mark.parametrize(
    ("texts", "unspaced"),
    [
        (CHINESE, True),
        (THAI, True),
        (["この店のサービスは良かった"] * 5, True),
        (ENGLISH, False),
        (["这 家 店 的 服务 非常 好"] * 5, False),
        ([None, ""], False),
    ],
)
def test_scripts_without_spaces_are_told_from_words(texts, unspaced):
    series = pl.Series("x", texts, pl.String)
    assert are_unspaced(series) is unspaced
    assert Text.fit(series).letters is unspaced


def test_letters_and_their_pairs_are_the_ngrams():
    series = pl.Series("x", CHINESE)
    step = Text.fit(series)
    assert {"很", "很 不", "不 错", "非 常"} <= set(step.ngrams)
    block = step.sparse_block(pl.Series("x", ["很不错"])).toarray()[0, : len(step.ngrams)]
    held = {step.ngrams[k] for k in block.nonzero()[0]}
    assert held == {"很", "不", "错", "很 不", "不 错"}


def test_such_texts_are_text_and_a_step_of_before_is_read():
    values = [f"{text}{number}天" for number, text in enumerate(CHINESE)]
    frame = pl.DataFrame({"x": values, "y": range(len(values))})
    assert infer(Table(frame, "t.csv", typed=False)).column("x").kind == "text"
    step = Text.fit(pl.Series("x", ENGLISH))
    fields = msgspec.to_builtins(step)
    del fields["letters"], fields["characters"]
    assert msgspec.convert(fields, Text) == structs.replace(step, characters=None)
