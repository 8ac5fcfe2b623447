"""The catalogue of all that gradum says, translated whole, with every number in its place."""

import ast
import re
import string
from functools import cache
from pathlib import Path
from typing import get_args

import pytest
from docs import catalogue
from hatch_build import compiled, mo_path

import gradum
from command_line import run
from gradum.app.cli.language import choose_language, of_locale
from gradum.errors import SpecError
from gradum.messages import FOLDER, listed, say, say_plural, sentences, spoken
from gradum.rungs.names import LADDER, ModelName

SOURCE = FOLDER.parent
DOCS = Path(catalogue.__file__).parent
ROOMS = catalogue.rooms()
read = cache(catalogue.read)
SAYING = {"say", "say_plural", "marked", *catalogue.ERRORS}
# Help is gathered from the commands themselves.
OF_HELP = {
    "run/options/option_table.py",
    "rungs/options.py",
    "rungs/mlp/options.py",
    "app/cli/options.py",
    "questions/statement.py",
}
NO_SENTENCES = {  # file → how strings begin that no user reads
    "__init__.py": {"module 'gradum' has no attribute"},
    "isolation.py": {"import pickle, sys"},
    "app/cli/next_steps.py": {"gradum "},  # commands
    # The streams of a seed, and what never happens.
    "games/simple_policies.py": {"linear policies", "thresholds again", "random p"},
    "games/learning.py": {"first states"},
    "games/ppo/compiled.py": {"first states"},
    "games/judging.py": {"the best is within"},
    "engines/local.py": {"import pickle, sys"},
    "app/tools/process.py": {"from gradum.app.start import main"},
    # Kinds and keys, and what is said to msgspec, Python's csv, PostgreSQL and SQLite, or by them.
    "tables/check/differences.py": {"out of range"},
    "tables/schema/contradictions.py": {
        "(.*?)(?: - at",
        "Expected `",
        "(unknown|required) field",
        "Invalid enum value",
        "JSON is malformed",
    },
    "tables/formats/delimited.py": {"end of data"},
    "tables/forecast/facet.py": {"the series of a forecast lack", "the holidays of a forecast are"},
    "tables/forecast/calendar.py": {
        "day of month",
        "days in month",
        "holidays in week",
        "last day of month",
        "time of day",
        ", change since naive",
    },
    "tables/forecast/frequency.py": {"the step of a series"},
    "tables/forecast/pairs.py": {"…, ", "… at origin", "… of naive"},
    "tables/kinds/habits.py": {"no data", "data not", "pas de", "dato non", "não se", "알 수"},
    "tables/kinds/date/periods.py": {"%q. Quartal", "^([1-4])"},
    "tables/kinds/numeric/quantities.py": {"(?:sq", "^([^"},
    "tables/kinds/numeric/units.py": {"m²|", "ft²|"},
    "tables/kinds/step.py": {
        *("… has no coded column.", "… has no sparse columns."),
        *("… has no grids.", "… has expressions."),
    },
    "tables/kinds/values.py": {"^(|id|idx"},
    "tables/sources/postgresql.py": {
        "(?:failed: |Failed to connect: )",
        "Failed to connect",
        "SELECT * FROM",
        "SELECT table_schema",
        "SET TRANSACTION",
    },
    "study/properties/network_pairs.py": {"irrelevant sex"},  # properties as they are typed
    "tables/sources/sqlite.py": {"SELECT name FROM", "SELECT * FROM", "one statement at a time"},
    "tables/sources/iceberg.py": {"Iceberg scan planning"},
    "tables/sources/store_access.py": {
        *("status code", "error sending request", "expanded paths", "Google Cloud Storage"),
    },
    "ship/destinations/destination.py": {"Written by gradum predict"},  # read again by gradum
    "ship/destinations/postgresql_table.py": {"CASE ", "FROM (SELECT", "SELECT "},
    "ship/destinations/sqlite_table.py": {"PRAGMA", "SELECT "},
    "ship/forms/sql/file.py": {"WITH a AS MATERIALIZED"},
    "ship/forms/sql/query.py": {"WITH … AS MATERIALIZED", "COALESCE(trim("},
    "show/page/bundle.py": {
        *("^import ", "^export ", "^(?:import", "const ", "… imports itself", "… has a line"),
    },
    "lab/page.py": {"default-src 'none'", r"\b(?:say"},
    "questions/counterfactual/answer.py": {"<gradum.Counterfactuals of"},
    "core/losses/gamma.py": {"y·e^−a"},
    "core/losses/log_loss.py": {"−Σ t·log p", "−t·log p"},
    "core/losses/ordered.py": {"−log(", "−σ(−z)"},
    "core/losses/poisson.py": {"e^a − y·a"},
    "core/models/architecture.py": {"Fields of", "There is no compiled forward"},
    "run/alarm.py": {"validation better than test"},
    "run/alarms/gap.py": {"validation better than test"},
    "run/compare_solvers.py": {"no difference shown"},
    "run/judging/verdict.py": {" is better than ", " is worse than "},
    "solvers/first_order/gradient_descent.py": {"Call settled() first"},
    "show/pictures/waterfall.py": {"max(datum.start", "… + … * width /"},
    "show/game/report.py": {"never … where", "range …"},  # properties as they are typed
    "questions/effects/answer.py": {"<gradum.EffectCurves of"},
    "questions/explain/answer.py": {"<gradum.Explanation of"},
    "questions/explain/reasons.py": {"<gradum.Reasons of"},
    "questions/alike/answer.py": {"<gradum.AlikeRows"},
    "questions/influence/answer.py": {"<gradum.InfluentialRows"},
    "show/answers/surrogate.py": {"<gradum.SurrogateTree of"},
    "show/answers/verification.py": {"<gradum.PropertyReport of"},
    "study/properties/stated_properties.py": {
        "robust income"
    },  # an example, in the words that are read
    "questions/stress/answer.py": {"<gradum.StressTest of"},
    "questions/watch/answer.py": {"<gradum.Watch with"},
    "show/answers/trust.py": {"<gradum.TrustReport of"},
    "show/step/explain_step.py": {"<pre style"},
    "show/step/mathml.py": {"<mrow>"},
    "show/step/step_lines.py": {"dℓ/da", "alpha·", "dL/db", "p = softmax(", "sign 0 = 0"},
    "show/pictures/confusion.py": {"datum.rows > 0", "max(7, min("},
    "questions/stress/kept_answers.py": {"datum.high - datum.low"},
    "show/pictures/picture.py": {"system-ui", "isNumber(datum.value)"},
    "show/repeat.py": {"import gradum"},
    "show/page/charted_page.py": {"window.vegaEmbed"},
    "study/explanation/surrogate.py": {"there is no rule", "there is no class"},
    "study/findings/findings.py": {"there is no rung", "there is no metric"},
    "study/findings/reliability.py": {"Too few rows"},  # of old files
    "study/findings/segments.py": {"segments by chance"},
    "api/model.py": {"<gradum.Model of"},
    "api/offset.py": {"a number (--numeric)"},  # taken out of a sentence in English
    "api/spelled_out.py": {r"\*\*options"},
    # What Prometheus, browsers and OpenAPI read.
    "serve/telemetry.py": {
        *("1 ", "Joined", "New files", "Outcomes", "Recent", "Requests that", "Rows", "Time to"),
        "Values in",
    },
    "serve/page.py": {"script-src", "style-src", "default-src"},
    "serve/application.py": {'Basic realm="'},
    "app/cli/misuse.py": {"No such command", "Got unexpected", "does not take", ", unable to"},
    "files/archive.py": {"Error while deserializing"},
    "files/atomic.py": {"there is always one more", r"\(os error"},
}


