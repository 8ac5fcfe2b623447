"""The lab's page in Chromium: its buttons and controls, files and addresses, used as readers do."""

import json
import re

import numpy as np
import pytest
from in_chromium import FAR, HOSTILE, SCREENS, told

from gradum.lab.page import lab_page
from gradum.lab.table import lab_table


def epoch(page):
    """The epoch that the toolbar tells."""
    return int(re.search(r"\d+", page.inner_text(FAR))[0])


def loss(page):
    """The loss of held-out rows that the toolbar tells."""
    return float(re.findall(r"[\d.]+", page.inner_text(FAR))[-1])


def test_five_clicks_lead_to_a_trained_network_and_a_formula(lab):
    page = lab()
    before = loss(page)
    for _ in range(3):
        page.click("#train-epoch")
    told(page, "Epoch 3,")
    page.click(".unit >> nth=2")
    page.wait_for_selector("lab-formulas:has-text('Sum of unit 1.1') math")
    assert loss(page) < before


def test_operations_go_forward_and_back_by_buttons_and_keys(lab):
    page = lab("#data=line&hidden=&rate=0.1")
    titles = [page.inner_text("lab-formulas h3")]
    for done in range(1, 9):
        page.keyboard.press("o")
        told(page, f"operation {done} of 8")
        page.wait_for_selector(f'lab-formulas h3:not(:text-is("{titles[-1]}"))')
        titles.append(page.inner_text("lab-formulas h3"))
    assert len(set(titles)) == 9
    page.click("#train-undo")
    told(page, "operation 7 of 8")
    page.wait_for_selector(f'lab-formulas h3:text-is("{titles[7]}")')
    page.keyboard.press("b")
    told(page, "Epoch 1,")
    page.click("#train-backStep")
    told(page, "Epoch 0,")


def test_play_goes_on_until_pause(lab):
    page = lab("#data=line&hidden=&pace=0")
    page.click("#train-play")
    page.wait_for_selector('#train-play:has-text("Pause")')
    page.click("#train-play")
    page.wait_for_selector('#train-play:has-text("Play")')
    reached = epoch(page)
    assert reached > 0
    page.click("#train-reset")
    told(page, "Epoch 0,")


CHANGES = {
    "data": "spiral",
    "activation": "relu",
    "loss": "log_loss",
    "solver": "momentum",
    "rate": "0.2",
    "batch": "10",
    "penalty": "l1",
    "dropout": "0.25",
    "seed": "5",
    "hidden": "2",
}


def test_a_control_begins_anew_and_stands_in_the_address(lab):
    page = lab("#data=moons&hidden=4&solver=sgd&penalty=l2")
    for name, value in CHANGES.items():
        page.click("#train-epoch")
        told(page, "Epoch 1,")
        control = page.locator(f"#set-{name}")
        if control.evaluate("each => each.localName") == "select":
            control.select_option(value)
        else:
            control.fill(value)
            control.blur()
        if name == "loss":  # which a table of two classes has only one of
            page.click("#train-reset")
        told(page, "Epoch 0,")
        assert page.locator(f"#set-{name}-does").count() == (name != "data")
    address = page.url
    again = lab(address[address.index("#") :])
    assert {name: again.locator(f"#set-{name}").input_value() for name in CHANGES} == CHANGES


def test_a_teacher_hides_controls_by_the_address(lab):
    page = lab("#data=moons&hide=solver.seed.hidden")
    assert page.locator("#set-rate").count() == 1
    for name in ("solver", "seed", "hidden"):
        assert page.locator(f"#set-{name}").count() == 0
    page = lab("#data=moons&hide=surface.program")
    for name in ("surface", "program"):
        assert page.locator(f"lab-{name}").is_hidden()
    assert page.locator("lab-scores").is_visible()


def test_a_weight_is_reached_by_keyboard(lab):
    page = lab("#data=moons&hidden=3")
    page.focus('.unit[data-unit="0.1"]')
    page.keyboard.press("Enter")
    page.wait_for_selector('lab-formulas h3:text-is("Sum of unit 1.2")')
    page.focus('lab-formulas td button:text-is("x2")')
    page.keyboard.press("Enter")
    page.wait_for_selector('lab-formulas h3:text-is("Weight from x2 to unit 1.2")')


