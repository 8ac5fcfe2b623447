"""Document sections that hold a benchmark's figures, replaced together with the machine's data."""

from __future__ import annotations

import datetime
import os
import platform
import re
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from threadpoolctl import threadpool_info

from benchmarks.sides import CORES
from gradum.files.atomic import write_text

DOCS = Path(__file__).parent.parent / "docs"
PAGE, ACCURACY = DOCS / "benchmarks.md", DOCS / "accuracy.md"


def replace_section(page: Path, name: str, text: str) -> None:
    """Write ``text`` between the lines ``<!-- name -->`` and ``<!-- end -->`` of a page."""
    section = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    changed, count = section.subn(lambda found: found[1] + text + found[2], page.read_text("utf-8"))
    if count != 1:
        raise ValueError(f"{page} has {count} sections named {name}.")
    write_text(page, changed)


def publish(
    name: str, text: str, packages: Sequence[str], *, complete: bool = True, page: Path = PAGE
) -> None:
    """Print what was measured; if it is complete, make it its section of a page."""
    text = f"{text}\n{circumstances(packages)}\n"
    print(text)
    if complete:
        replace_section(page, name, text)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table whose columns are right-aligned, except the first."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def circumstances(packages: Sequence[str]) -> str:
    """Return a sentence with the day, the machine, Python and the versions of these packages."""
    blas = {each["architecture"] for each in threadpool_info() if "architecture" in each}
    parts = [
        f"Measured on {datetime.date.today().isoformat()}",
        machine(),
        f"Python {platform.python_version()}",
        *(f"{name} {_version(name)}" for name in packages),
        *(f"OpenBLAS for {name}" for name in sorted(blas)),
    ]
    return "; ".join(parts) + "."


def machine() -> str:
    """Return the processor, the cores in use, the memory and the system."""
    processor = f"{_processor()}, {CORES} of {os.cpu_count()} cores, {_memory()}"
    return f"{processor}; {platform.platform(terse=True)}"


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    said = re.search(r"model name\s*: (.*)", cpuinfo.read_text()) if cpuinfo.exists() else None
    return said.group(1) if said else platform.processor() or platform.machine()


def _memory() -> str:
    return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"
