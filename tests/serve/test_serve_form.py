"""The form on the server's page, in Chromium: it asks, and shows what is answered."""

import json

import polars as pl
import pytest

import gradum
from asgi_client import Client
from gradum.serve import app
from synthetic import ONCE, task

HOSTILE = "<img src=x onerror=alert(1)> 'quoted'"
ADDRESS = "http://localhost:8000"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A client of a model with a hostile name of a column and a hostile level."""
    path = tmp_path_factory.mktemp("form") / "m.gradum"
    frame = task("label", 200).with_columns(
        pl.when(pl.col("colour") == "red").then(pl.lit(HOSTILE)).otherwise("colour").alias(HOSTILE)
    )
    gradum.fit(frame, "label", **ONCE | {"model": "linear"}).save(path)
    return Client(app(path))


@pytest.fixture
def opened(browser, served):
    """Open the page at a width; errors and warnings of the page fail the test."""
    contexts, wrong = [], []

    def answer(route, request):
        path = request.url.removeprefix(ADDRESS)
        if request.method == "POST":
            found = served.post(path, request.post_data.encode())
        else:
            found = served.get(path)
        route.fulfill(status=found.status, headers=found.headers, body=found.body)

    def open_page(width=1280, scheme="light"):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "console", lambda said: said.type in ("warning", "error") and wrong.append(said.text)
        )
        page.route("**/*", answer)
        page.goto(ADDRESS + "/")
        return page, wrong

    yield open_page
    for context in contexts:
        context.close()


def test_the_form_asks_what_its_fields_say(opened, served):
    page, wrong = opened()
    page.get_by_label("age", exact=True).fill("61")
    page.get_by_label("colour", exact=True).select_option(label="blue")
    page.get_by_label(HOSTILE, exact=True).select_option(label="another value")
    page.get_by_label(f"The other value of {HOSTILE}").fill("unheard")
    with page.expect_request("**/predict") as asked:
        page.keyboard.press("Enter")
    (row,) = json.loads(asked.value.post_data)["records"]
    assert (row["age"], row["colour"], row[HOSTILE]) == (61, "blue", "unheard")
    page.wait_for_selector(".said b")
    answer = served.post("/predict", asked.value.post_data.encode()).json
    assert page.inner_text(".said b") == str(answer["answers"][0]["prediction"])
    assert answer["notes"][0] in page.inner_text(".said")
    assert wrong == []


def test_what_is_wrong_stands_beside_its_field(opened, served):
    page, _ = opened()
    page.get_by_label("age", exact=True).fill("")
    page.get_by_role("button", name="Ask").first.click()
    page.wait_for_selector(".said.refused")
    field = page.get_by_label("age", exact=True)
    assert field.get_attribute("aria-invalid") == "true"
    assert (
        "Give a value" in page.locator(f"#{field.get_attribute('aria-describedby')}").inner_text()
    )
    field.fill("1e300")
    page.get_by_role("button", name="Ask").first.click()
    page.wait_for_selector(".said:not(.refused) b, .said.refused")
    refused = served.post("/predict", {"records": [example(served) | {"age": 1e300}]})
    shown = page.locator(f"#{field.get_attribute('aria-describedby')}").inner_text()
    assert refused.status == 422
    assert shown == refused.json["error"]


def example(served):
    paths = served.get("/openapi.json").json["paths"]
    body = paths["/predict"]["post"]["requestBody"]["content"]["application/json"]
    return body["example"]["records"][0]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_it_fits_and_axe_finds_nothing(opened, width, scheme):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="No axe: see .ci/run."
    )
    page, _ = opened(width, scheme)
    page.get_by_role("button", name="Ask").first.click()
    page.wait_for_selector(".said b")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = axe.Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["target"]) for each in found] == []
