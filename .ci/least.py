"""Print the least version that pyproject.toml allows of every package, as constraints for pip."""

import re
import tomllib
from itertools import chain
from pathlib import Path

REQUIREMENT = re.compile(r"([\w.-]+)>=([\w.]+)(?:,<[\w.]+)?(;.*)?")

project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
least = {}
lists = [project["dependencies"], *project["optional-dependencies"].values()]
for requirement in chain.from_iterable(lists):
    found = REQUIREMENT.fullmatch(requirement.replace(" ", ""))
    if found is None:
        raise SystemExit(f"{requirement!r} states no least version.")
    name, version, where = found.groups()
    if least.setdefault(name, (version, where)) != (version, where):
        raise SystemExit(f"The extras differ in the least version of {name}.")
for name, (version, where) in least.items():
    print(f"{name}=={version}{where or ''}")
