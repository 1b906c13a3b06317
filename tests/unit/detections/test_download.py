"""Attack data is fetched by https from named hosts alone, bounded, and resumed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import splmini
from splmini.detections.bench.download import Downloader, cache_folder, prefetch

httpx = pytest.importorskip("httpx")

URL = "https://data.example.org/datasets/T1/log.txt"
BODY = b"0123456789" * 100
Handler = Callable[[Any], Any]


def downloader(folder: Path, handler: Handler, **settings: Any) -> Downloader:
    """A downloader whose requests a function answers."""
    return Downloader(frozenset({"data.example.org"}), folder, transport=httpx.MockTransport(handler), **settings)


class Server:
    """Answers requests as a file server does, with ranges; may break off after some bytes."""

    def __init__(self, body: bytes = BODY, etag: str = '"v1"') -> None:
        self.body, self.etag = body, etag
        self.requests: list[Any] = []
        self.breaks_at: int | None = None

    def __call__(self, request: Any) -> Any:
        self.requests.append(request)
        headers, body, status = {"etag": self.etag}, self.body, 200
        wanted = request.headers.get("range")
        if wanted and request.headers.get("if-range") == self.etag:
            body, status = body[int(wanted.removeprefix("bytes=").rstrip("-")) :], 206
        headers["content-length"] = str(len(body))
        if self.breaks_at is not None:
            body = body[: self.breaks_at]
        return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))


def test_fetch_and_cache(tmp_path: Path) -> None:
    """A file is fetched once, lies below its host's name, and its coming in is shown."""
    server, shown = Server(), []
    with downloader(tmp_path, server, progress=lambda *state: shown.append(state)) as download:
        path = download(URL)
        assert download(URL) == path
    assert path == tmp_path / "data.example.org" / "datasets" / "T1" / "log.txt"
    assert path.read_bytes() == BODY
    assert shown[-1] == (URL, 1000, 1000)
    assert len(server.requests) == 1
    assert server.requests[0].headers["accept-encoding"] == "identity"
    assert [each.name for each in path.parent.iterdir()] == ["log.txt"]


def test_resumed(tmp_path: Path) -> None:
    """What came in before the connection broke is kept, and the rest asked for."""
    server = Server()
    server.breaks_at = 300
    download = downloader(tmp_path, server)
    with pytest.raises(splmini.KnowledgeError, match=r"broke off at 300 of 1,000 bytes.*goes on from there"):
        download(URL)
    server.breaks_at = None
    assert download(URL).read_bytes() == BODY
    assert server.requests[1].headers["range"] == "bytes=300-"


def test_changed_meanwhile(tmp_path: Path) -> None:
    """Where the file changed on the server meanwhile, it comes from its beginning."""
    server = Server()
    server.breaks_at = 300
    download = downloader(tmp_path, server)
    with pytest.raises(splmini.KnowledgeError):
        download(URL)
    server.body, server.etag, server.breaks_at = b"new" * 200, '"v2"', None
    assert download(URL).read_bytes() == b"new" * 200


REFUSED = {
    "http://data.example.org/a": "only https is",
    "file:///etc/passwd": "only https is",
    "https://other.example.org/a": "its host is not allowed. Allow it with --allow-host other.example.org.",
    "https://data.example.org.evil.test/a": "its host is not allowed",
    "https://evil.test/https://data.example.org/a": "its host is not allowed",
    "https://data.example.org@evil.test/a": "its host is not allowed",
    "https://user:pw@data.example.org/a": "its host is not allowed",
    "https://data.example.org:8443/a": "its host is not allowed",
    "https://data.example.org:x/a": "is no address",
    "https://data.example.org/": "no address of a file",
    "https://data.example.org/a/../../b": "no address of a file",
    "https://data.example.org/a/%2e%2e/b": "no address of a file",
    "https://data.example.org/a%5c..%5cb": "no address of a file",
    "https://data.example.org/NUL.txt": "no address of a file",
}


@pytest.mark.parametrize("url", REFUSED)
def test_refused_addresses(url: str, tmp_path: Path) -> None:
    """An address that is not https, not of a named host or no plain path is not asked for."""
    server = Server()
    with pytest.raises(splmini.KnowledgeError, match=re.escape(REFUSED[url])):
        downloader(tmp_path, server)(url)
    assert server.requests == []
    assert list(tmp_path.iterdir()) == []


REDIRECTS = {
    "https://evil.test/log.txt": "leads to another host, 'evil.test'",
    "http://data.example.org/log.txt": "leads to another host",
    "//evil.test/log.txt": "leads to another host, 'evil.test'",
    URL: "leads on and on",
}


@pytest.mark.parametrize("target", REDIRECTS)
def test_redirects(target: str, tmp_path: Path) -> None:
    """A redirect is followed within the host alone, by https, and not for ever."""
    asked = []

    def redirects(request: Any) -> Any:
        asked.append(request.url.host)
        return httpx.Response(302, headers={"location": target})

    with pytest.raises(splmini.KnowledgeError, match=re.escape(REDIRECTS[target])):
        downloader(tmp_path, redirects)(URL)
    assert set(asked) == {"data.example.org"}


def test_redirect_within_the_host(tmp_path: Path) -> None:
    """A redirect within the host is followed."""
    server = Server()

    def moved(request: Any) -> Any:
        if request.url.path == "/datasets/T1/log.txt":
            return httpx.Response(301, headers={"location": "/new/place"})
        return server(request)

    assert downloader(tmp_path, moved)(URL).read_bytes() == BODY


ANSWERS: dict[str, tuple[Handler, str]] = {
    "missing": (lambda request: httpx.Response(404), "the answer is 404"),
    "compressed": (
        lambda request: httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"x")),
        "comes compressed",
    ),
    "too large": (Server(b"x" * 5000), "is larger than 0 MB"),
    "too large, without saying": (
        lambda request: httpx.Response(200, stream=httpx.ByteStream(b"x" * 5000)),
        "is larger than 0 MB",
    ),
    "a pointer": (Server(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"), "Git LFS pointer"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_refused_answers(name: str, tmp_path: Path) -> None:
    """An answer that is no file, compressed, too large or a pointer is refused, and no file appears."""
    handler, message = ANSWERS[name]
    download = downloader(tmp_path, handler, most_bytes=2000)
    with pytest.raises(splmini.KnowledgeError, match=message):
        download(URL)
    assert not download.place(URL).exists()


def test_connection_lost(tmp_path: Path) -> None:
    """A connection that cannot be made is an error that names the address."""

    def lost(request: Any) -> Any:
        raise httpx.ConnectError("no route")

    with pytest.raises(splmini.KnowledgeError, match=r"log\.txt' could not be fetched: no route"):
        downloader(tmp_path, lost)(URL)


def test_prefetch(tmp_path: Path) -> None:
    """Files are fetched before the tests run; what goes wrong is raised for the one that is asked for."""
    other = "https://elsewhere.example.org/a"
    fetched = prefetch([URL, other], downloader(tmp_path, Server()))
    assert fetched(URL).read_bytes() == BODY
    for url, message in ((other, "not allowed"), ("https://x.example.org/y", "was not fetched")):
        with pytest.raises(splmini.KnowledgeError, match=message):
            fetched(url)


def test_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The cache lies in the user's cache folder, or where SPLMINI_CACHE says."""
    monkeypatch.setenv("SPLMINI_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path / "attack_data"
    monkeypatch.delenv("SPLMINI_CACHE")
    assert cache_folder().parts[-2:] == ("splmini", "attack_data")
