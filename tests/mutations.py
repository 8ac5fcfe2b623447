"""Model files damaged on purpose: their bytes, and what lies behind correct checksums.

Every choice is drawn from a `random.Random`, so that hypothesis can make it, or a seed.
"""

import contextlib
import copy
import io
import itertools
import json
import warnings
import zipfile

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load

import gradum
from gradum.errors import GradumError, ModelFileError
from gradum.run.fingerprint import fingerprint_of
from gradum.ship.bundle import PREFIX

MANIFEST, WEIGHTS = "manifest.json", "weights.safetensors"
RAW = "(raw)"  # stands for JSON that no Python value is written as
ODD_TEXTS = ["1e999", "-1e999", "NaN", "9" * 5000, "1" * 30, "", "01", "tru", "1.", "[1,]", "'a'"]
ODD_TEXTS += ["[" * 3000, "[" * 200 + "]" * 200, '{"a":1,"a":2}', '"\x01"', '"\\ud800"', "/**/1"]
ODD_NUMBERS = [0, 1, 2, 3, -1, 255, 2**31, 2**53, 2**62, 2**63, 2**64, 10**30, -(2**63), True]
ODD_NUMBERS += [False, 0.5, -0.0, 1e308, -1e308, 5e-324, 1e-300, 3.5e38]
ODD_WORDS = ["a", "mlp", "linear", "baseline", "test", "train", "rmse", "auc", "numeric", "text"]
ODD_WORDS += [
    "embedding",
    "one_hot",
    "sign",
    "sparse_one_hot",
    "relu",
    "logistic",
    "(missing)",
    "(",
]
ODD_WORDS += [
    "*",
    "^.*$",
    "%p",
    "{{7*7}}",
    "<script>",
    "../x",
    "",
    "\0",
    "\x1b[2J",
    "a\nb",
    "é" * 300,
]
ODD_VALUES = [*ODD_NUMBERS, *ODD_WORDS, None, [], {}, [[]], {"a": 1}, [None], ["a", "a"]]
ODD_VALUES += [[0] * 50, RAW]
ODD_TOML = ["inf", "-nan", "1979-05-27", "1979-05-27T07:32:00Z", "07:32:00", "'\\'", '"""', "0x_"]
ODD_TOML += ["9" * 5000, "1e9999", '"\\ud800"', "[1, [2, 3]]", "[" * 9999, "{a = {b = 1}}"]
ODD_FLOATS = [np.nan, np.inf, -np.inf, 5e-324, 1e-310, 1e38, -1e300, 0.0, -0.0, -1.0]
ODD_TYPES = ["F64", "F32", "F16", "BF16", "I64", "I32", "U8", "BOOL", "F8_E4M3", "PICKLE", ""]


def unpacked(file):
    """The manifest's and the weights' bytes of a whole model file."""
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        return archive.read(MANIFEST), archive.read(WEIGHTS)


def packed(manifest, weights):
    """A file with these members and correct checksums."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for member, data in ((MANIFEST, manifest), (WEIGHTS, weights)):
            info = zipfile.ZipInfo(member)
            info.external_attr = 0o644 << 16
            archive.writestr(info, data)
    return buffer.getvalue()


def sealed(manifest, weights):
    """A manifest that names the fingerprint of these weights, if they have one, as a forger's."""
    try:
        arrays = load(weights)
    except (SafetensorError, ValueError, KeyError, TypeError, OverflowError):
        return manifest
    value = json.loads(manifest)
    if "provenance" not in value:  # a checkpoint
        return manifest
    value["provenance"]["fingerprint"] = fingerprint(arrays)
    return json.dumps(value).encode()


def fingerprint(arrays):
    """The hash of the weights among the arrays of a model file."""
    return fingerprint_of({n: array for n, array in arrays.items() if not n.startswith(PREFIX)})


