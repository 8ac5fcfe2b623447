"""``gradum lab``: a page with a table of the user's, or with its own tables alone."""

import pytest


def test_a_page_is_written_with_the_table_and_what_was_left_out(gradum_command, tables, tmp_path):
    out = tmp_path / "lab.html"
    ended = gradum_command("lab", tables / "label.csv", "--target", "label", "-o", out)
    assert (ended.code, ended.err) == (0, "")
    assert str(out) in ended.out
    page = out.read_text(encoding="utf-8")
    assert "label.csv" in page
    assert "colour" in page


def test_the_page_may_have_its_own_tables_alone(gradum_command, tmp_path):
    out = tmp_path / "lab.html"
    assert gradum_command("lab", "-o", out).code == 0
    assert gradum_command("lab", "-o", out).code == 0  # it replaces its own page
    (tmp_path / "mine.html").write_text("mine")
    ended = gradum_command("lab", "-o", tmp_path / "mine.html")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert (tmp_path / "mine.html").read_text() == "mine"


@pytest.mark.parametrize(
    "given", [("label.csv",), ("label.csv", "-t", "none"), ("no.csv", "-t", "a")]
)
def test_what_cannot_be_used_is_refused_and_nothing_written(
    given, gradum_command, tables, tmp_path
):
    out = tmp_path / "lab.html"
    ended = gradum_command("lab", tables / given[0], *given[1:], "-o", out)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert not out.exists()
