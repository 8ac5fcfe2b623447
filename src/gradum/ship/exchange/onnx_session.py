"""ONNX Runtime, opened on the bytes of a network, on one thread, and run by blocks of rows.

It runs in a process of its own (`gradum.isolation`): a file of a few bytes can hold a loop of any
number of steps, or ask for any amount of memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_FATAL = 4  # a log level of ONNX Runtime; errors are raised as well
LARGEST_ANSWER = 2**30  # bytes, of a block


def open_session(data: bytes) -> Any:
    """Return the session of an ONNX file's bytes; the errors it raises have no common class."""
    import onnxruntime  # from an extra; whoever has a network run has installed it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = _FATAL
    # The same bytes can be an ONNX file, which was checked, and a file in ONNX Runtime's own
    # format.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def outputs_by_block(data: bytes, values: Mapping[str, Any], block_rows: int) -> Iterator[list]:
    """Yield the outputs for each block of rows of the values [n, …] of each input."""
    session = open_session(data)
    rows = len(next(iter(values.values())))
    for start in range(0, rows, block_rows):
        block = {name: array[start : start + block_rows] for name, array in values.items()}
        outputs = session.run(None, block)
        if sum(getattr(output, "nbytes", 0) for output in outputs) > LARGEST_ANSWER:
            raise MemoryError
        yield outputs
