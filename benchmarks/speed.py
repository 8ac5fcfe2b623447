"""Training steps per second: gradum compared with other libraries and plain matrix products.

Every side has the same network, batches, optimiser and number of epochs, all warm; see
`benchmarks.training`. If a library can be run in several ways, the fastest one is the peer.
``speed 256x3,512x2 3 gradum,limit`` measures some networks and some libraries, and only prints.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import geometric_mean

from benchmarks import training
from benchmarks.page import publish, table
from benchmarks.sides import Measured, Ratio, Side, in_turns, rounded, spread
from benchmarks.training import FIRST, STEPS

NETS = {  # hidden layers, rows per batch
    "100x1": ([100], 200),
    "64x2": ([64, 64], 32),
    "256x3": ([256, 256, 256], 256),
    "512x2": ([512, 512], 1024),
}
KERNEL = {"OPENBLAS_CORETYPE": None, "OPENBLAS_L2_SIZE": None}  # NumPy's own choice is the fastest
WAYS = {
    "gradum": [Side("gradum", training.gradum)],
    "scikit-learn": [Side("scikit-learn", training.scikit_learn)],
    "PyTorch eager": [
        Side("Adam", training.pytorch, {"adam": {}}),
        Side("foreach Adam", training.pytorch, {"adam": {"foreach": True}}),
        Side("fused Adam", training.pytorch, {"adam": {"fused": True}}),
    ],
    "torch.compile": [
        Side("loss; fused Adam", training.pytorch, {"adam": {"fused": True}, "compiled": "loss"}),
        Side("loss and step", training.pytorch, {"adam": {}, "compiled": "loss and step"}),
    ],
    "Keras": [
        Side("JAX", training.keras, environment={"KERAS_BACKEND": "jax"}),
        Side("PyTorch", training.keras, environment={"KERAS_BACKEND": "torch"}),
    ],
    "limit": [
        Side("NumPy", training.numpy_products, environment=KERNEL),
        Side("PyTorch", training.torch_products),
    ],
}
PACKAGES = ("gradum", "jax", "numpy", "scikit-learn", "torch", "keras")


@dataclass(frozen=True)
class Peer:
    """A library's fastest way: its name if there are several, its figures, or why it is absent."""

    way: str
    measured: Measured

    @classmethod
    def fastest(cls, sides: list[Side], found: list[Measured]) -> Peer:
        """Choose the fastest way of a library."""
        present = [
            cls(side.name if len(sides) > 1 else "", measured)
            for side, measured in zip(sides, found, strict=True)
            if not measured.absent
        ]
        return max(present, key=lambda peer: peer.measured.median(STEPS), default=cls("", found[0]))


def main(nets: str = ",".join(NETS), rounds: str = "7", libraries: str = ",".join(WAYS)) -> None:
    """Measure some networks and libraries; print the tables, and publish them if complete."""
    names = libraries.split(",")
    found = {net: measure(net, names, int(rounds)) for net in nets.split(",")}
    publish("speed", report(found), PACKAGES, complete=[*found] == [*NETS] and names == [*WAYS])


def measure(net: str, names: list[str], rounds: int) -> dict[str, Peer]:
    """Measure every way of these libraries in turns; return the fastest of each."""
    hidden, batch = NETS[net]
    sides = {
        name: [
            Side(
                side.name,
                side.make,
                {"hidden": hidden, "batch": batch, **side.arguments},
                side.environment,
            )
            for side in WAYS[name]
        ]
        for name in names
    }
    found = iter(in_turns([side for ways in sides.values() for side in ways], rounds))
    return {name: Peer.fastest(ways, [next(found) for _ in ways]) for name, ways in sides.items()}


def report(found: dict[str, dict[str, Peer]]) -> str:
    """Return the tables: steps per second, ratios, share of the limit, seconds of compilation."""
    measured = list(next(iter(found.values())))
    libraries = [name for name in measured if name != "limit"]
    nets = [f"{net} @{NETS[net][1]}" for net in found]

    def lines(names: list[str], cell: Callable[[dict[str, Peer], str], str]) -> list[list[str]]:
        return [[name, *(cell(peers, name) for peers in found.values())] for name in names]

    parts = ["Steps per second:\n", table(["", *nets], lines(libraries, _steps))]
    if "gradum" in measured:
        ratios = lines([name for name in libraries if name != "gradum"], _ratio)
        for line in ratios:
            line.append(_mean_ratio(found, line[0]))
        parts += ["gradum over each:\n", table(["", *nets, "geometric mean"], ratios)]
    if "limit" in measured:
        heads = ["GFLOP/s of the matrix products", *nets]
        shares = [["the products alone", *(_products(net, found[net]) for net in found)]]
        shares += [[name, *(_share(net, found[net], name) for net in found)] for name in libraries]
        parts += ["Share of the machine's own rate:\n", table(heads, shares)]
    parts += ["First epoch, compilation included, in seconds:\n"]
    parts += [table(["", *nets], lines(libraries, _first))]
    return "\n".join(parts)


def _steps(peers: dict[str, Peer], name: str) -> str:
    peer = peers[name]
    if peer.measured.absent:
        return f"absent ({peer.measured.absent})"
    return f"{spread(peer.measured.all(STEPS))} {peer.way}".rstrip()


def _ratio(peers: dict[str, Peer], name: str) -> str:
    own, other = peers["gradum"].measured, peers[name].measured
    return "" if other.absent else str(Ratio.of(own.all(STEPS), other.all(STEPS)))


def _mean_ratio(found: dict[str, dict[str, Peer]], name: str) -> str:
    pairs = [(peers["gradum"].measured, peers[name].measured) for peers in found.values()]
    if any(other.absent for _, other in pairs):
        return ""
    ratios = (Ratio.of(own.all(STEPS), other.all(STEPS)).median for own, other in pairs)
    return f"**{rounded(geometric_mean(ratios))}**"


def _products(net: str, peers: dict[str, Peer]) -> str:
    limit = peers["limit"]
    rate = training.flops(*NETS[net]) * limit.measured.median(STEPS) / 1e9
    return f"{rounded(rate)} {limit.way}"


def _share(net: str, peers: dict[str, Peer], name: str) -> str:
    own, limit = peers[name].measured, peers["limit"].measured
    if own.absent:
        return ""
    rate = training.flops(*NETS[net]) * own.median(STEPS) / 1e9
    return f"{rounded(rate)} = {Ratio.of(own.all(STEPS), limit.all(STEPS)).median:.0%}"


def _first(peers: dict[str, Peer], name: str) -> str:
    measured = peers[name].measured
    return "" if measured.absent else f"{measured.warm_up[FIRST]:.2f}"
