"""The server: its address, its token, its log, and a process that ends when told to."""

import http.client
import json
import logging
import os
import signal
import socket
import subprocess
import sys
from contextlib import closing

import pytest

from gradum.errors import SpecError
from gradum.serve.server import JsonFormatter, bound_socket, read_token

WORD = "a-word-of-many-letters"


def test_no_wider_than_this_machine_without_a_token():
    with pytest.raises(SpecError, match="--token-file"):
        bound_socket("0.0.0.0", 0, has_token=False)
    for host in ("127.0.0.1", "localhost"):
        bound_socket(host, 0, has_token=False).close()
    bound_socket("0.0.0.0", 0, has_token=True).close()


def test_a_port_in_use_and_a_host_of_nobody():
    taken = bound_socket("127.0.0.1", 0, has_token=False)
    with taken, pytest.raises(SpecError, match="--port"):
        bound_socket("127.0.0.1", taken.getsockname()[1], has_token=False)
    with pytest.raises(SpecError, match=r"192\.0\.2\.1"):
        bound_socket("192.0.2.1", 0, has_token=True)


def test_the_token_is_its_owners_alone(tmp_path):
    path = tmp_path / "token"
    path.write_text(f"{WORD}\n")
    path.chmod(0o600)
    assert read_token(path) == WORD
    if os.name == "posix":
        path.chmod(0o640)
        with pytest.raises(SpecError, match="chmod 600"):
            read_token(path)
        path.chmod(0o600)
    for content in ("", "short", "two words of many letters", "字" * 20):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(SpecError):
            read_token(path)
    with pytest.raises(SpecError, match="absent"):
        read_token(tmp_path / "absent")


def test_the_log_is_json_without_values():
    record = logging.LogRecord("gradum.serve", logging.ERROR, "", 0, "drift-alarm", (), None)
    record.model, record.columns, record.rows_of_callers = "m", ["age"], "secret"
    line = json.loads(JsonFormatter().format(record))
    assert (line["event"], line["level"], line["model"]) == ("drift-alarm", "error", "m")
    assert line["columns"] == ["age"]
    assert "secret" not in json.dumps(line)


SERVE = """
import sys
from gradum.app.cli import main
sys.argv = ["gradum", "serve", *sys.argv[1:]]
main()
"""


@pytest.mark.slow
def test_a_served_model_answers_until_it_is_told_to_stop(tmp_path, classifier):
    classifier.save(tmp_path / "label.gradum")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = [str(tmp_path / "label.gradum"), "--port", str(port), "--log-requests"]
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert str(port) in process.stdout.readline()
        assert ask(port, "/ready") == (200, {"ready": True})
        assert ask(port, "/health", {"Host": "elsewhere.example"})[0] == 400
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=60)
    finally:
        process.kill()
    assert "/ready" in log
    assert all(json.loads(line)["event"] for line in log.splitlines())


def ask(port, path, headers=None):
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        body = answer.read()
        return answer.status, json.loads(body) if body.startswith(b"{") else body