@pytest.fixture
def chinese():
    with gradum.language("zh"):
        yield


def places(message):
    return sorted(
        {
            (name, conversion, form)
            for _, name, form, conversion in string.Formatter().parse(message)
            if name is not None
        }
    )


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("language", catalogue.OTHERS)
def test_every_sentence_of_a_room_is_translated_with_its_values(language, room):
    translated = read(language, room)
    gathered = catalogue.gathered(room)
    ids = {message.id for message in catalogue.messages(translated)}
    assert ids == {message.id for message in catalogue.messages(gathered)}, "refresh the catalogue"
    for message in catalogue.messages(translated):
        forms = [message.string] if isinstance(message.string, str) else list(message.string)
        assert all(forms), f"{message.id!r} is not translated."
        english = [message.id] if isinstance(message.id, str) else list(message.id)
        wanted = places(english[-1])
        assert all(places(form) == wanted for form in forms), (message.id, forms)


NAMES = "|".join(dict.fromkeys((*LADDER, *get_args(ModelName))))
"""Of rungs, as options take them."""
LISTED = rf"(({NAMES}), )+({NAMES}) or ({NAMES}|enough)\b"


def readers_words():
    """The words of the code and those that readers meet instead, from the glossary's table."""
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    _, table = text.split("## Words for readers")
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("|")]
    return rows[2:]


@pytest.mark.parametrize("room", ROOMS)
def test_a_sentence_has_the_readers_words_and_no_word_of_the_code(room):
    """Options keep theirs, as in --model pack, and so do names of values, as in {rung}."""
    messages = list(catalogue.messages(read("zh", room)))
    for ours, english, chinese in readers_words():
        ours_alone = re.compile(rf"(?<![\w{{-]){ours}s?\b(?!=)", re.IGNORECASE)
        for message in messages:
            forms = [message.id] if isinstance(message.id, str) else list(message.id)
            said = [re.sub(rf"--(rung|model) {ours}|{LISTED}", "", form) for form in forms]
            assert not any(map(ours_alone.search, said)), forms
            if any(english in form for form in forms) and ours != "rung":
                strings = [message.string] if isinstance(message.string, str) else message.string
                assert all(chinese in string for string in strings), strings
            assert "网络包" not in str(message.string)


