"""Attack data fetched into a cache: https alone, from hosts that the user names, bounded, resumed where it broke off.

What is fetched is somebody else's file over a network: no other host is asked, whatever a redirect says; nothing is
unpacked on the way; a file appears in the cache only when it is whole.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from splmini.detections.bench.tests import is_pointer
from splmini.errors import KnowledgeError, UnsupportedFeature

MOST_BYTES = 512 << 20
"""The largest file that is fetched, unless the user says otherwise."""

MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})

Progress = Callable[[str, int, "int | None"], None]
"""Called with the URL, the bytes there are, and the size where it is known."""


def cache_folder() -> Path:
    """Return the folder for fetched attack data: in the user's cache, or `SPLMINI_CACHE`."""
    given = os.environ.get("SPLMINI_CACHE")
    if given:
        return Path(given) / "attack_data"
    if os.name == "nt":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "splmini" / "attack_data"


@dataclass
class Downloader:
    """Fetches URLs into a cache folder; called with a URL, gives the file.

    Args:
        hosts: the hosts that may be asked, by their whole name.
        folder: the cache.
        most_bytes: the largest file.
        progress: shown while a file comes in.
        transport: what carries the requests, in place of the network (httpx's).

    Raises:
        UnsupportedFeature: where httpx is not installed (the extra `download`).
    """

    hosts: frozenset[str]
    folder: Path
    most_bytes: int = MOST_BYTES
    progress: Progress | None = None
    transport: Any = None
    _client: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.hosts = frozenset(host.lower().rstrip(".") for host in self.hosts)

    def __call__(self, url: str) -> Path:
        """Return the file of a URL, fetched where the cache does not have it.

        Raises:
            KnowledgeError: where it may not be fetched, or could not be.
        """
        path = self.place(url)
        if path.is_file():
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fetch(url, path)
        return path

    def place(self, url: str) -> Path:
        """Return where in the cache the file of a URL lies: below the name of its host."""
        host = self._host(url)
        parts = [part for part in unquote(urlsplit(url).path).split("/") if part]
        if not parts or any(map(_unsafe, parts)):
            raise KnowledgeError(f"'{url}' is no address of a file.", path=url)
        return self.folder.joinpath(host, *parts)

    def _host(self, url: str) -> str:
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower().rstrip("."), parts.port
        except ValueError as error:
            raise KnowledgeError(f"'{url}' is no address: {error}.", path=url) from None
        if parts.scheme != "https":
            raise KnowledgeError(f"'{url}' is not fetched: only https is.", path=url)
        if host not in self.hosts or port not in (None, 443) or parts.username or parts.password:
            raise KnowledgeError(
                f"'{url}' is not fetched: its host is not allowed.",
                path=url,
                hint=f"Allow it with --allow-host {host}.",
            )
        return host

    # ---- the request -------------------------------------------------------------------------------------------

    def _fetch(self, url: str, path: Path) -> None:
        httpx = _httpx()
        part, note = path.with_name(path.name + ".part"), path.with_name(path.name + ".part.json")
        try:
            with closing(self._request(httpx, url, _resumed(part, note))) as response:
                self._receive(response, url, part, note)
        except httpx.HTTPError as error:
            raise KnowledgeError(
                f"'{url}' could not be fetched: {error or type(error).__name__}.",
                path=url,
                hint="What came in is kept; the next run goes on from there.",
            ) from None
        except OSError as error:
            raise KnowledgeError(f"'{url}' could not be kept: {error}.", path=url) from None
        _refuse_pointer(part, url)
        os.replace(part, path)
        note.unlink(missing_ok=True)

    def _request(self, httpx: Any, url: str, headers: dict[str, str]) -> Any:
        """Ask, following redirects within the host; the answer is streamed."""
        if self._client is None:
            self._client = httpx.Client(
                transport=self.transport, follow_redirects=False, timeout=httpx.Timeout(30, connect=15), trust_env=True
            )
        at, host = url, self._host(url)
        for _ in range(MOST_REDIRECTS + 1):
            request = self._client.build_request("GET", at, headers={"Accept-Encoding": "identity", **headers})
            response = self._client.send(request, stream=True)
            if response.status_code not in _REDIRECTS:
                return response
            response.close()
            at = urljoin(at, response.headers.get("location", ""))
            target = urlsplit(at)
            if target.scheme != "https" or (target.hostname or "").lower() != host or target.port not in (None, 443):
                raise KnowledgeError(
                    f"'{url}' leads to another host, '{target.hostname}', which is not followed.",
                    path=url,
                    hint="Name the address that it leads to in the detection.",
                )
        raise KnowledgeError(f"'{url}' leads on and on.", path=url)

    def _receive(self, response: Any, url: str, part: Path, note: Path) -> None:
        done = part.stat().st_size if part.is_file() else 0
        if response.status_code == 416:
            part.unlink(missing_ok=True)
            raise KnowledgeError(f"'{url}' changed while it was fetched.", path=url, hint="Run again.")
        if response.status_code not in (200, 206):
            raise KnowledgeError(f"'{url}' could not be fetched: the answer is {response.status_code}.", path=url)
        if response.headers.get("content-encoding", "identity").lower() not in ("identity", ""):
            raise KnowledgeError(f"'{url}' comes compressed, though that was not asked for.", path=url)
        if response.status_code == 200:
            done = 0
        size = _size(response, done)
        if size is not None and size > self.most_bytes:
            raise self._too_large(url)
        note.write_text(json.dumps({"etag": response.headers.get("etag")}), encoding="utf-8")
        with open(part, "ab" if done else "wb") as file:
            for chunk in response.iter_raw():
                done += len(chunk)
                if done > self.most_bytes:
                    raise self._too_large(url)
                file.write(chunk)
                if self.progress is not None:
                    self.progress(url, done, size)
        if size is not None and done != size:
            raise KnowledgeError(
                f"'{url}' broke off at {done:,} of {size:,} bytes.", path=url, hint="Run again; it goes on from there."
            )

    def _too_large(self, url: str) -> KnowledgeError:
        return KnowledgeError(
            f"'{url}' is larger than {self.most_bytes >> 20:,} MB.", path=url, hint="Raise the limit with --max-size."
        )

    def __enter__(self) -> Downloader:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._client is not None:
            self._client.close()


