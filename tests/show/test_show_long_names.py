"""Names next to each other: shortened so that they stay apart, and broken at the ends of words."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from gradum.show.words.long_names import MOST, breakable, told_apart
from gradum.tables.wording import shortened

PREFIX = "contract=contract with a fixed term of twelve months, "
LEVELS = [PREFIX + end for end in ("signed on paper", "signed online", "unsigned")]


def test_of_names_that_share_a_long_beginning_the_differing_ends_stay():
    short = told_apart(LEVELS)
    assert all(cell_len(name) <= MOST for name in short)
    assert all(
        name.endswith(end) for name, end in zip(short, ("paper", "online", "unsigned"), strict=True)
    )
    assert all(name.startswith("contract=") for name in short)


def test_of_names_that_differ_in_their_middle_the_middle_stays():
    names = [f"contract with the firm of {who} for twelve months or more" for who in ("Li", "Wu")]
    assert ["Li" in name for name in told_apart(names)] == [True, False]
    assert ["Wu" in name for name in told_apart(names)] == [False, True]


def test_a_bracket_is_left_out_as_a_whole():
    names = [f"{level} (against {PREFIX}signed by phone)" for level in LEVELS]
    assert not any(("(" in name) != (")" in name) for name in told_apart(names))


@given(st.lists(st.text(), max_size=6))
def test_different_names_stay_different_and_short_ones_the_same(names):
    short = told_apart(names)
    assert len(set(short)) == len(set(names))
    pairs = zip(names, short, strict=True)
    assert all(name == cut for name, cut in pairs if cell_len(name) <= MOST)


def test_a_long_value_keeps_both_ends_and_whole_words():
    assert shortened("temperature measured at the station in the north").endswith("in the north")
    assert shortened("temperature measured at the station in the north").startswith("temperature")
    assert shortened("x" * 99) == f"{'x' * 20}…{'x' * 20}"
    assert shortened("short") == "short"


def test_a_name_breaks_at_the_ends_of_its_words_only():
    page = breakable("<th>monthly_charges</th><b>monthlyCharges</b><td>0.864 [0.79, 0.93]</td>")
    assert page == (
        "<th>monthly_<wbr>charges</th><b>monthly<wbr>Charges</b><td>0.864 [0.79, 0.93]</td>"
    )
    script = '<script>a<b_of_all > monthly_charges; "<td>monthly_charges"</script>'
    assert breakable(script) == script
    assert breakable('<p aria-label="monthly_charges">') == '<p aria-label="monthly_charges">'


def test_a_nested_bracket_goes_before_what_a_name_differs_by():
    names = [f"Auftrag=A-{number} (against (other))" for number in (10049, 10048, 10086)]
    short = [f"Auftrag=A-{number}…" for number in (10049, 10048, 10086)]
    assert told_apart([*names, "Gewicht"]) == [*short, "Gewicht"]


def test_an_option_stays_whole_and_a_list_of_names_breaks_only_in_what_is_read():
    style, script = "<style>p { color: var(--ink); }</style>", "<script>a --b 、&#39;</script>"
    shown = '<p title="--time 、&#39;">with --time COL、&#39;a&#39; but no well--known</p>'
    page = breakable(style + shown + script)
    assert page.startswith(style)
    assert page.endswith(script)
    assert '<p title="--time 、&#39;">' in page
    assert '<span class="option">--time</span> COL、<wbr>&#39;a&#39;' in page
    assert page.count("<span") == page.count("<wbr>") == 1
