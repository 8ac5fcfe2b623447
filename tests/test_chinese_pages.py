"""The Chinese pages say what the English ones say.

Their blocks of code are not run a second time: they are identical to those of the English pages,
which `test_docs.py` runs. What is translated is compared by its skeleton: headings, links,
pictures, numbers and names in code.
"""

import re
import runpy
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parent.parent
DOCS = SimpleNamespace(**runpy.run_path(str(ROOT / "docs/chinese.py")))
PAGES = DOCS.english_pages()
TRANSLATED = {page: DOCS.chinese_page(page) for page in PAGES}
HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
CODE = re.compile(r"`[^`\n]+`")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
HAN = r"[\u3400-\u9fff]"
PUNCTUATION = "，。：；？！（）“”、…—"

each_page = pytest.mark.parametrize(
    "english", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES]
)


def headings(page):
    return HEADING.findall(DOCS.prose(page))


def sections(page):
    """The prose of each section, without link targets, on one line."""
    text = DOCS.LINK.sub("]", DOCS.prose(page).partition("\n")[2])
    return [" ".join(section.split()) for section in re.split(r"^#+ ", text, flags=re.MULTILINE)]


def slugs(page):
    """The anchors of a page's headings, as GitHub makes them."""
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for _, title in headings(page)}


def first_line(page):
    return page.read_text().partition("\n")[0]


def code_spans(text):
    return Counter(CODE.findall(text))


def numbers(text):
    return Counter(NUMBER.findall(CODE.sub("", text)))


def test_every_page_that_a_reader_begins_with_is_translated():
    names = {page.relative_to(ROOT).as_posix() for page in PAGES}
    assert {"README.md", "docs/quick-start.md", "docs/chapters/README.md"} < names
    assert sum("/chapters/" in name for name in names) >= 7
    absent = [str(page.relative_to(ROOT)) for page in TRANSLATED.values() if not page.exists()]
    assert not absent


def test_every_chinese_page_translates_an_english_one():
    pages = {*(ROOT / "docs/zh").rglob("*.md"), *ROOT.glob("*.zh-CN.md")}
    assert pages == {*TRANSLATED.values(), ROOT / "docs/zh/index.md"}


@each_page
def test_first_lines_lead_to_the_other_language(english):
    chinese = TRANSLATED[english]
    assert first_line(english) == DOCS.switch(english, chinese, "简体中文")
    assert first_line(chinese) == DOCS.switch(chinese, english, "English")


def test_the_index_of_the_site_has_every_chinese_page():
    index = ROOT / "docs/zh/index.md"
    assert first_line(index) == DOCS.switch(index, ROOT / "docs/index.md", "English")
    assert first_line(ROOT / "docs/index.md") == "[简体中文](zh/index.md)"
    (listed,) = re.findall(r"```{toctree}\n(.*?)```", index.read_text(), re.DOTALL)
    pages = {(index.parent / name).with_suffix(".md") for name in listed.split()}
    assert pages == {page for page in TRANSLATED.values() if page.parent != ROOT}


@each_page
def test_headings_are_parallel(english):
    both = headings(english), headings(TRANSLATED[english])
    levels, marks = [
        [[part(heading) for heading in page] for page in both]
        for part in (lambda h: h[0], lambda h: (numbers(h[1]), code_spans(h[1])))
    ]
    assert levels[0] == levels[1]
    assert marks[0] == marks[1]
    assert all(re.search(HAN, title) or title == "gradum" for _, title in both[1])


@each_page
def test_blocks_are_those_of_the_english_page(english):
    assert DOCS.blocks(TRANSLATED[english]) == DOCS.blocks(english), "run python docs/chinese.py"


@each_page
def test_links_lead_to_the_same_places_in_chinese_where_they_exist(english):
    """Pictures are links too, and are shown from the same files."""
    chinese = TRANSLATED[english]
    expected = Counter(TRANSLATED.get(path, path) for path, _ in DOCS.links(english)[1:])
    assert Counter(path for path, _ in DOCS.links(chinese)[1:]) == expected
    for path, anchor in DOCS.links(chinese):
        assert path.exists(), path
        assert not anchor or anchor in slugs(path), (path, anchor)


@each_page
def test_pictures_are_the_same_in_the_same_order(english):
    shown = [
        [path for path, _ in DOCS.links(page) if path.suffix in (".svg", ".png")]
        for page in (english, TRANSLATED[english])
    ]
    assert shown[0] == shown[1]


@each_page
def test_no_section_leaves_out_a_number_or_a_name_in_code(english):
    for source, translation in zip(sections(english), sections(TRANSLATED[english]), strict=True):
        title = translation[:30]
        assert code_spans(source) == code_spans(translation), title
        assert not numbers(source) - numbers(translation), title


@each_page
def test_chinese_is_set_as_chinese(english):
    """No line break or half-width mark between characters, a space beside words of other scripts.

    Emphasis that ends in a mark, right before a character, would not be emphasis in Markdown.
    """
    text = CODE.sub("x", DOCS.prose(TRANSLATED[english]))
    text = re.sub(r"\]\([^)]*\)", "]", text)
    for wrong in (
        rf"{HAN}\n(?=[{HAN[1:-1]}])",
        rf"{HAN} ?[,;!?]|{HAN}:|[,;!?:] ?{HAN}",
        rf"{HAN}[A-Za-z0-9]|[A-Za-z0-9]{HAN}",
        rf" [{PUNCTUATION[:-4]}]",
        rf"[{PUNCTUATION}]\*\*{HAN}",
    ):
        bad = re.search(rf".{{0,20}}(?:{wrong}).{{0,20}}", text)
        assert bad is None, bad[0]
