"""Runs the code of the pages and refreshes what they show: ``python docs/chapters.py``.

The pages are the chapters, the article and the page on Keras; ``python docs/chapters.py 3 article``
runs two of them.

The blocks of one page share a namespace, as if they were one program. What a block prints stands
below it, on a console of 100 characters, and the pictures that it saves in the working directory
go to ``images/chapters``. ``python docs/chinese.py`` copies the blocks and what they print into the
Chinese pages.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import tempfile
from pathlib import Path
from unittest import mock

FOLDER = Path(__file__).parent / "chapters"
EXAMPLES = FOLDER.parent.parent / "examples"
IMAGES = Path(__file__).parent / "images/chapters"
BLOCK = re.compile(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", re.DOTALL)
SHOWN = re.compile(r"\]\(\.\./images/chapters/([^)]+)\)")


def pages() -> list[Path]:
    """Return the chapters, in order, and the other pages; Keras's is last, as it sets JAX up."""
    others = [FOLDER.parent / name for name in ("article.md", "keras.md")]
    chapters = sorted(FOLDER.glob("[0-9]*.md"), key=lambda page: int(page.stem.partition("-")[0]))
    return [*chapters, *others]


def shown_images(page: Path) -> list[str]:
    """Return the names of the pictures that a page shows."""
    return SHOWN.findall(page.read_text(encoding="utf-8"))


def shown_outputs(page: Path) -> list[str]:
    """Return what stands below each block of a page; "" where nothing does."""
    return [output for _, output in BLOCK.findall(page.read_text(encoding="utf-8"))]


def run(page: Path, folder: Path) -> list[str]:
    """Run a page's blocks in a folder, beside `examples`; return what each printed."""
    outputs, namespace = [], {"__name__": page.stem}
    with contextlib.chdir(folder), mock.patch.dict(os.environ, COLUMNS="100"):
        Path("examples").symlink_to(EXAMPLES)
        for code, _ in BLOCK.findall(page.read_text(encoding="utf-8")):
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                exec(compile(code, page.name, "exec"), namespace)
            outputs.append(printed.getvalue())
        Path("examples").unlink()
    return outputs


def refresh(page: Path) -> None:
    """Run a page, write what it printed below its blocks, and keep its pictures."""
    with tempfile.TemporaryDirectory() as folder:
        outputs = iter(run(page, Path(folder)))
        for name in shown_images(page):
            (IMAGES / name).write_bytes((Path(folder) / name).read_bytes())

    def written(block: re.Match[str]) -> str:
        printed = next(outputs)
        return f"```python\n{block[1]}```\n" + (f"\n```text\n{printed}```\n" if printed else "")

    text = page.read_text(encoding="utf-8")
    page.write_text(BLOCK.sub(written, text), encoding="utf-8")


if __name__ == "__main__":
    IMAGES.mkdir(parents=True, exist_ok=True)
    asked = set(sys.argv[1:])
    for page in pages():
        if not asked or asked & {page.stem, page.stem.partition("-")[0]}:
            refresh(page)