@pytest.mark.parametrize(
    "hash",
    [
        "#rate=-1&hidden=99.x&data=none",
        "#row=9e9&batch=0&seed=a",
        "#%%%",
        "#lang=constructor&data=constructor",
    ],
)
def test_an_address_of_anybody_does_no_harm(lab, hash):
    page = lab(hash)
    page.click("#train-epoch")
    told(page, "Epoch 1,")


def test_divergence_is_told_with_a_remedy_that_helps(lab):
    page = lab("#data=line&hidden=&rate=3")
    assert page.locator("lab-toolbar .alarm").is_hidden()
    for _ in range(8):
        page.click("#train-epoch")
    page.wait_for_selector("lab-toolbar .alarm >> visible=true")
    rate = 3.0
    while page.locator("lab-toolbar .alarm").is_visible():
        page.click("lab-toolbar .alarm button")
        told(page, "Epoch 0,")
        rate, before = float(page.input_value("#set-rate")), rate
        assert rate < before
        for _ in range(12):
            page.click("#train-epoch")
        page.wait_for_timeout(100)
    assert 0 < rate < 3


def test_a_file_is_read_or_refused_with_a_way_on(lab, tmp_path):
    page = lab()
    (tmp_path / "binary.csv").write_bytes(bytes(range(256)) * 10)
    (tmp_path / "three.csv").write_text("a,b\n1,2\n3,4\n5,6\n")
    rows = "\n".join(f"{k % 7},{k * k % 11},{k % 3}" for k in range(60))
    (tmp_path / "good.csv").write_text(f"{HOSTILE},b,c\n{rows}\n")
    with (tmp_path / "large.csv").open("wb") as file:
        file.truncate(21_000_000)
    refused = {"binary.csv": "UTF-8", "three.csv": "3 rows", "large.csv": "20 MB"}
    for name, words in refused.items():
        page.set_input_files("#own", tmp_path / name)
        page.wait_for_selector(f'lab-data .alarm:has-text("{words}")')
    (tmp_path / "same.csv").write_text("a,b\n" + "\n".join(f"{k % 7},no" for k in range(60)))
    page.set_input_files("#own", tmp_path / "same.csv")
    page.wait_for_selector('lab-data .alarm:has-text("only one value")')
    assert page.input_value("#set-target") == ""  # so that any column can be chosen
    page.set_input_files("#own", tmp_path / "good.csv")
    page.wait_for_selector("#set-target")
    assert page.input_value("#set-target") == "c"
    page.select_option("#set-target", "b")
    page.wait_for_selector('lab-data:has-text("The target b is a number.")')
    page.click("#train-epoch")
    told(page, "Epoch 1,")
    assert page.locator("img").count() == 0


def test_of_very_many_columns_the_first_and_the_last_are_read_and_it_is_said(lab, tmp_path):
    page, names = lab("#data=moons"), [f"c{k}" for k in range(3_000)]
    rows = [[f"{(k * k + row) % 11}" for k in range(3_000)] for row in range(12)]
    rows[3] = rows[3][:1_500]
    (tmp_path / "t.csv").write_text("\n".join(map(",".join, [names, *rows])))
    page.set_input_files("#own", tmp_path / "t.csv")
    page.wait_for_selector(
        'lab-data:has-text("Of 3000 columns the first 999 and the last are read.")'
    )
    assert page.locator("#set-target option").all_inner_texts() == [*names[:999], "c2999"]
    assert page.input_value("#set-target") == "c2999"
    page.click("#train-epoch")
    told(page, "Epoch 1,")


def test_names_from_a_table_are_text(lab):
    page = lab(file="hostile.html")
    page.click("#train-epoch")
    told(page, "Epoch 1,")
    page.click(".unit >> nth=0")
    page.wait_for_selector("lab-formulas h3")
    assert page.locator("img, lab-data b").count() == 0
    assert HOSTILE in page.inner_text("lab-data")
    assert page.title() != "1"


def test_an_input_is_switched_off_and_on_and_training_goes_on(lab):
    page = lab("#data=moons&pace=0")
    for _ in range(3):
        page.click("#train-epoch")
    told(page, "Epoch 3,")
    before, whole = page.inner_text(FAR), loss(page)
    page.click("#unit-0-1")
    page.wait_for_selector('#unit-0-1[aria-pressed="false"]')
    until(page, lambda: loss(page) != whole)
    assert (epoch(page), page.evaluate("document.activeElement.id")) == (3, "unit-0-1")
    assert "off=1" in page.url
    assert page.inner_text("#train-play") == "Play"
    again = lab(page.url[page.url.index("#") :])
    assert again.get_attribute("#unit-0-1", "aria-pressed") == "false"
    page.keyboard.press("Enter")
    until(page, lambda: page.inner_text(FAR) == before)  # as if it had never been off
    page.click("#train-play")
    until(page, lambda: epoch(page) > 20)
    page.click("#unit-0-0")
    reached = epoch(page)
    until(page, lambda: epoch(page) > reached + 20)
    assert page.inner_text("#train-play") == "Pause"


