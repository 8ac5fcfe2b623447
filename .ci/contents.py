"""Hold the wheel and the sdist of a folder against the files that git tracks.

Besides these, the wheel holds the translations, compiled.
"""

import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import BytesParser
from pathlib import Path

FOLDER = Path(sys.argv[1])
ONLY_HERE = (":!.ci", ":!.github", ":!Containerfile")  # not in the sdist


def tracked(*paths: str) -> set[str]:
    """Return the files that git tracks, by their paths from the repository's root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *paths], check=True, capture_output=True, text=True
    )
    return set(filter(None, listed.stdout.split("\0")))


def compare(archive: Path, held: set[str], expected: set[str]) -> None:
    """End with what an archive lacks or holds besides what is expected."""
    differing = [f"lacks {name}" for name in sorted(expected - held)]
    differing += [f"holds {name}" for name in sorted(held - expected)]
    if differing:
        raise SystemExit("\n".join(f"{archive.name} {line}" for line in differing))
    print(f"{archive.name}: {len(held)} files, {archive.stat().st_size / 1e6:.1f} MB")


(wheel,) = FOLDER.glob("*.whl")
(sdist,) = FOLDER.glob("*.tar.gz")
with zipfile.ZipFile(wheel) as archive:
    names = archive.namelist()
    (about,) = (name for name in names if name.endswith(".dist-info/METADATA"))
    metadata = BytesParser().parsebytes(archive.read(about))
in_wheel = {name for name in names if not name.startswith(about.removesuffix("METADATA"))}
in_source = {name.removeprefix("src/") for name in tracked("src/gradum")}
languages = {str(Path(name).parent) for name in in_source if name.endswith(".po")}
compiled = {f"{folder}/LC_MESSAGES/gradum.mo" for folder in languages}
compare(wheel, in_wheel, in_source | compiled)
with tarfile.open(sdist) as archive:
    in_sdist = {name.partition("/")[2] for name in archive.getnames()}
compare(sdist, in_sdist, tracked(".", *ONLY_HERE) | {"PKG-INFO"})

project = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]
stated = metadata["Version"], metadata["License-Expression"], metadata.get_all("License-File")
if stated != (project["version"], project["license"], project["license-files"]):
    raise SystemExit(f"{wheel.name} states {stated}.")
if metadata.get_payload(decode=True) != Path(project["readme"]).read_bytes():
    raise SystemExit(f"{wheel.name} is described by another text than {project['readme']}.")
if f"\nversion: {project['version']}\n" not in Path("CITATION.cff").read_text("utf-8"):
    raise SystemExit("CITATION.cff names another version.")
