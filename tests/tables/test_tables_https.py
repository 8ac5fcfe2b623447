"""Tables of web servers, from a server of this machine's own."""

import http.server
import json
import threading
import zipfile
from hashlib import sha256
from typing import ClassVar

import pytest

from gradum.errors import TableError
from gradum.tables.sources import https
from gradum.tables.sources.fetched import fetched
from gradum.tables.sources.read import read

CSV = b"a,b\n1,x\n2,y\n"


class Answers(http.server.BaseHTTPRequestHandler):
    """Answers by the path: status, headers, and what is sent."""

    paths: ClassVar = {}
    asked: ClassVar = []

    def do_GET(self):
        self.asked.append(self.path)
        status, headers, body = self.paths.get(self.path, (404, {}, b"no"))
        self.send_response(status)
        for name, value in ({"Content-Length": len(body)} | headers).items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    Answers.paths, Answers.asked = {}, []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{served.server_port}"
        served.shutdown()
        thread.join()


def refused(address, *words):
    with pytest.raises(TableError) as caught:
        read(address)
    message = str(caught.value)
    assert "\n" not in message
    assert "s3cret" not in message
    for word in words:
        assert word in message
    return message


def test_a_file_is_fetched_once_and_hashed(server, tmp_path):
    Answers.paths["/d/t.csv?token=s3cret"] = (200, {"Content-Type": "text/csv"}, CSV)
    with fetched(f"{server}/d/t.csv?token=s3cret", scratch=tmp_path) as here:
        assert here.sha256 == {f"{server}/d/t.csv": sha256(CSV).hexdigest()}
        assert here.name == here.source == f"{server}/d/t.csv"
        assert read(here).frame.rows() == read(here).frame.rows() == [("1", "x"), ("2", "y")]
    assert Answers.asked == ["/d/t.csv?token=s3cret"]
    assert list(tmp_path.iterdir()) == []


def test_what_is_fetched_may_be_an_archive_or_json(server, tmp_path):
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.writestr("t.csv", CSV)
    Answers.paths["/t.zip"] = (200, {}, (tmp_path / "t.zip").read_bytes())
    Answers.paths["/t"] = (200, {}, json.dumps([{"a": {"b": 1}}]).encode())
    with fetched(f"{server}/t.zip") as here:
        assert here.sha256 == {f"{server}/t.zip": sha256(Answers.paths["/t.zip"][2]).hexdigest()}
        assert read(here).frame.rows() == [("1", "x"), ("2", "y")]
    assert read(f"{server}/t").frame.columns == ["a.b"]
    assert len(read([f"{server}/t.zip", f"{server}/t.zip"]).frame) == 4


def test_a_server_leads_to_itself_but_not_to_others(server):
    Answers.paths["/here"] = (302, {"Location": "/t.csv"}, b"")
    Answers.paths["/t.csv"] = (200, {}, CSV)
    assert len(read(f"{server}/here").frame) == 2
    for place in (
        "http://localhost:1/t.csv?x=s3cret",
        "https://other.example/t.csv",
        "file:///etc",
    ):
        Answers.paths["/away"] = (301, {"Location": place}, b"")
        message = refused(f"{server}/away", f"{server}/away")
        assert "leads to another place" in message or "cannot be had" in message


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((404, {}, b""), ["404 Not Found", "Check the address"]),
        ((403, {}, b""), ["403 Forbidden", "permission"]),
        ((503, {}, b""), ["503", "Try later"]),
        ((200, {"Content-Type": "text/html; charset=utf-8"}, b"<p>Hello"), ["is a web page"]),
        ((200, {}, b"<!DOCTYPE html><html>"), ["is a web page"]),
        ((200, {}, b""), ["is empty"]),
        ((200, {"Content-Length": 100}, CSV), ["broke off after"]),
        ((200, {"Content-Length": 10**13}, CSV), ["is larger than"]),
    ],
)
def test_answers_that_are_no_table(server, answer, words):
    Answers.paths["/t.csv?s3cret"] = answer
    refused(f"{server}/t.csv?s3cret", f"{server}/t.csv", *words)


def test_a_file_without_end_is_cut_off(server, monkeypatch):
    monkeypatch.setattr(https, "MOST_BYTES", 10)
    Answers.paths["/t.csv"] = (200, {"Content-Length": ""}, CSV)
    refused(f"{server}/t.csv", "is larger than")


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://example.com/t.csv?s3cret", ["without encryption", "https://"]),
        ("https://u:s3cret@example.com/t.csv", ["a user or a password"]),
        ("https:///t.csv", ["names no host"]),
        ("https://exa mple/t.csv", ["cannot be read"]),
        ("http://127.0.0.1:1/t.csv", ["cannot be reached", "Connection refused"]),
    ],
)
def test_addresses_that_are_not_asked(address, words):
    refused(address, *words)


def test_a_server_that_says_nothing(server, monkeypatch):
    monkeypatch.setattr(https, "SECONDS", 0.2)
    monkeypatch.setattr(Answers, "do_GET", lambda self: threading.Event().wait(0.8))
    refused(f"{server}/t.csv", "nothing for 0.2 seconds")
