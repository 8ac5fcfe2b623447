"""The tasks of the lab page's main thread while networks train, by Chromium's own trace.

A page stays at hand where no task of its main thread takes longer than 50 ms, which browsers call a
long task (W3C, Long Tasks API). The trace is that of the DevTools protocol; training is in workers.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.page import publish, table
from gradum.lab.page import lab_page
from gradum.lab.table import lab_table

ROWS, LONG = 2_000, 50.0
ADDRESS = "#hidden=64.64&solver=adam&batch=32&pace=0"
CATEGORIES = ["toplevel", "disabled-by-default-devtools.timeline", "devtools.timeline"]
PACKAGES = ("gradum", "playwright")


def main(seconds: str = "10") -> None:
    """Trace one run, and two side by side, each as long as told, and publish the tasks."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("There is no Chromium on this machine.")
    a, b = np.random.default_rng(0).normal(size=(2, ROWS))
    whole = lab_page(lab_table({"a": a, "b": b, "y": a * b}, "y"))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        (Path(folder) / "lab.html").write_text(whole, encoding="utf-8")
        address = (Path(folder) / "lab.html").as_uri() + ADDRESS
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        lines = [
            [name, *_traced(browser, address, float(seconds), beside=beside)]
            for name, beside in (("one run", False), ("two runs side by side", True))
        ]
        version = browser.version
        browser.close()
    head = ["2-64-64-1, 2,000 rows", "epochs", "tasks"]
    head += ["longest", f"> {LONG:.0f} ms", "longest, processor", f"> {LONG:.0f} ms, processor"]
    text = f"Chromium {version}, {seconds} seconds of training each.\n\n{table(head, lines)}"
    publish("lab", text, PACKAGES)


def _traced(browser: Browser, address: str, seconds: float, *, beside: bool) -> list[str]:
    """Train for a while; return epochs, tasks, and how long these took."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(address)
    page.wait_for_selector(".far:not(:empty)")
    if beside:
        page.click("#keep")
        page.wait_for_selector("lab-compare td")
        page.fill("#set-seed", "2")
        page.keyboard.press("Tab")
        page.wait_for_selector('lab-compare td:text-is("2")')
    browser.start_tracing(page=page, categories=CATEGORIES)
    page.click("#train-play")
    page.wait_for_timeout(1000 * seconds)
    trace = json.loads(browser.stop_tracing())["traceEvents"]
    epochs = _epochs(page)
    page.close()
    tasks = main_thread_tasks(trace)
    columns = [
        text
        for took in np.array(tasks).T
        for text in (f"{took.max():.1f} ms", str(int(np.sum(took > LONG))))
    ]
    return [epochs, f"{len(tasks):,}", *columns]


def _epochs(page: Page) -> str:
    """Return the epoch that the toolbar tells."""
    return page.inner_text(".far").split(",")[0].removeprefix("Epoch ")


def main_thread_tasks(events: list[dict[str, Any]]) -> list[tuple[float, float]]:
    """Return the milliseconds of each task of a page's main thread, by clock and of the processor.

    The first are longer where other programs, or the workers, take the processor away.

    Of several processes with pages, the one that worked most is the page that trained.
    """
    main = {
        (each["pid"], each["tid"])
        for each in events
        if each["name"] == "thread_name" and each["args"]["name"] == "CrRendererMain"
    }
    tasks: dict[int, list[tuple[float, float]]] = {}
    for each in events:
        if each["name"].endswith("RunTask") and (each["pid"], each["tid"]) in main:
            took = each.get("dur", 0) / 1000, each.get("tdur", 0) / 1000
            tasks.setdefault(each["pid"], []).append(took)
    return max(tasks.values(), key=len)