def test_layers_and_units_are_added_and_taken_away_at_the_network(lab):
    page = lab("#data=moons")
    page.click("#more-layers")
    page.wait_for_selector("#more-units-1")
    page.click("#more-units-1")
    page.wait_for_selector('.unit[data-unit="1.4"]')
    assert page.evaluate("document.activeElement.id") == "more-units-1"
    page.click("#less-units-0")
    assert "hidden=3.5" in page.url
    for _ in range(2):
        page.click("#less-layers")
    page.wait_for_selector('#less-layers[aria-disabled="true"]')
    assert page.input_value("#set-hidden") == "0"
    page.select_option("#set-hidden", "4")
    page.wait_for_selector('#more-layers[aria-disabled="true"]')
    page.fill("#set-hidden-0", "64")
    page.keyboard.press("Tab")
    page.wait_for_selector('#more-units-0[aria-disabled="true"]')


def test_a_change_while_it_plays_plays_on(lab):
    page = lab("#data=moons&pace=0")
    page.click("#train-play")
    page.wait_for_selector('#train-play:has-text("Pause")')
    page.fill("#set-rate", "0.05")
    page.keyboard.press("Tab")
    until(page, lambda: "rate=0.05" in page.url and epoch(page) > 5)
    assert page.inner_text("#train-play") == "Pause"
    page.select_option("#set-data", "spiral")  # another table begins at rest
    told(page, "Epoch 0,")


def test_noise_is_added_to_what_is_drawn_and_taken_away_again(lab):
    page = lab("#data=moons")
    before = loss(page)
    page.fill("#set-noise", "0.6")
    until(page, lambda: loss(page) != before)
    assert "noise=0.6" in page.url
    page.fill("#set-noise", "0")
    until(page, lambda: loss(page) == before)
    page.select_option("#set-data", "penguins")
    page.wait_for_selector("#example")
    assert page.locator("#set-noise").count() == 0
    page.click("#example")
    assert page.input_value("#set-data") == "moons"


def test_inputs_that_are_not_drawn_are_said_and_a_strong_one_is_drawn(lab):
    page = lab(file="wide.html")
    drawn = page.locator(".board .input").all_inner_texts()
    assert len(drawn) == 12
    assert "strong" in drawn
    assert not any("missing" in name for name in drawn)
    note = page.locator("lab-network p").first
    assert note.inner_text().startswith("12 of 16 inputs are drawn")
    assert "年龄 missing" in note.get_attribute("title")
    page.click("#speak-zh")
    page.wait_for_selector('html[lang="zh-CN"]')
    assert "年龄（缺失）" in note.get_attribute("title")
    assert "年龄（缺失）" in page.inner_text("lab-data")
    page.select_option("#set-across", label="年龄（缺失）")


CELLS = """() => [...document.querySelectorAll("lab-compare tbody tr")].map(
    (row) => [...row.cells].map((cell) => cell.innerText))"""
COLUMN = "lab-compare tr:has(td:text-is('{}')) >> td:nth-child({}):text-is('{}')"


def until(page, reached):
    """Wait for what a page reaches, as long as for anything else of it."""
    for _ in range(200):
        if reached():
            return
        page.wait_for_timeout(50)
    raise AssertionError(page.inner_text("main"))


def beside(page):
    """What the table of both runs tells, by name."""
    return {name: cells for name, *cells in page.evaluate(CELLS)}


