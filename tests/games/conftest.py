"""One short training of CartPole, which most tests of games share."""

import shutil
from types import SimpleNamespace

import pytest

import gradum
from gradum.api.game_report import game_report
from gradum.api.play import play_in_folder
from gradum.games import simple_policies
from gradum.ship.play_folder import PlaySpec

FALLS = "angle 0.1..0.2, angular_velocity 1..2, position -0.5..0.5, velocity -0.5..0.5"
PROPERTIES = (f"never left where {FALLS}", "never left")


@pytest.fixture(scope="session")
def cartpole(tmp_path_factory):
    """A folder in which CartPole was learned a little, without interruption."""
    folder = tmp_path_factory.mktemp("cartpole")
    spec = PlaySpec("cartpole", seed=1, steps=65_536, properties=PROPERTIES)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(simple_policies, "QUICK", simple_policies.Effort(24, 4, 6))
        played, verified = play_in_folder(folder, spec)
    return SimpleNamespace(folder=folder, spec=spec, played=played, verified=verified)


@pytest.fixture(scope="session")
def pages(cartpole, tmp_path_factory):
    """The report of the shared game in both languages."""
    folder = tmp_path_factory.mktemp("reports")
    shutil.copy(cartpole.folder / "report.html", folder / "en.html")
    with gradum.language("zh"):
        page = game_report(cartpole.played, cartpole.spec, verified=cartpole.verified)
        (folder / "zh.html").write_text(page)
    return folder
