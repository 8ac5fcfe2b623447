"""Sentences that a file holds are said in the language of whoever reads it."""

import json
import pickle
import re

import msgspec
import pytest

import gradum
from gradum.messages import (
    Said,
    as_text,
    listed,
    marked,
    say,
    say_plural,
    sentences,
)
from gradum.ship import bundle, sayings
from gradum.ship.sayings import said_again
from gradum.tables.wording import first_upper, full_stop, joined_clauses, row_count, span

HAN = re.compile(r"[\u4e00-\u9fff]")
OTHERS = marked("{others} and {last}")


@pytest.fixture
def chinese():
    with gradum.language("zh"):
        yield


class Found(msgspec.Struct, frozen=True):
    """What a file might hold."""

    sentence: str
    by_column: dict[str, tuple[str, ...]] = {}


def as_filed(content):
    """What is read from JSON, without and with its tree."""
    text = msgspec.json.encode(content, enc_hook=as_text)
    return msgspec.json.decode(text, type=type(content)), json.loads(
        json.dumps(sayings.sayings(content))
    )


def ways_of_saying():
    """Every way in which the house puts a sentence together, with nested ones and numbers."""
    names = listed(["{last}", "b", row_count(2000)], "and")
    return (
        say("Judged on {rows:,} held-out rows.", rows=1234),
        say("{others} and {last}", others=names, last=span(1, 2500)),
        say_plural("{count:,} row", "{count:,} rows", 1),
        say("Column {column!r} is empty in {rows:,} rows.", column="和", rows=3),
        first_upper(say("no difference shown between {one} and {other}", one="a", other="b")),
        Said("lower", say("Fit the model again.")) + Said("clause", say("Fit again.")),
        full_stop(joined_clauses([say("missing"), "x", row_count(1)])),
        sentences([say("Fit the model again."), "", say("Fit again.")]),
        "x: " + say("missing"),
        listed([say("missing")]),
    )


def test_each_way_of_saying_is_said_in_the_readers_language():
    in_english = Found(ways_of_saying()[0], {"k": ways_of_saying()})
    read, tree = as_filed(in_english)
    assert read == in_english
    assert not any(isinstance(text, Said) for text in read.by_column["k"])
    with gradum.language("zh"):
        in_chinese = said_again(read, tree)
        assert in_chinese == Found(ways_of_saying()[0], {"k": ways_of_saying()})
        again, its_tree = as_filed(in_chinese)
    assert its_tree == tree
    assert said_again(again, its_tree) == in_english


def test_what_is_no_sentence_stays_in_every_language(chinese):
    read, tree = as_filed(Found("missing", {"missing": ("no", say("no"))}))
    assert said_again(read, tree) == Found("missing", {"missing": ("no", "否")})


def test_a_file_without_a_tree_stays_as_it_is(chinese):
    old = Found("Judged on 1,234 held-out rows.", {"k": ("a",)})
    for tree in (None, [], "x", 3, {"by_column": {"k": {"7": ["say", "missing", {}]}}}):
        assert said_again(old, tree) == old


@pytest.mark.parametrize(
    "form",
    [
        ["say", "{x.__class__.__mro__}", {"x.__class__.__mro__": "a"}],  # of no catalogue
        ["say", "{x:>999999999}", {"x:>999999999": "a"}],
        ["say", OTHERS, {"others": "a"}],
        ["say", OTHERS, {"others": "a", "last": 3}],
        ["say", OTHERS, ["others", "last"]],
        ["say", ["{others} and {last}"], {}],
        ["say", OTHERS],
        ["plural", "{count:,} row", "{count:,} rows", "2", {"count:,": "2"}],
        ["plural", "{count:,} row", "{x.real} rows", 10**400, {"x.real": "2"}],
        ["join", ["join", "a", 3], ["b", "c"]],
        ["sentences", "abc"],
        ["upper", None],
        ["eval", "1"],
        {"0": "a"},
        "another text",
        None,
    ],
)
def test_a_form_that_gradum_does_not_write_changes_nothing(form, chinese):
    assert said_again(Found("text"), {"sentence": form}) == Found("text")


def test_forms_in_forms_cannot_grow_without_bounds(chinese):
    form = "x" * 20
    for _ in range(40):
        form = ["join", "", [form, form]]
    assert said_again(Found("text"), {"sentence": form}) == Found("text")
    for _ in range(100_000):
        form = ["upper", form]
    assert said_again(Found("text"), {"sentence": form}) == Found("text")


def test_what_was_said_stays_as_said_in_another_process_and_is_text_to_everybody():
    said = say("{others} and {last}", others=row_count(2), last="b")
    with gradum.language("zh"):
        kept = pickle.loads(pickle.dumps(said))
        assert (kept, str(kept), kept.how[1]) == ("2 rows and b", "2 rows and b", OTHERS)
        assert Said(*kept.how) == "2 rows 和 b"
    assert json.dumps({said: said}) == '{"2 rows and b": "2 rows and b"}'
    with pytest.raises(NotImplementedError):
        msgspec.json.encode([object()], enc_hook=as_text)


def texts(content, tree, at=""):
    """Every text of a file: where it is, the text, and whether it is a sentence."""
    if isinstance(content, str):
        yield at, content, isinstance(tree, list)
    elif isinstance(content, dict | list):
        parts = content.items() if isinstance(content, dict) else enumerate(content)
        for key, part in parts:
            below = tree.get(str(key)) if isinstance(tree, dict) else None
            yield from texts(part, below, f"{at}/{key}")


def test_a_model_file_is_read_in_the_readers_language_and_written_back(classifier, tmp_path):
    path, again, back = (tmp_path / f"{name}.gradum" for name in ("en", "zh", "back"))
    bundle.save(classifier.fitted, path)
    with gradum.language("zh"):
        in_chinese = bundle.load(path)
        bundle.save(in_chinese, again)
    assert HAN.search(in_chinese.judgement.how)
    manifest = bundle.archive.read_manifest(again)
    tree = manifest.pop("sayings")
    said = [text for _, text, is_sentence in texts(manifest, tree) if is_sentence]
    assert len(said) > 10
    assert all(HAN.search(text) for text in said)
    left = [text for at, text, is_sentence in texts(manifest, tree) if not is_sentence]
    assert not [text for text in left if len(text.split()) > 3]  # levels and names have fewer
    bundle.save(bundle.load(again), back)
    assert back.read_bytes() == path.read_bytes()