def test_two_runs_train_at_once_with_the_bits_of_each_by_itself(lab):
    page = lab("#data=line&hidden=&solver=gd&rate=0.1")
    page.click("#keep")
    page.wait_for_selector("lab-compare td")
    page.select_option("#set-solver", "adam")
    page.wait_for_selector(COLUMN.format("Solver", 3, "Adam"))
    for _ in range(3):
        page.click("#train-epoch")
    for column in (2, 3):
        page.wait_for_selector(COLUMN.format("Epoch", column, 3))
    told_of_both = beside(page)
    assert told_of_both["Solver"] == ["Gradient descent", "Adam"]
    for at, solver in enumerate(("gd", "adam")):
        alone = lab(f"#data=line&hidden=&solver={solver}&rate=0.1")
        for _ in range(3):
            alone.click("#train-epoch")
        told(alone, "Epoch 3,")
        alone.wait_for_selector(f'.far:has-text(" {told_of_both["Mean loss, held out"][at]} of")')
        said = alone.inner_text("lab-curves .legend")
        assert f"Training {told_of_both['Mean loss, training'][at]}" in said
    page.click("#train-step")
    for column, reached in ((2, 4), (3, 3)):  # Adam's epoch has three batches
        page.wait_for_selector(COLUMN.format("Epoch", column, reached))
    page.click("#train-reset")
    for column in (2, 3):
        page.wait_for_selector(COLUMN.format("Epoch", column, 0))
    page.click("#forget")
    page.wait_for_selector("#keep")
    assert page.locator("lab-compare table").count() == 0


def test_two_runs_that_play_pause_at_the_same_epoch(lab):
    page = lab("#data=moons&hidden=3&pace=0")
    page.click("#train-epoch")
    told(page, "Epoch 1,")
    page.click("#keep")
    page.wait_for_selector(COLUMN.format("Epoch", 2, 1))
    page.fill("#set-batch", "150")
    page.keyboard.press("Tab")
    page.wait_for_selector(COLUMN.format("Epoch", 2, 0))
    page.click("#train-play")
    page.wait_for_selector('#train-play:has-text("Pause")')
    until(page, lambda: min(map(int, beside(page)["Epoch"])) > 2)
    page.click("#train-play")
    page.wait_for_selector('#train-play:has-text("Play")')
    until(page, lambda: beside(page)["Epoch"] == [str(epoch(page))] * 2)
    page.select_option("#set-data", "spiral")  # whose rows are others
    page.wait_for_selector("#keep")


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_it_fits_and_speaks_chinese(lab, width, scheme):
    page = lab("#data=penguins", width=width, color_scheme=scheme, reduced_motion="reduce")
    page.click("#speak-zh")
    assert page.get_attribute("html", "lang") == "zh-CN"
    assert page.title().startswith("实验室")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    unsaid = set(re.findall(r"[A-Za-z]{4,}", page.inner_text("lab-controls")))
    assert unsaid <= {"Adam", "tanh", "ReLU", "GELU", "SELU", "lasso"}


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_axe_finds_nothing(lab, width, scheme):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="No axe: see .ci/run."
    )
    page = lab("#data=moons", width=width, color_scheme=scheme)
    page.click("#train-epoch")
    page.click("#keep")
    page.wait_for_selector("lab-compare td")
    page.click(".unit >> nth=3")
    found = axe.Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["target"]) for each in found] == []


def test_long_training_leaves_the_page_at_hand(browser, files, tmp_path):
    random = np.random.default_rng(0)
    a, b = random.normal(size=(2, 2000))
    (tmp_path / "lab.html").write_text(lab_page(lab_table({"a": a, "b": b, "y": a * b}, "y")))
    page = browser.new_page()
    page.goto(f"{(tmp_path / 'lab.html').as_uri()}#hidden=64.64&solver=adam&batch=32&pace=0")
    page.wait_for_selector(FAR)
    browser.start_tracing(page=page, categories=["toplevel"])
    page.click("#train-play")
    page.wait_for_selector('#train-play:has-text("Pause")')
    until(page, lambda: epoch(page) >= 2)
    trace = json.loads(browser.stop_tracing())["traceEvents"]
    page.close()
    main = {
        (each["pid"], each["tid"])
        for each in trace
        if each["name"] == "thread_name" and each["args"]["name"] == "CrRendererMain"
    }
    tasks = [each for each in trace if (each["pid"], each["tid"]) in main and "tdur" in each]
    assert len(tasks) > 20
    # Processor time: what other programs do at the same time does not make a task longer.
    assert max(each["tdur"] for each in tasks) < 50_000


def solved(page):
    """The tasks that the address calls solved."""
    found = re.search(r"[#&]solved=([\d.]+)", page.url)
    return found[1].split(".") if found else []


