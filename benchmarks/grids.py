"""Pictures and sounds: gradum's models beside scikit-learn's and a plain network of PyTorch.

``python -m benchmarks grids FOLDER [SETS] [SIDES]`` prints a table of Markdown. FOLDER holds
``mnist_10k.npz`` (x, y) and ``audio/spoken_digits.zip`` (WAV files DIGIT_SPEAKER_INDEX); clothes
are those of Debian's package dataset-fashion-mnist. Accuracy has Wilson's interval of the test
rows, and seconds are of the processor, opening the files and measuring features included.
"""

from __future__ import annotations

import gzip
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

import gradum
from gradum.randomness import stream
from gradum.tables.grids.cell import grids_of
from gradum.tables.grids.fixed_features import SoundFeatures, sound_numbers
from gradum.tables.grids.gradients import gradient_features
from gradum.tables.grids.resize import fitted_frames
from gradum.tables.sources.read import read

CLOTHES = Path("/usr/share/datasets/fashion-mnist")
FRAMES = 100

Division = tuple[pl.DataFrame, np.ndarray]
"""A table with the columns x and y, and which of its rows are judged."""


def digits(folder: Path) -> list[Division]:
    """10,000 digits, 2,000 of them drawn to judge by."""
    data = np.load(folder / "mnist_10k.npz")
    judged = np.zeros(len(data["y"]), bool)
    judged[stream(0, "digits").permutation(len(judged))[:2_000]] = True
    return [(_pictures(data["x"].reshape(-1, 28, 28), data["y"]), judged)]


def clothes(folder: Path, learned: int = 60_000) -> list[Division]:
    """Pictures of clothes in their official division."""
    parts = []
    for part, rows in (("train", learned), ("t10k", 10_000)):
        pixels, labels = (
            np.frombuffer(gzip.decompress((CLOTHES / f"{part}-{name}").read_bytes()), np.uint8)
            for name in ("images-idx3-ubyte.gz", "labels-idx1-ubyte.gz")
        )
        pixels, labels = pixels[16:], labels[8:]  # without what the files state of themselves
        parts.append(_pictures(pixels.reshape(-1, 28, 28)[:rows], labels[:rows]))
    table = pl.concat(parts)
    return [(table, np.arange(len(table)) >= learned)]


def some_clothes(folder: Path) -> list[Division]:
    """Clothes, the first 10,000 to learn from, and the official test."""
    return clothes(folder, 10_000)


def words(folder: Path) -> list[Division]:
    """Spoken digits in their official division: the first five of each are judged."""
    table = _recordings(folder)
    return [(table.drop("speaker"), table["index"].to_numpy() < 5)]


def speakers(folder: Path) -> list[Division]:
    """Spoken digits, each speaker left out once."""
    table = _recordings(folder)
    names = table["speaker"].to_numpy()
    return [(table, names == name) for name in np.unique(names)]


SETS: dict[str, Callable[[Path], list[Division]]] = {
    "digits": digits,
    "some-clothes": some_clothes,
    "clothes": clothes,
    "words": words,
    "speakers": speakers,
}


def _pictures(pixels: np.ndarray, labels: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame({"x": pixels, "y": labels.astype(str)})


def _recordings(folder: Path) -> pl.DataFrame:
    with zipfile.ZipFile(folder / "audio/spoken_digits.zip") as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".wav"))
        content = [archive.read(name) for name in names]
    stated = [Path(name).stem.split("_") for name in names]
    digit, speaker, index = zip(*stated, strict=True)
    known = {"x": content, "y": digit, "speaker": speaker, "index": list(map(int, index))}
    return pl.DataFrame(known)


def by_gradum(model: str, effort: str = "standard") -> Callable[..., np.ndarray]:
    """Return a side: one of gradum's models, fitted as a user would, who knows the speakers."""

    def side(table: pl.DataFrame, judged: np.ndarray) -> np.ndarray:
        group = "speaker" if "speaker" in table.columns else None
        known = table.drop("index", strict=False)
        learned, test = (known.filter(rows) for rows in (~judged, judged))
        fitted = gradum.fit(
            learned,
            target="y",
            test=test,
            task="multiclass",
            model=model,
            effort=effort,
            group=group,
        )
        return fitted.predict(test.drop("y"))

    return side


