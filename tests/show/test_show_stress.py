"""A stress test in words and as a picture, against an attack that is written out."""

import pytest
from msgspec import structs

from gradum.api.trust.stress import StressThresholds, proof_check
from gradum.questions.stress.kept_answers import kept_answers
from gradum.questions.stress.result import (
    Attack,
    ColumnPart,
    ColumnShift,
    CorruptionEffect,
    Corruptions,
    KeptShare,
    RowAttack,
    Stress,
)
from gradum.questions.stress.words import (
    attack_sentences,
    corruption_sentences,
    corruption_tables,
    curve_table,
    headline,
    rows_table,
    state,
)
from gradum.scores.interval import Interval
from gradum.show.pictures.picture import FAINT, SECOND, THIRD

SHARE = Interval(0.5, 0.1, 0.9, 0.2)


@pytest.fixture
def attack():
    """Two rows, the answer for one of which changes."""
    changed = RowAttack(3, "no", 0.25, "yes", (ColumnShift("age", 40.0, 41.0, 0.25),))
    return Attack(
        budget="iqr",
        amounts=None,
        full=1.0,
        levels=0,
        least_move=None,
        columns=("age", "income"),
        rows=(changed, RowAttack(8, "no", None)),
        curve=(KeptShare(1.0, SHARE),),
        median=0.25,
        parts=(ColumnPart("age", 1),),
        evaluations=100,
        asked=2,
    )


def certified(attack):
    """The same, with what is proved of its rows."""
    rows = tuple(structs.replace(row, certified_radius=0.1) for row in attack.rows)
    return structs.replace(attack, rows=rows, curve=(KeptShare(1.0, SHARE, certified=0.0),))


def test_a_model_that_always_answers_alike_is_said_to(attack):
    stays = structs.replace(attack, rows=(attack.rows[1], RowAttack(9, "no", None)), median=None)
    first = next(attack_sentences(stays))
    assert first.startswith("It always answers 'no': in all 2 rows, whatever was tried.")
    numbers = structs.replace(stays, rows=(RowAttack(1, 7.5, None), RowAttack(2, 7.5, None)))
    assert "always answers 7.5" in next(attack_sentences(numbers))
    others = (attack, structs.replace(stays, rows=(attack.rows[1], RowAttack(9, "yes", None))))
    others += (structs.replace(stays, rows=stays.rows[:1]),)  # of one row, alike is no news
    for other in others:
        assert "always" not in " ".join(attack_sentences(other))


def test_of_one_row_and_one_column_nothing_is_said_in_the_plural(attack):
    one = structs.replace(certified(attack), columns=("age",))
    one = structs.replace(one, rows=one.rows[:1])
    assert list(attack_sentences(one)) == [
        "The answer changes when columns move by up to 0.25 times the interquartile range.",
        "If columns may move by the interquartile range, at most 50% of the answers stay the same.",
        "The answer is proved to stay the same while columns move by up to 0.1 times the "
        "interquartile range.",
        "This column may move: 'age'.",
    ]
    open_ = structs.replace(one, rows=(RowAttack(3, "no", None),), median=None)
    assert "It is not proved that the answer stays the same when columns move." in attack_sentences(
        open_
    )


HARM = Interval(0.5, 0.4, 0.6, 0.05)


@pytest.mark.parametrize(
    ("noticed", "said"),
    [
        ([], "No corruption is shown to make the log loss worse."),
        ([None], "1 corruption is shown to make the log loss worse."),
        ([None, None], "2 corruptions are shown to make the log loss worse."),
        (
            [False],
            "1 corruption is shown to make the log loss worse; a watch would raise no alarm for 1.",
        ),
        (
            [False, True, True],
            "3 corruptions are shown to make the log loss worse; a watch would raise no "
            "alarm for 1 of them.",
        ),
    ],
)
def test_accidents_are_counted_in_whole_sentences(noticed, said):
    effects = [CorruptionEffect("missing", ("a",), 1, 0.5, HARM, True, each) for each in noticed]
    effects.append(CorruptionEffect("missing", ("b",), 1, 0.5, HARM, False, None))
    found = Corruptions(1, 0.1, "log_loss", tuple(effects))
    first, *_, last = corruption_sentences(found)
    assert first == "Each accident was tried by itself, in 1 of 1 row."
    assert last == said
    assert list(corruption_sentences(structs.replace(found, effects=()))) == [
        "These rows hold nothing that an accident could change."
    ]


def bands(attack):
    """The stacked shares of a picture by their names, each as (place, low, high)."""
    picture = kept_answers(attack).specification
    shown = {}
    for at in picture["data"]["values"]:
        shown.setdefault(at["what"], []).append((at["value"], at["low"], at["high"]))
    colours = picture["encoding"]["color"]["scale"]
    return shown, dict(zip(colours["domain"], colours["range"], strict=True))


def test_the_picture_steps_down_at_each_radius(attack):
    shown, colours = bands(attack)
    assert shown == {
        "not changed by the attack": [(0, 0.0, 1.0), (0.25, 0.0, 0.5), (1.0, 0.0, 0.5)],
        "changed": [(0, 1.0, 1.0), (0.25, 0.5, 1.0), (1.0, 0.5, 1.0)],
    }
    assert colours == {"not changed by the attack": FAINT, "changed": SECOND}


