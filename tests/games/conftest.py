"""One short training of CartPole, which most tests of games share."""

from types import SimpleNamespace

import pytest

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
