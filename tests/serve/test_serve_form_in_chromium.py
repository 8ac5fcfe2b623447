"""The form on the server's page, in Chromium: it asks, and shows what is answered."""

import json
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest

import gradum
from asgi_client import Client
from gradum.files.atomic import claim_folder
from gradum.serve import app
from gradum.ship import run_folder
from gradum.ship.run_spec import RunSpec
from gradum.study.explanation.learned import background_rows
from synthetic import ONCE, mixed

HOSTILE = "<img src=x onerror=alert(1)> \"'"
"""The name of a column, and the target of a model; a level too."""
ADDRESS = "http://localhost:8000"
SCREENS = [(1280, "light"), (390, "dark")]


class ClientInThread(Client):
    """Calls from a thread of its own: the one of the tests has the browser's event loop."""

    def request(self, *arguments):
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(super().request, *arguments).result()


@pytest.fixture(scope="module")
def served(tmp_path_factory, classifier):
    """A client of models of a number and of a class, each with rows to explain by."""
    at = tmp_path_factory.mktemp("form")
    days = pl.date(2024, 1, 1) + pl.duration(days=pl.int_range(300))
    frame = mixed(300).select(
        pl.col("size").alias(HOSTILE),
        pl.col("colour").replace("red", HOSTILE),
        "age",
        "city",
        days.alias("day"),
        pl.format("a review of {}, which was {}", "city", "label").alias("review"),
        "amount",
    )
    numbers = gradum.fit(frame, "amount", **ONCE | {"model": "linear"})
    for name, model in {"numbers": numbers, "classes": classifier}.items():
        folder = claim_folder(at / name)
        fingerprint = model.fitted.provenance.fingerprint
        asked = RunSpec("t.csv", model.fitted.spec, fingerprint=fingerprint)
        run_folder.write(folder, model.run, asked)
        run_folder.write_background(folder, background_rows(model.run).head(4))
    return ClientInThread(app([at / "numbers", at / "classes"]))


@pytest.fixture
def opened(browser, served):
    """Open the page at a width; errors of the page, and scripts refused, fail the test."""
    contexts, wrong = [], []

    def answer(route, request):
        path = request.url.removeprefix(ADDRESS)
        posts = request.method == "POST"
        found = served.post(path, request.post_data.encode()) if posts else served.get(path)
        route.fulfill(status=found.status, headers=found.headers, body=found.body)

    def open_page(width=1280, scheme="light"):
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        contexts.append(context)
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: "Content Security" in said.text and wrong.append(said.text))
        page.route("**/*", answer)
        page.goto(ADDRESS + "/")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


def numbers(page):
    return page.locator("form").first


def ask(form):
    """Ask a form, and return its answer once everything is there."""
    form.get_by_role("button", name="Ask").click()
    form.locator(".said h3").wait_for()
    return form.locator(".said").inner_text()


def hint(field):
    """What stands below a field."""
    return field.page.locator(f"#{field.get_attribute('aria-describedby')}").inner_text()


def test_it_asks_what_its_fields_say_and_shows_all_of_the_answer(opened, served):
    page = opened()
    form = numbers(page)
    form.get_by_label(HOSTILE, exact=True).fill("61.5")
    form.get_by_label("colour", exact=True).select_option(label=HOSTILE)
    form.get_by_label("city").fill("city 07")
    form.get_by_label("day").fill("2024-03-09")
    form.get_by_label("review").fill("a <b>review</b>")
    form.get_by_label("age").fill("")
    with page.expect_request("**/predict") as asked:
        form.get_by_label("age").press("Enter")
    body = json.loads(asked.value.post_data)
    given = [61.5, HOSTILE, None, "city 07", "2024-03-09", "a <b>review</b>"]
    names = [HOSTILE, "colour", "age", "city", "day", "review"]
    assert body["records"] == [dict(zip(names, given, strict=True))]
    form.locator(".said h3").wait_for()
    answer = served.post("/predict", body | {"explain": True}).json["answers"][0]
    said = form.locator(".said")
    assert said.locator("b").inner_text() == f"{answer['prediction']:.5g}"
    low, high = (f"{end:.5g}" for end in answer["interval"])
    assert f"90% interval: {low} to {high}" in said.inner_text()
    shares = {line["column"]: line["value"] for line in answer["explanation"]["columns"]}
    first = max(shares, key=lambda name: abs(shares[name]))
    assert said.locator("tr td").first.inner_text() == first
    assert said.locator("tr").count() == len(shares)


def test_classes_have_probabilities_and_a_set(opened, served):
    form = opened().locator("form").nth(1)
    form.get_by_label("colour", exact=True).select_option(label="another value")
    form.get_by_label("The other value of colour").fill("mauve")
    said = ask(form)
    assert "90% set:" in said
    assert "percentage points of the class" in said
    shown = {line.split()[0]: line.split()[1] for line in form.locator("tr").all_inner_texts()}
    assert sum(float(shown[name].strip("<>%")) for name in ("no", "yes")) == pytest.approx(100)
    assert "'mauve'" in hint(form.get_by_label("colour", exact=True))


def test_what_is_wrong_stands_beside_its_field(opened, served):
    form = numbers(opened())
    size, age = form.get_by_label(HOSTILE, exact=True), form.get_by_label("age")
    usual = hint(age)
    size.fill("12 stones")
    age.fill("old")
    form.get_by_role("button", name="Ask").click()
    assert form.locator(".said").inner_text() == "Correct first: age."
    assert hint(age) == "This is no number."
    assert age.get_attribute("aria-invalid") == "true"
    assert age.evaluate("field => field === document.activeElement")
    age.fill("40")  # typing takes it away
    assert (hint(age), age.get_attribute("aria-invalid")) == (usual, None)
    form.get_by_role("button", name="Ask").click()
    form.locator(".said", has_text="12 stones").wait_for()  # what only the server can judge
    assert hint(size) == form.locator(".said").inner_text()
    assert size.get_attribute("aria-invalid") == "true"
    size.fill("1e6")
    assert "outside of" in hint(size)
    assert "ranged from" in ask(form)
    form.get_by_role("button", name="As at first").click()
    assert form.locator(".said").inner_text() == ""
    assert size.input_value() != "1e6"


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_it_fits_and_axe_finds_nothing(opened, width, scheme):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="No axe: see .ci/run."
    )
    page = opened(width, scheme)
    numbers(page).get_by_label("age").fill("old")
    numbers(page).get_by_role("button", name="Ask").click()
    ask(page.locator("form").nth(1))
    page.get_by_text("JSON, for programs").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = axe.Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["target"]) for each in found] == []
    page.reload()
    ask(numbers(page))
    answer = numbers(page).locator(".answer").bounding_box()
    assert width < 960 or answer["y"] + answer["height"] <= page.viewport_size["height"]
