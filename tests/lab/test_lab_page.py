"""The page of the lab: one file, closed to everything else, in two languages."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

import gradum
from gradum.lab.page import PAGE, WORKER, lab_page, sentences
from gradum.lab.table import lab_table
from gradum.show.page import bundle

HOSTILE = '</script><script>alert("x")</script><!-- & {page}'


class Parts(HTMLParser):
    """The elements of a page, and what scripts and styles hold."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.held, self.inside = [], {}, None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self.inside = dict(attrs).get("id", tag)
            self.held[self.inside] = ""

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside:
            self.held[self.inside] += data


@pytest.fixture(scope="module")
def page():
    return lab_page()


@pytest.fixture(scope="module")
def parts(page):
    return Parts(page)


def test_its_policy_allows_what_it_holds_and_nothing_else(parts):
    policies = [a["content"] for tag, a in parts.elements if tag == "meta" and "http-equiv" in a]
    allowed = dict(rule.strip().split(" ", 1) for rule in policies[0].split(";"))

    def digest(name):
        whole = hashlib.sha256(parts.held[name].encode()).digest()
        return f"'sha256-{base64.b64encode(whole).decode()}'"

    assert allowed == {
        "default-src": "'none'",
        "script-src": digest("script"),
        "style-src": digest("style"),
        "worker-src": "blob:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert not any({"style", "src", "href", "onclick"} & set(a) for _, a in parts.elements)


def test_it_is_small_without_its_tables(page, parts):
    assert len(page.encode()) - len(parts.held["content"].encode()) <= 300_000


def test_it_names_no_other_address(page):
    addresses = set(re.findall(r"(?:https?:)?//[a-z][\w.]*\.[a-z]+[\w/]*", page))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1998/Math/MathML"}


def test_names_from_a_table_end_no_script():
    x = np.random.default_rng(0).normal(size=20)
    table = lab_table({HOSTILE: x, "y": 2 * x}, "y")
    parts = Parts(lab_page(table))
    first = json.loads(parts.held["content"])["tables"][0]
    assert first["numbers"][0]["name"] == HOSTILE
    assert [a.get("id") for tag, a in parts.elements if tag == "script"] == [
        "content",
        "worker",
        None,
    ]


def test_every_sentence_is_there_in_chinese_with_its_values(parts):
    words = json.loads(parts.held["content"])["words"]["zh"]
    assert list(words) == sentences()
    for message, said in words.items():
        assert sorted(re.findall(r"\{\w+\}", message)) == sorted(re.findall(r"\{\w+\}", said))
    said = [text for text in words.values() if re.search("[\u4e00-\u9fff]", text)]
    assert len(said) > 0.95 * len(words)


def test_tables_have_titles_and_remarks_in_each_language(parts):
    tables = {each["key"]: each for each in json.loads(parts.held["content"])["tables"]}
    said = tables["penguins"]["said"]
    assert said["en"] != said["zh"]
    assert re.search("[\u4e00-\u9fff]", said["zh"]["title"] + said["zh"]["remarks"][0])


def test_it_begins_in_the_language_that_is_spoken():
    with gradum.language("zh"):
        parts = Parts(lab_page())
    assert ("html", {"lang": "zh-CN"}) in parts.elements
    assert json.loads(parts.held["content"])["language"] == "zh"


def test_modules_that_cannot_be_one_script_are_refused(monkeypatch):
    texts = {
        "a.js": 'import { b } from "./b.js";\nexport const a = b;\n',
        "b.js": 'import { a } from "./a.js";\nexport const b = a;\n',
        "default.js": "export default 3;\n",
        "named.js": 'import * as all from "./default.js";\n',
        "two.js": "export const a = 1,\n  b = 2;\n",
    }
    monkeypatch.setattr(bundle, "source", texts.__getitem__)
    with pytest.raises(ValueError, match=r"a\.js imports itself"):
        bundle.script("a.js")
    for name in ("default.js", "named.js", "two.js"):
        with pytest.raises(ValueError, match="cannot be put into one script"):
            bundle.script(name)


def test_training_computes_with_what_rounds_alike_everywhere():
    rounded = r"Math\.(?!(?:abs|ceil|floor|imul|max|min|round|sign|sqrt|trunc)\b)\w+|\*\*"
    for name in bundle.modules(WORKER):
        code = re.sub(r"/\*.*?\*/|//.*", "", bundle.source(name), flags=re.DOTALL)
        assert re.findall(rounded, code) == [], name


def test_a_script_holds_each_module_once_and_after_what_it_imports():
    for entry in (PAGE, WORKER):
        names = bundle.modules(entry)
        assert len(names) == len(set(names))
        assert names[-1] == entry
        for at, name in enumerate(names):
            imported = bundle.IMPORT.findall(bundle.source(name))
            assert {bundle._resolved(path, name) for _, path in imported} <= set(names[:at])
