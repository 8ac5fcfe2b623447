"""One short training of CartPole, which most tests of games share."""

import shutil
from types import SimpleNamespace

import pytest

import gradum
from gradum.api.game_report import game_report
from gradum.api.play import play_in_folder
from gradum.games import simple_policies
from gradum.ship.play_folder import PlaySpec


@pytest.fixture(scope="session")
def cartpole(tmp_path_factory):
    """A folder in which CartPole was learned a little, without interruption."""
    folder = tmp_path_factory.mktemp("cartpole")
    spec = PlaySpec("cartpole", seed=1, steps=65_536)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(simple_policies, "QUICK", simple_policies.Effort(24, 4, 6))
        return SimpleNamespace(folder=folder, spec=spec, played=play_in_folder(folder, spec))


@pytest.fixture(scope="session")
def pages(cartpole, tmp_path_factory):
    """The report of the shared game in both languages."""
    folder = tmp_path_factory.mktemp("reports")
    shutil.copy(cartpole.folder / "report.html", folder / "en.html")
    with gradum.language("zh"):
        (folder / "zh.html").write_text(game_report(cartpole.played, cartpole.spec))
    return folder