def mutated(random, file):
    """Damage a model file, behind its checksums or not."""
    manifest, weights = unpacked(file)
    match random.randrange(8):
        case 0 | 1 | 2 | 3:
            return packed(mutated_json(random, manifest), weights)
        case 4 | 5:
            weights = mutated_weights(random, weights)
            return packed(sealed(manifest, weights), weights)
        case 6:
            return mutated_bytes(random, file)
        case _:
            return mutated_directory(random, file)


def mutated_json(random, text):
    """Change JSON in one to three places; now and then its text besides."""
    value = json.loads(text)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        value = _changed(random, value)
    text = json.dumps(value)
    while f'"{RAW}"' in text:
        text = text.replace(f'"{RAW}"', random.choice(ODD_TEXTS), 1)
    data = text.encode("utf-8", "surrogatepass")
    return mutated_bytes(random, data) if random.randrange(20) == 0 else data


def mutated_bytes(random, data):
    """Flip, cut, repeat, move or insert a few bytes."""
    data = bytearray(data)
    for _ in range(random.randrange(1, 4)):
        at, to = sorted(random.randrange(len(data) + 1) for _ in range(2))
        match random.randrange(6):
            case 0 | 1 if data:
                data[min(at, len(data) - 1)] ^= 1 << random.randrange(8)
            case 2:
                del data[at : min(to, at + 20)]
            case 3:
                data[at:at] = data[at : min(to, at + 20)]
            case 4:
                data[at:at] = bytes(random.randrange(256) for _ in range(random.randrange(1, 9)))
            case _:
                data[to:] = b""
    return bytes(data)


def mutated_toml(random, text):
    """Change a value of TOML, or its text."""
    lines = text.splitlines()
    for _ in range(random.randrange(1, 4)):
        at = random.randrange(len(lines))
        name = lines[at].partition("=")[0]
        odd = [json.dumps(value).replace("null", "nan") for value in ODD_VALUES]
        lines[at] = random.choice(
            [
                f"{name}= {random.choice(odd + ODD_TOML)}",
                f"[{name.strip()}]",
                lines[at - 1],
                name,
                "",
            ]
        )
    data = "\n".join(lines).encode()
    return mutated_bytes(random, data) if random.randrange(4) == 0 else data


def mutated_directory(random, file):
    """Overwrite two or four bytes of the zip's headers by another number."""
    data = bytearray(file)
    signatures = (b"PK\3\4", b"PK\1\2", b"PK\5\6")
    starts = [at for sign in signatures for at in _places(file, sign)]
    for _ in range(random.randrange(1, 4)):
        at, width = random.choice(starts) + random.randrange(4, 46), random.choice((2, 4))
        number = random.choice(
            [0, 1, 8, 9, 99, 2**16 - 1, 2**31, 2**32 - 1, len(file), len(file) - 22]
        )
        data[at : at + width] = (number % 2 ** (8 * width)).to_bytes(width, "little")
    return bytes(data[: len(file)])


def mutated_weights(random, weights):
    """Change the header of a safetensors file, or the numbers in its arrays."""
    size = int.from_bytes(weights[:8], "little")
    header, body = json.loads(weights[8 : 8 + size]), bytearray(weights[8 + size :])
    names = [name for name in header if name != "__metadata__"]
    entry = header[random.choice(names)]
    text = None
    match random.randrange(7):
        case 0:
            text = mutated_json(random, json.dumps(header))
        case 1:
            entry["dtype"] = random.choice(ODD_TYPES)
        case 2:
            entry["shape"] = random.choice(
                [entry["shape"][::-1], [], [0, 2**62], [2**62, 4], [*entry["shape"], 1], [0] * 99]
            )
        case 3:
            other = header[random.choice(names)]
            entry["data_offsets"], other["data_offsets"] = (
                other["data_offsets"],
                entry["data_offsets"],
            )
        case 4:
            first, second = random.choice(names), random.choice(names)
            header[first], header[second] = header[second], header[first]
        case _:
            start, stop = entry["data_offsets"]
            kind = {"F64": "<f8", "F32": "<f4"}.get(entry["dtype"], "u1")
            array = np.frombuffer(body[start:stop], kind).copy()
            if array.size:
                with np.errstate(over="ignore", invalid="ignore"):
                    odd = np.array(random.choice(ODD_FLOATS)).astype(kind)
                array[random.randrange(array.size) :: random.randrange(1, 9)] = odd
            body[start:stop] = array.tobytes()
    text = text if text is not None else json.dumps(header).encode()
    size = (
        random.choice([0, 1, 2**20, 2**40, 2**64 - 1]) if random.randrange(20) == 0 else len(text)
    )
    return size.to_bytes(8, "little") + text + bytes(body)