@dataclass(frozen=True)
class Fetched:
    """What was fetched before the tests run, so that processes need no network: a function from URL to file."""

    files: Mapping[str, Path]
    errors: Mapping[str, KnowledgeError]

    def __call__(self, url: str) -> Path:
        """Return the file of a URL; raises what kept it from being fetched."""
        if url in self.errors:
            raise self.errors[url]
        if url not in self.files:
            raise KnowledgeError(f"'{url}' was not fetched.", path=url)
        return self.files[url]


def prefetch(urls: Iterable[str], download: Callable[[str], Path]) -> Fetched:
    """Fetch URLs one after the other; what goes wrong is kept for the test that needs the file."""
    files, errors = {}, {}
    for url in urls:
        try:
            files[url] = download(url)
        except KnowledgeError as error:
            errors[url] = error
    return Fetched(files, errors)


def downloader(hosts: Iterable[str], folder: str | Path | None = None, **settings: Any) -> Downloader:
    """Return a `Downloader` into a folder, or into the user's cache.

    Raises:
        UnsupportedFeature: where httpx is not installed.
    """
    _httpx()
    return Downloader(frozenset(hosts), Path(folder) if folder is not None else cache_folder(), **settings)


def _httpx() -> Any:
    try:
        import httpx
    except ImportError:
        raise UnsupportedFeature(
            "Downloading needs the package httpx.", name="download", hint="pip install 'splmini[download]'"
        ) from None
    return httpx


_DEVICE = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


def _unsafe(part: str) -> bool:
    """Say whether a part of a path could lead elsewhere on some system."""
    return part in (".", "..") or bool(re.search(r'[\\:*?"<>|\x00-\x1f]', part) or _DEVICE.fullmatch(part))


def _resumed(part: Path, note: Path) -> dict[str, str]:
    """The headers that ask for the rest of a file, where its beginning is there and can be told from a newer one."""
    etag = None
    with suppress(OSError, ValueError, AttributeError):
        etag = json.loads(note.read_text("utf-8")).get("etag")
    if not part.is_file() or not part.stat().st_size or not isinstance(etag, str) or etag.startswith("W/"):
        part.unlink(missing_ok=True)
        return {}
    return {"Range": f"bytes={part.stat().st_size}-", "If-Range": etag}


def _size(response: Any, done: int) -> int | None:
    """The size of the whole file, where the answer says it."""
    length = response.headers.get("content-length", "")
    return done + int(length) if length.isdigit() else None


def _refuse_pointer(part: Path, url: str) -> None:
    if not is_pointer(part):
        return
    part.unlink()
    raise KnowledgeError(
        f"'{url}' is a Git LFS pointer, not the file.",
        path=url,
        hint="GitHub has such files under https://media.githubusercontent.com/media/OWNER/REPOSITORY/….",
    )