def test_a_lesson_is_missed_then_solved_and_stays_so_in_its_address(lab):
    page = lab("#lesson=3")
    assert page.locator("#set-rate").count() == 1
    assert page.locator("#set-solver, #set-seed").count() == 0
    for _ in range(3):
        page.click("#train-epoch")
    told(page, "Epoch 3,")
    assert solved(page) == []
    page.fill("#set-rate", "3")
    page.keyboard.press("Enter")
    told(page, "Epoch 0,")
    for _ in range(8):
        page.click("#train-epoch")
    page.wait_for_selector('.task.solved:has-text("✓")')
    assert solved(page) == ["31"]
    bound = page.locator(".task").nth(2)
    for typed, words in (("", "Type a number"), ("0.2", "above it"), ("5", "below it")):
        bound.locator("input").fill(typed)
        bound.locator("input").press("Enter")
        page.wait_for_selector(f'.task .verdict:has-text("{words}")')
    again = lab(page.url[page.url.index("#") :])
    assert again.input_value("#set-rate") == "3"
    assert again.locator(".task.solved").count() == 1


def test_a_line_that_is_typed_is_drawn_and_solving_keeps_the_focus(lab):
    page = lab("#lesson=1")
    task = page.locator(".task").nth(1)
    assert page.locator(".supposed").is_hidden()
    before = page.locator("lab-boundary canvas").evaluate("each => each.toDataURL()")
    task.locator("input").nth(0).fill("3")
    task.locator("input").nth(1).fill("x")
    assert page.locator(".supposed").is_hidden()
    task.locator("input").nth(1).fill("2")
    page.wait_for_selector(".supposed >> visible=true")
    assert page.locator("lab-boundary canvas").evaluate("each => each.toDataURL()") != before
    task.locator("input").nth(1).press("Enter")
    page.wait_for_selector(".task.solved")
    assert task.locator("input").nth(1).evaluate("each => each === document.activeElement")
    assert solved(page) == ["12"]
    assert "1 of 9" not in page.inner_text("lab-lessons")
    page.click("#lesson-2")
    page.wait_for_selector(".supposed", state="hidden")
    page = lab("#lesson=3&rate=3")
    page.focus("#set-rate")
    page.evaluate("window.control = document.activeElement")
    for _ in range(8):
        page.evaluate("document.getElementById('train-epoch').click()")
    page.wait_for_selector(".task.solved")
    assert page.evaluate("document.activeElement === window.control")


def test_the_two_mistakes_are_found_by_keyboard(lab):
    page = lab("#lesson=2")
    task = page.locator(".task").nth(2)
    for line, words in ((2, "wrong target is found"), (7, "Neither"), (5, "✓")):
        if words == "Neither":
            task.locator("input").nth(2).press("Space")
        if words == "✓":
            task.locator("input").nth(7).press("Space")
            task.locator("input").nth(2).press("Space")
        task.locator("input").nth(line).press("Space")
        task.locator("button").press("Enter")
        page.wait_for_selector(f'.task .verdict:has-text("{words}")')
    assert solved(page) == ["23"]
    page.locator("#lesson-3").press("Enter")
    page.wait_for_selector('lab-lesson h2:text("The learning rate")')
    assert page.evaluate("document.activeElement.localName") == "h2"
    page.locator(".ways button").last.press("Enter")
    page.wait_for_selector(".room >> visible=true")
    assert "lesson=" not in page.url
    assert solved(page) == ["23"]
    assert page.locator(".answers lab-boundary").count() == 1


def test_a_teacher_hides_lessons_and_hints_by_the_address(lab):
    page = lab("#lesson=1&hide=lessons.hints.surface")
    assert page.locator("lab-lessons").is_hidden()
    assert page.locator(".ways").count() == 0
    assert page.locator("lab-surface").is_hidden()
    assert page.locator(".task details").count() == 0
    assert page.locator(".task").count() == 2


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_lessons_fit_speak_chinese_and_axe_finds_nothing(lab, width, scheme):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="No axe: see .ci/run."
    )
    page = lab("#lesson=1&lang=zh&solved=23.31", width=width, color_scheme=scheme)
    for lesson in range(1, 10):
        page.evaluate(f"document.getElementById('lesson-{lesson}').click()")
        page.wait_for_selector(f'lab-lesson h2:has-text("第 {lesson} 课")')
        told(page, "第 0 轮")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        words = page.locator("lab-lesson p, lab-lesson h3, lab-lesson summary").all_inner_texts()
        unsaid = set(re.findall(r"[A-Za-z]{4,}", " ".join(words)))
        assert unsaid <= {"Adam", "noise", "tanh", "upper", "lower", "other"}
        if lesson in (2, 7):
            found = axe.Axe().run(page).response["violations"]
            assert [(each["id"], each["nodes"][0]["target"]) for each in found] == []