def use(path, rows, *, report=False, load=None):
    """Load a model and use all of it; True if it loads.

    No error may leave but gradum's own, and every prediction must be a number.
    """
    try:
        model = (load or gradum.load)(path)
    except ModelFileError as error:
        refused = error
    else:
        refused = None
    if refused is not None:
        message = str(refused)
        assert "\n" not in message, message
        assert len(message) < 600 + 2 * len(str(path)), message
        assert refused.remedy, message
        return False
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # polars warns of what a damaged schema asks for
        predict = model.predict_proba if model.classes else model.predict
        for table, rung in itertools.product((rows, rows.head(1)), model.fitted.rungs):
            with contextlib.suppress(GradumError):
                said = predict(table, rung=rung)
                assert np.isfinite(said).all(), (rung, said)
        for ask in (
            lambda: model.predict(rows),
            lambda: model.predict(rows, rung="enough"),
            lambda: model.coefficients,
            model.guarantee,
            lambda: model.predict_set(rows) if model.classes else model.predict_interval(rows),
            lambda: model.classes or model.predict_distribution(rows).quantile([0.1, 0.9]),
            lambda: model.evaluate(rows) if report else None,
        ):
            try:
                ask()
            except GradumError:
                continue
        assert model.summary()
        assert repr(model)
        assert model.scores is not None
        if report:
            assert model.report()
    return True


def _changed(random, value):
    """Change one place, found by going down from the top, each way as likely as the next."""
    root = {"": copy.deepcopy(value)}
    holder, key = root, ""
    while isinstance(holder[key], dict | list) and holder[key] and random.randrange(8):
        holder = holder[key]
        key = random.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
    old, inner = holder[key], holder is not root
    match random.randrange(10):
        case 0 | 1 | 2:
            holder[key] = copy.deepcopy(random.choice(ODD_VALUES))
        case 3 if inner:
            del holder[key]
        case 4 if inner and isinstance(holder, list):
            holder.insert(key, copy.deepcopy(old))
        case 4 if inner:
            holder[random.choice(ODD_WORDS)] = copy.deepcopy(old)
        case 5 | 6 | 7 if isinstance(old, int | float):
            near = [old + 1, old - 1, -old, 2 * old, old / 3, str(old)]
            holder[key] = random.choice(near)
        case 5 | 6 | 7 if isinstance(old, str):
            holder[key] = random.choice([old + "x", old[:-1], old.upper(), [old], old + "\0"])
        case 5 | 6 | 7 if isinstance(old, list):
            holder[key] = random.choice([old[::-1], old + old, old[:-1], old[1:], {"": old}])
        case 8:
            other = random.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
            holder[key], holder[other] = holder[other], holder[key]
        case _:
            holder[key] = copy.deepcopy(_anywhere(random, root[""]))
    return root[""]


def _anywhere(random, value):
    """A part of a value, found by going down from the top."""
    while isinstance(value, dict | list) and value and random.randrange(4):
        value = random.choice(list(value.values()) if isinstance(value, dict) else value)
    return value


def _places(data, sign):
    at = data.find(sign)
    while at >= 0:
        yield at
        at = data.find(sign, at + 1)