def measured(table: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the grids (n, h, w, 1), and their fixed features."""
    cells = read(table.select("x")).frame["x"]
    letter = b"p" if table["x"].dtype != pl.Binary else b"s"
    grids = [grid.pixels for grid in grids_of(cells, letter) if grid is not None]
    if letter == b"p":
        whole = np.stack(grids)
        return whole, gradient_features(whole)
    whole = np.stack([fitted_frames(grid, FRAMES) for grid in grids])
    return whole, sound_numbers(SoundFeatures.fit(whole, stream(0, "peers")).patches, whole)


def support_vectors(table: pl.DataFrame, judged: np.ndarray) -> np.ndarray:
    """Gradients (pictures) or cepstra and patches (sounds), and a machine of support vectors."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    _, features = measured(table)
    model = make_pipeline(StandardScaler(), SVC(C=10.0))
    model.fit(features[~judged], table["y"].to_numpy()[~judged])
    return model.predict(features[judged])


def boosted_trees(table: pl.DataFrame, judged: np.ndarray) -> np.ndarray:
    """Histogram gradient boosting on pixels, or on the features of sounds."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    grids, features = measured(table)
    pixels = grids.reshape(len(grids), -1) if table["x"].dtype != pl.Binary else features
    model = HistGradientBoostingClassifier(random_state=0, early_stopping=True)
    model.fit(pixels[~judged], table["y"].to_numpy()[~judged])
    return model.predict(pixels[judged])


def plain_network(table: pl.DataFrame, judged: np.ndarray, epochs: int = 12) -> np.ndarray:
    """PyTorch's plain convolutional network: two layers with pooling, dropout, Adam."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    grids, _ = measured(table)
    x = torch.from_numpy(grids.transpose(0, 3, 1, 2).astype(np.float32) / 255)
    names, codes = np.unique(table["y"].to_numpy(), return_inverse=True)
    y = torch.from_numpy(codes)
    height, width = x.shape[2] // 4, x.shape[3] // 4
    model = nn.Sequential(
        *(nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Dropout(0.25), nn.Linear(64 * height * width, 128), nn.ReLU()),
        *(nn.Dropout(0.5), nn.Linear(128, len(names))),
    )
    learned = torch.from_numpy(np.flatnonzero(~judged))
    solver = torch.optim.Adam(model.parameters(), 1e-3)
    for _ in range(epochs):
        for rows in learned[torch.randperm(len(learned))].split(64):
            solver.zero_grad()
            nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
            solver.step()
    model.eval()
    with torch.no_grad():
        parts = x[torch.from_numpy(np.flatnonzero(judged))].split(500)
        return names[torch.cat([model(part) for part in parts]).argmax(1).numpy()]


SIDES: dict[str, Callable[..., np.ndarray]] = {
    "linear": by_gradum("linear"),
    "convolution-quick": by_gradum("convolution", "quick"),
    "convolution": by_gradum("convolution"),
    "svm": support_vectors,
    "trees": boosted_trees,
    "pytorch": plain_network,
}


def wilson(right: int, rows: int) -> tuple[float, float]:
    """Return Wilson's 95% interval of a share."""
    share, z = right / rows, 1.959964
    middle = (share + z * z / (2 * rows)) / (1 + z * z / rows)
    half = z / (1 + z * z / rows) * np.sqrt(share * (1 - share) / rows + (z / (2 * rows)) ** 2)
    return middle - half, middle + half


def main(folder: str, sets: str = ",".join(SETS), sides: str = ",".join(SIDES)) -> None:
    """Print a line for each set and side."""
    print("| set | side | right | 95% interval | CPU s a fit |\n|---|---|---:|---:|---:|")
    for name in sets.split(","):
        divisions = SETS[name](Path(folder))
        for side in sides.split(","):
            right, began = [], time.process_time()
            for table, judged in divisions:
                answers = np.asarray(SIDES[side](table, judged)).astype(str)
                right.append(answers == table["y"].to_numpy()[judged])
            seconds = (time.process_time() - began) / len(divisions)
            share = np.mean([part.mean() for part in right])
            hits = np.concatenate(right)
            low, high = wilson(int(hits.sum()), len(hits))
            print(
                f"| {name} | {side} | {share:.2%} | {low:.2%}–{high:.2%} | {seconds:,.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main(*sys.argv[1:])