def test_what_is_proved_has_a_band_and_cells_of_its_own(attack):
    proved = certified(attack)
    shown, colours = bands(proved)
    assert shown == {
        "proved to stay": [(0, 0.0, 1.0), (0.1, 0.0, 0.0), (0.25, 0.0, 0.0), (1.0, 0.0, 0.0)],
        "undecided": [(0, 1.0, 1.0), (0.1, 0.0, 1.0), (0.25, 0.0, 0.5), (1.0, 0.0, 0.5)],
        "changed": [(0, 1.0, 1.0), (0.1, 1.0, 1.0), (0.25, 0.5, 1.0), (1.0, 0.5, 1.0)],
    }
    assert colours == {"proved to stay": THIRD, "undecided": FAINT, "changed": SECOND}
    for shown, more in ((attack, 0), (proved, 1)):
        curve, changes = curve_table(shown), rows_table(shown, shown.rows[:1])
        assert len(curve.header) == len(curve.rows[0]) == 2 + more
        assert len(changes.header) == len(changes.rows[0]) == 5 + more


@pytest.mark.parametrize(
    ("epsilon", "least", "status"),
    [
        (0.1, 1.0, "held"),
        (0.2, 1.0, "not checked"),  # the attack found 0.25: nobody knows
        (0.3, 0.6, "failed"),  # it left one of two
        (0.1, 0.0, "not checked"),
    ],
)
def test_the_trust_report_holds_proofs_against_a_threshold(attack, epsilon, least, status):
    thresholds = StressThresholds(epsilon=epsilon, least_proved=least)
    check = proof_check(certified(attack), thresholds, ())
    assert check.status == status
    assert proof_check(attack, thresholds, ("It reads texts.",)).status == "not checked"
    if status == "held":
        assert (check.value, check.limit) == (1.0, least)


def test_a_change_is_said_with_its_size(attack):
    change = "age: 40 to 41"
    assert rows_table(attack, attack.rows).rows[0] == (
        *("3", "'no'", "'yes'", change),
        "0.25 times the interquartile range",
    )
    sentences = list(attack_sentences(attack))
    assert sentences[0] == (
        "Half of the answers change when columns move by up to 0.25 times the interquartile range."
    )
    stay = (
        "Half of the answers are proved to stay the same while columns move by up to 0.1 times the "
        "interquartile range."
    )
    assert stay in attack_sentences(certified(attack))
    assert stay not in sentences


@pytest.mark.parametrize(
    ("budget", "radius", "changed", "limit"),
    [
        ("iqr", 0.25, 0, "0.02 times the interquartile range"),
        ("iqr", 0.02, 1, "0.02 times the interquartile range"),
        ("quantile", 0.25, 0, "0.5% of the ranks"),
        ("amounts", 1.0, 1, "the given amounts"),
    ],
)
def test_the_headline_is_of_a_move_as_small_as_an_error_of_measuring(
    attack, budget, radius, changed, limit
):
    first = structs.replace(attack.rows[0], radius=radius)
    found = structs.replace(attack, budget=budget, rows=(first, attack.rows[1]))
    none = Corruptions(10, 0.1, None, ())
    said = headline(Stress("label", "linear", 10, found, none), "held.csv")
    assert said == (
        f"{changed} of 2 answers for 'label' in held.csv change when columns move by up to {limit}."
    )
    small = budget != "amounts"
    assert ("at most 50% of the answers stay" in " ".join(attack_sentences(found))) == small


def test_a_picture_is_drawn(attack):
    assert "<svg" in kept_answers(certified(attack)).svg


def test_the_state_is_that_of_the_answers(attack):
    proved = structs.replace(attack.rows[1], certified_radius=1.0)
    other = structs.replace(proved, row=9, answer="yes")
    soon = structs.replace(attack.rows[0], radius=0.02)
    assert state(structs.replace(attack, rows=(soon, other))) == "changed"
    assert state(structs.replace(attack, rows=(proved, other))) == "proved"
    assert state(structs.replace(attack, rows=(attack.rows[1], other))) == "undecided"
    assert state(structs.replace(attack, rows=(proved, proved))) == "undecided"  # always alike


def test_accidents_that_do_no_harm_are_folded(attack):
    score, none = HARM, Interval(0.0, -0.1, 0.1, 0.05)
    worse = CorruptionEffect("missing", ("a",), 1, 0.5, score, True, False)
    rest = [CorruptionEffect("missing", (f"b{k}",), 1, 0.0, none, False, None) for k in range(79)]
    found = Corruptions(1, 0.1, "log_loss", (worse, *rest))
    shown, folded = corruption_tables(found, classes=True)
    assert ([row[0] for row in shown.rows], shown.folded) == (["a"], "")
    assert len(folded.rows) == 79
    assert "79" in folded.folded
    (only,) = corruption_tables(structs.replace(found, effects=tuple(rest)), classes=True)
    assert only.folded
    # Without the target, what moves answers stands open.
    moved = [structs.replace(each, score=None) for each in (worse, rest[0])]
    open_, rest_ = corruption_tables(structs.replace(found, effects=tuple(moved)), classes=True)
    assert (open_.rows[0][0], bool(open_.folded), rest_.rows[0][0]) == ("a", False, "b0")
