"""Asks a served model through KServe's and Triton's clients, in an environment that has both.

``python clients.py ADDRESS MODEL ROWS.json`` prints, for each client and each way of sending, what
the model answered.
"""

import asyncio
import json
import sys
from functools import partial
from pathlib import Path

import numpy as np
import tritonclient.http as triton
from kserve import InferenceRESTClient, RESTConfig
from kserve.protocol.infer_type import InferInput, InferRequest, RequestedOutput

OUTPUTS = ("prediction", "probability")


def column(values, datatype):
    """Values as an array; a missing text is the word that the metadata declare."""
    if datatype == "BYTES":
        words = {None: "(missing)", True: "true", False: "false"}
        return np.array([words.get(each, each) for each in values], object)
    return np.array(values, np.float64)  # None is NaN


def as_lists(arrays):
    """Arrays as JSON has them."""
    return [
        [each.decode() if isinstance(each, bytes) else each for each in flat] for flat in arrays
    ]


def by_triton(address, model, columns, *, binary):
    client = triton.InferenceServerClient(address)
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(model)
    inputs = []
    for name, (values, datatype) in columns(client.get_model_metadata(model)).items():
        tensor = triton.InferInput(name, [len(values)], datatype)
        tensor.set_data_from_numpy(column(values, datatype), binary_data=binary)
        inputs.append(tensor)
    outputs = [triton.InferRequestedOutput(name, binary_data=binary) for name in OUTPUTS]
    answer = client.infer(model, inputs, outputs=outputs)
    return as_lists(answer.as_numpy(name).ravel().tolist() for name in OUTPUTS)


async def by_kserve(address, model, columns, *, binary):
    client, base = InferenceRESTClient(RESTConfig(protocol="v2")), f"http://{address}"
    assert await client.is_server_live(base)
    assert await client.is_server_ready(base)
    assert await client.is_model_ready(base, model)
    metadata = triton.InferenceServerClient(address).get_model_metadata(model)
    inputs = []
    for name, (values, datatype) in columns(metadata).items():
        tensor = InferInput(name, [len(values)], datatype)
        tensor.set_data_from_numpy(column(values, datatype), binary_data=binary)
        inputs.append(tensor)
    outputs = [RequestedOutput(name, {"binary_data": binary}) for name in OUTPUTS]
    request = InferRequest(model, inputs, request_id="7", request_outputs=outputs)
    answer = await client.infer(base, request, model_name=model)
    assert (answer.model_name, answer.id) == (model, "7")
    by_name = {output.name: output.as_numpy().ravel().tolist() for output in answer.outputs}
    return as_lists(by_name[name] for name in OUTPUTS)


def main():
    address, model, path = sys.argv[1:]
    rows = json.loads(Path(path).read_text())
    whole = [row for row in rows if None not in row.values()]

    def columns_of(rows, metadata):
        return {
            each["name"]: ([row[each["name"]] for row in rows], each["datatype"])
            for each in metadata["inputs"]
        }

    all_rows = partial(columns_of, rows)
    found = {
        # Triton's client writes NaN where JSON has null, and a body with NaN is no JSON.
        "triton json": by_triton(address, model, partial(columns_of, whole), binary=False),
        "triton binary": by_triton(address, model, all_rows, binary=True),
        "kserve json": asyncio.run(by_kserve(address, model, all_rows, binary=False)),
        "kserve binary": asyncio.run(by_kserve(address, model, all_rows, binary=True)),
    }
    print(json.dumps(found))


main()
