"""Every number of a spec, as its fields declare it, with values that no run can use."""

import math
from typing import get_args, get_type_hints

import msgspec
import pytest

from gradum.errors import SpecError
from gradum.run.options.option_table import OPTIONS
from gradum.run.options.options import make_spec
from gradum.run.spec.spec import Cost, Spec, SplitSpec
from gradum.rungs.linear.spec import LinearSpec
from gradum.rungs.mlp.spec import MLPSpec
from gradum.rungs.number_ranges import ranges_of
from gradum.rungs.pack.spec import PackSpec

NEVER = (-1, -0.5, math.nan, math.inf, -math.inf, 10**400, "3", True)
"""What no number of any spec may be."""


def numbers_of(kind, seen):
    """Yield each class of a spec with its fields that hold numbers, one by one or several."""
    if kind in seen:
        return
    seen.add(kind)
    for name, hint in get_type_hints(kind).items():
        inner = [one for one in (get_args(hint) or (hint,)) if isinstance(one, type)]
        if name in kind.__struct_fields__ and {int, float} & set(inner):
            yield kind, name
        for below in inner:
            if issubclass(below, msgspec.Struct):
                yield from numbers_of(below, seen)


NUMBERS = list(numbers_of(Spec, set()))
NEEDED = {Spec: {"target": "y"}, Cost: {"false_positive": 1.0, "false_negative": 1.0}}


def test_the_numbers_of_all_parts_are_found():
    assert {kind.__name__ for kind, _ in NUMBERS} >= {
        *("Spec", "SplitSpec", "LinearSpec", "MLPSpec", "PackSpec", "Cost", "ReadingOptions")
    }
    assert len(NUMBERS) > 50


@pytest.mark.parametrize(
    ("kind", "name"), NUMBERS, ids=[f"{kind.__name__}.{name}" for kind, name in NUMBERS]
)
def test_no_number_of_a_spec_may_be_just_anything(kind, name):
    options = NEEDED.get(kind, {})
    held = getattr(kind(**options), name)
    for value in NEVER:
        given = (value,) * len(held) if isinstance(held, tuple) else value
        with pytest.raises(SpecError) as refused:
            kind(**{**options, name: given})
        assert "\n" not in str(refused.value)
        assert refused.value.remedy
        assert len(str(refused.value)) < 300


@pytest.mark.parametrize("kind", [LinearSpec, SplitSpec, MLPSpec, PackSpec])
def test_a_range_holds_its_ends_and_nothing_beyond(kind):
    """As the annotation states it, without the code that reads it."""
    hints = get_type_hints(kind, include_extras=True)
    for name, allowed in ranges_of(kind).items():
        meta = allowed.meta
        assert repr(meta) in repr(hints[name])
        ends = [end for end in (meta.ge, meta.le) if end is not None]
        beyond = [end for end in (meta.gt, meta.lt) if end is not None]
        beyond += [] if meta.ge is None else [meta.ge - 1]
        beyond += [] if meta.le is None else [meta.le * 2]
        assert all(map(allowed.holds, ends))
        assert len(ends + beyond) > 1
        assert not any(map(allowed.holds, beyond))


def test_a_file_is_held_to_the_same_ranges():
    for text in ('{"max_epochs": 0}', '{"batch_rows": 1e300}', '{"hidden_layer_sizes": [0]}'):
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(text, type=MLPSpec)


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("hidden", "99999999999", "hidden layers are 99999999999. Give widths from 1 to 32,768"),
        ("hidden", "64,0", "hidden layers are 64,0"),
        ("hidden", [2.5], r"hidden layers \[2.5\] cannot be read"),
        ("hidden", math.inf, "hidden layers inf cannot be read"),
        ("hidden", True, "hidden layers True cannot be read"),
        ("batch_size", 0, "A step on 0 rows learns nothing. Give --batch-size 1 or more"),
        ("batch_size", -1, "batch_size is -1. Give a whole number from 0 to 2,147,483,647"),
        ("batch_size", 10**30, "batch_size is 1000"),
        ("max_epochs", 10**11, "max_epochs is 100000000000. Give a whole number from 1 to 100,000"),
        ("max_epochs", "5", "max_epochs is 5. Give a whole number"),
        ("learning_rate", math.inf, "learning_rate is inf. Give a number above 0"),
        ("alpha", 1e300, "alpha is 1e[+]300. Give a number from 0 to 1e[+]30"),
        ("cv", 2.5, "cv is 2.5. Give a whole number"),
        ("cost", "FP=1e300,FN=1", "A cost is 1e[+]300. Give costs above 0 and up to 1e30"),
        ("max_memory", 0, "A memory of 0 bytes is none to use"),
        ("max_memory", "9" * 30, "bytes is none to use"),
        ("time_limit", "3", "The time limit is 3. Give seconds"),
        ("skip_rows", math.nan, "nan lines cannot be skipped"),
        ("seed", True, "The seed is True"),
        ("split", {"test": 0.0}, "test"),
        ("linear", {"strengths": ()}, "strengths"),
    ],
)
def test_an_option_says_what_is_wrong_and_what_to_give(option, value, said):
    with pytest.raises(SpecError, match=said):
        make_spec("y", **{option: value})
    assert option in OPTIONS
