"""The lab's page: one file with the modules, the styles, the words and the tables in it."""

from __future__ import annotations

import json
import re

from msgspec import structs

from gradum.lab.built_in import built_in
from gradum.lab.table import LabTable
from gradum.languages import language
from gradum.messages import LANGUAGES, say, spoken
from gradum.ship.sayings import said_again, sayings
from gradum.show.page.bundle import modules, script, source
from gradum.show.page.page import file, for_script, policy_hash

PAGE, WORKER = "lab/page/main.js", "lab/page/worker.js"
SAID = re.compile(r'\b(?:say|marked)\(\s*("(?:[^"\\]|\\.)*")')
PLACE = re.compile(r"\{(\w+)\}")


def lab_page(table: LabTable | None = None) -> str:
    """Return the page, with a table of the user's before those that it always has.

    Its policy lets nothing in but the two scripts and the style that it holds, by their hashes, and
    a worker that it makes of the second one.
    """
    style = file("report.css") + source("lab/page/lab.css")
    page, worker = script(PAGE), script(WORKER)
    tables = [*([table] if table else []), *built_in()]
    content = {
        "language": spoken(),
        "words": {code: _words(code) for code in LANGUAGES if code != "en"},
        "tables": [_in_every_language(each) for each in tables],
    }
    filled = {
        "language": {"en": "en", "zh": "zh-CN"}[spoken()],
        "title": say("The lab"),
        "policy": f"default-src 'none'; script-src '{policy_hash(page)}'; "
        f"style-src '{policy_hash(style)}'; worker-src blob:; base-uri 'none'; form-action 'none'",
        "style": style,
        "content": for_script(content),
        "worker": worker,
        "page": page,
    }
    return PLACE.sub(lambda match: filled[match[1]], source("lab/page/lab.html"))


def sentences() -> list[str]:
    """Return every sentence that the page's modules say."""
    texts = (source(name) for name in (*modules(PAGE), *modules(WORKER)))
    found = (json.loads(match) for text in texts for match in SAID.findall(text))
    return list(dict.fromkeys(found))


def _words(code: str) -> dict[str, str]:
    """Return the sentences in another language; their values keep their places."""
    with language(code):
        return {message: str(say(message, **_places(message))) for message in sentences()}


def _places(message: str) -> dict[str, str]:
    """Return for each value of a sentence its place, so that the page's modules can fill it in."""
    return {name: "{" + name + "}" for name in PLACE.findall(message)}


def _in_every_language(table: LabTable) -> dict:
    """Return a table as plain values, with its title and remarks in each language."""
    texts, said = (table.title, table.remarks), {}
    tree = sayings(texts)
    for code in LANGUAGES:
        with language(code):
            title, remarks = said_again(texts, tree)
            said[code] = {"title": str(title), "remarks": [str(remark) for remark in remarks]}
    return {**structs.asdict(table), "said": said}
