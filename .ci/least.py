"""Print the least version that pyproject.toml allows of every package, as constraints for pip."""

import re
import tomllib
from itertools import chain
from pathlib import Path

REQUIREMENT = re.compile(r"([\w.-]+)(?:\[[\w,]+\])?>=([\w.]+)(?:,<[\w.]+)?(?:;.*)?")

project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
least = {}
lists = [project["dependencies"], *project["optional-dependencies"].values()]
for requirement in chain.from_iterable(lists):
    found = REQUIREMENT.fullmatch(requirement.replace(" ", ""))
    if found is None:
        raise SystemExit(f"{requirement!r} states no least version.")
    name, version = found.groups()
    if least.setdefault(name, version) != version:
        raise SystemExit(f"The extras differ in the least version of {name}.")
for name, version in least.items():  # a package that nothing asks for is not installed
    print(f"{name}=={version}")