@pytest.mark.parametrize("language", catalogue.OTHERS)
def test_the_compiled_catalogue_is_that_of_the_rooms(language):
    folder = catalogue.FOLDER / language
    built = mo_path(folder).read_bytes()
    assert built == compiled(folder), "python -m docs.catalogue compiles what has changed"


def test_a_sentence_translated_in_two_ways_is_no_catalogue(tmp_path):
    for room, translation in (("app", "读"), ("run", "看")):
        text = f'msgid "Read it."\nmsgstr "{translation}"\n'
        (tmp_path / "zh" / f"{room}.po").parent.mkdir(exist_ok=True)
        (tmp_path / "zh" / f"{room}.po").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"'Read it\.' is '读' in one room, '看' in run"):
        compiled(tmp_path / "zh")


def unsaid(path):
    """Return the strings of three words or more that are neither said nor documentation."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    skipped = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}  # docstrings
    for node in nodes:
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in SAYING:
            skipped |= {id(below) for part in node.args for below in ast.walk(part)}
        if isinstance(node, ast.keyword) and node.arg in ("help", "in_python"):
            skipped |= {id(below) for below in ast.walk(node.value)}
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Knob":  # begins with it
            skipped |= {id(below) for below in ast.walk(node.args[0])}
        if isinstance(node, ast.Assert):
            skipped |= {id(below) for below in ast.walk(node)}
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(part) for part in node.values}
    for node in nodes:
        if id(node) in skipped:
            continue
        if isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
            text = "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if len(text.split()) >= 3 and re.search("[a-z]{2}", text):
            yield text


@pytest.mark.parametrize("room", ROOMS)
def test_no_sentence_of_a_room_is_left_unsaid(room):
    files = SOURCE.glob("*.py") if room == "gradum" else (SOURCE / room).rglob("*.py")
    left = []
    for path in files:
        name = path.relative_to(SOURCE).as_posix()
        if name in OF_HELP:
            continue
        exempt = tuple(NO_SENTENCES.get(name, ("\0",)))
        left += [(name, text) for text in unsaid(path) if not text.startswith(exempt)]
    assert left == []


@pytest.mark.parametrize("room", ROOMS)
def test_whatever_becomes_json_may_hold_sentences(room):
    """msgspec knows no sentences, only strings, unless it is told."""
    for path in (SOURCE / room).rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if not re.search("encode|to_builtins", text):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                if called in ("msgspec.json.encode", "msgspec.to_builtins", "to_builtins"):
                    assert any(each.arg == "enc_hook" for each in node.keywords), (path, called)


def test_values_are_never_translated_nor_read_as_places(chinese):
    assert say("{others} and {last}", others="{last}", last="and") == "{last} 和 and"
    assert say("{others} or {last}", others="%s", last="{0.__class__}") == "%s 或 {0.__class__}"


def test_lists_and_sentences_are_joined_as_the_language_does():
    names = ["a", "b", "c"]
    assert listed(names) == "a, b, c"
    assert (listed(names, "and"), listed(names, "or")) == ("a, b and c", "a, b or c")
    assert listed(["a"], "and") == "a"
    assert sentences(["One.", "", "Two."]) == "One. Two."
    with gradum.language("zh"):
        assert listed(names, "and") == "a、b 和 c"
        assert sentences(["一。", "二。"]) == "一。二。"


def test_a_number_of_things_has_its_form():
    assert say_plural("{count:,} thing", "{count:,} things", 1) == "1 thing"
    assert say_plural("{count:,} thing", "{count:,} things", 2000) == "2,000 things"


def test_a_language_lasts_until_the_block_ends_or_another_is_chosen():
    assert spoken() == "en"
    with gradum.language("zh_CN.UTF-8"):
        assert spoken() == "zh"
        with pytest.raises(SpecError, match="'tlh'"):
            gradum.language("tlh")
        assert spoken() == "zh"
    assert spoken() == "en"


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_GB.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LANGUAGE": "de:zh:en"}, "zh"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "en:zh"}, "en"),
        ({"LANG": "C", "LANGUAGE": "zh"}, "en"),
    ],
)
def test_the_command_line_speaks_the_language_of_the_locale(environment, language):
    assert of_locale(environment) == language


def test_the_language_asked_for_stands_anywhere():
    try:
        for words in (["--lang", "zh", "fit", "a"], ["fit", "a", "--lang=zh"]):
            assert choose_language(words, {"LANG": "en_US.UTF-8"}) == ["fit", "a"]
            assert spoken() == "zh"
        assert choose_language(["fit", "--", "--lang"], {}) == ["fit", "--", "--lang"]
        with pytest.raises(SpecError, match="does not speak 'de'"):
            choose_language(["--lang", "de"], {})
    finally:
        gradum.language("en")


def test_a_language_that_is_not_spoken_is_refused_in_one_line():
    ended = run("fit", "--lang", "de")
    assert ended.code == 2
    assert ended.err == "error: gradum does not speak 'de'. Choose en (English) or zh (简体中文).\n"
