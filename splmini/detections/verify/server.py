"""A Splunk server asked over its REST API: one address, bounded answers, and a token that nothing ever shows.

What answers is a stranger until its certificate is checked, and its answers are strangers' data after that: no redirect
is followed, no proxy or netrc of the surroundings is used, sizes and times end, and texts are shown without control
characters.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from splmini.errors import ServerError, UnsupportedFeature
from splmini.values.texts import shortened

MOST_BYTES = 64 << 20
"""The largest answer that is read."""

SECONDS = 60.0
"""How long an answer may take, from asking to its last byte."""

MARKER = "splmini_run"
"""The indexed field of events that are sent into an index; its value is another one in each run."""

UNAUTHORISED = "token"
"""The `name` of the error that says that a token is not accepted."""

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_REFUSED = frozenset({"FATAL", "ERROR"})


@dataclass(frozen=True)
class Answer:
    """What Splunk answered to a search: rows of texts and lists of texts, the columns in order, what it had to say.

    `refused` is the text with which it refused the search; None where it ran.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    refused: str | None = None


@dataclass
class Splunk:
    """A Splunk server: `search` runs a search there, `send` puts events into an index.

    Args:
        url: the address of its management port, `https://splunk.example.org:8089`.
        token: an authentication token of Splunk.
        verify: whether the certificate is checked; or a file with the authorities to check it against.
        app: the app whose knowledge applies.
        hec: the address of its HTTP Event Collector, for `send`.
        hec_token: the collector's token.
        seconds: how long an answer may take.
        most_bytes: the largest answer.
        transport: what carries the requests, in place of the network (httpx's).

    Raises:
        ServerError: for an address that is none, or would send the token in clear over a network.
        UnsupportedFeature: where httpx is not installed (the extra `verify`).
    """

    url: str
    token: str = field(repr=False)
    verify: bool | str = True
    app: str | None = None
    hec: str | None = None
    hec_token: str | None = field(default=None, repr=False)
    seconds: float = SECONDS
    most_bytes: int = MOST_BYTES
    transport: Any = None
    pause: Callable[[float], None] = field(default=time.sleep, repr=False)
    _client: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.url = _address(self.url, self.verify)
        self.hec = None if self.hec is None else _address(self.hec, self.verify)
        for what, token in (("token", self.token), ("token of the collector", self.hec_token)):
            if token is not None and (not token.strip() or not token.isascii() or _CONTROL.search(token)):
                raise ServerError(f"The {what} is empty, or holds characters that no token has.")
        httpx = _httpx()
        self._client = httpx.Client(
            transport=self.transport,
            verify=_context(self.verify),
            follow_redirects=False,
            trust_env=False,
            timeout=httpx.Timeout(self.seconds, connect=min(15.0, self.seconds)),
        )

    def __enter__(self) -> Splunk:
        return self

    def __exit__(self, *exception: object) -> None:
        self._client.close()

    # ---- what is asked -----------------------------------------------------------------------------------------

    def product(self) -> str:
        """Return what answers, with version and build: `Splunk Enterprise 10.4.2 (build 1234abcd)`."""
        entries = self._management("GET", "services/server/info", {"output_mode": "json"}).get("entry")
        content = (
            entries[0].get("content")
            if isinstance(entries, list) and entries and isinstance(entries[0], dict)
            else None
        )
        if not isinstance(content, dict) or not isinstance(content.get("version"), str):
            raise self._error("does not say its version, as a Splunk would")
        kind = {"splunk": "Enterprise", "cloud": "Cloud Platform"}.get(str(content.get("product_type", "")), "")
        kind = kind or ("Enterprise" if content.get("product_type") in ("enterprise", None) else "")
        name = " ".join(["Splunk", *([kind] if kind else []), content["version"]])
        return self._clean(f"{name} (build {content.get('build', 'unknown')})")

    def search(self, text: str, earliest: float | None = None, latest: float | None = None) -> Answer:
        """Run a search to its end and return all its rows; a search that Splunk refuses is an answer, too.

        Args:
            text: the search as the REST API takes it: it begins with `search` or with a pipe.
            earliest: start of the time range, in epoch seconds; None: all time.
            latest: its end; None: it has none.

        Raises:
            ServerError: where there is no usable answer.
        """
        data = {
            "search": text,
            "exec_mode": "oneshot",
            "output_mode": "json",
            "count": "0",
            "adhoc_search_level": "verbose",  # events come with all their fields
            "max_time": str(int(self.seconds) + 30),  # it is given up before it would be cut there
            "timeout": "60",
        }
        given = (("earliest_time", earliest), ("latest_time", latest))
        data.update((name, _moment(value)) for name, value in given if value is not None)
        where = "services" if self.app is None else f"servicesNS/nobody/{quote(self.app, safe='')}"
        body = self._management("POST", f"{where}/search/jobs", data, refusals=True)
        messages = _messages(body)
        refused = [text for kind, text in messages if kind in _REFUSED]
        if refused:
            return Answer(refused=self._clean(" ".join(refused)))
        rows = body.get("results")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self._error("answers without a list of results")
        told = [self._clean(text) for kind, text in messages if kind != "DEBUG"]
        return Answer([_row(row) for row in rows], _fields(body, rows), told)

    def send(self, events: Sequence[Mapping[str, Any]], index: str, marker: str) -> None:
        """Put events into an index through the HTTP Event Collector, and wait until they can be searched.

        Args:
            events: dicts with `_raw` and `_time`; host, source and sourcetype go with them.
            index: the index.
            marker: the value of the indexed field that finds them again.

        Raises:
            ServerError: where the collector does not take them, or they cannot be found in time.
        """
        if self.hec is None or self.hec_token is None:
            raise ServerError("Events go into an index through the HTTP Event Collector, and no address is given.")
        lines = "\n".join(json.dumps(_envelope(event, index, marker)) for event in events)
        status, body = self._asked(
            "POST",
            f"{self.hec}/services/collector/event",
            {"Authorization": f"Splunk {self.hec_token}"},
            content=lines.encode(),
        )
        said = self._json(body, status)
        if status != 200 or said.get("code") != 0:
            text = self._clean(str(said.get("text", "nothing")))
            raise ServerError(f"The HTTP Event Collector does not take the events ({status}): {text}.")
        self._await(len(events), index, marker)

    def _await(self, count: int, index: str, marker: str) -> None:
        """Wait until all events of a run are found."""
        ends = time.monotonic() + self.seconds
        while True:
            answer = self.search(f"search index={index} {MARKER}::{marker} | stats count")
            found = answer.rows[0].get("count") if answer.rows else "0"
            if found == str(count):
                return
            if answer.refused is not None or time.monotonic() > ends:
                why = answer.refused or f"{found} of {count} are found after {self.seconds:g} seconds"
                raise ServerError(f"The events sent into the index '{index}' cannot be searched: {why}.")
            self.pause(1.0)

    # ---- requests ----------------------------------------------------------------------------------------------

    def _management(self, method: str, path: str, data: dict[str, str], refusals: bool = False) -> dict[str, Any]:
        """Ask the management port; with `refusals`, an answer 400 with messages is given back as one."""
        headers = {"Authorization": f"Bearer {self.token}"}
        given = {"params": data} if method == "GET" else {"data": data}
        status, body = self._asked(method, f"{self.url}/{path}", headers, **given)
        if status == 401:
            raise ServerError(
                f"{self.url} does not accept the token (401).",
                name=UNAUTHORISED,
                hint="It may have expired, or tokens are turned off there; Settings > Tokens makes one.",
            )
        if status == 403:
            raise ServerError(
                f"{self.url} does not allow it (403): {self._said(body)}",
                hint="The token's user needs the capabilities search and rest_properties_get.",
            )
        if status == 400 and refusals:
            said = self._json(body, status)
            return said if _messages(said) else {"messages": [{"type": "FATAL", "text": "Bad request"}]}
        if status not in (200, 201):
            hint = "It is busy: try again, or raise its limit on searches." if status in (429, 503) else None
            raise ServerError(f"{self.url} answers {status}: {self._said(body)}", hint=hint)
        return self._json(body, status)

    def _asked(self, method: str, url: str, headers: dict[str, str], **given: Any) -> tuple[int, bytes]:
        httpx = _httpx()
        ends = time.monotonic() + self.seconds
        try:
            request = self._client.build_request(
                method, url, headers={"Accept-Encoding": "identity", **headers}, **given
            )
            with closing(self._client.send(request, stream=True)) as response:
                return response.status_code, self._received(response, ends)
        except httpx.TimeoutException:
            raise self._late(url) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._unreachable(url, error) from None

    def _received(self, response: Any, ends: float) -> bytes:
        """The bytes of an answer, as long as they may come and no more than there may be."""
        if response.is_redirect:
            target = self._clean(response.headers.get("location", "nowhere"))
            raise self._error(f"leads to {target}, which is not followed", "Give the address that answers itself.")
        if response.headers.get("content-encoding", "identity").lower() not in ("identity", ""):
            raise self._error("answers compressed, though that was not asked for")
        chunks, size = [], 0
        for chunk in response.iter_raw():
            size += len(chunk)
            if size > self.most_bytes:
                raise self._error(f"answers with more than {self.most_bytes >> 20:,} MB")
            if time.monotonic() > ends:
                raise self._late(str(response.request.url))
            chunks.append(chunk)
        return b"".join(chunks)

    def _json(self, body: bytes, status: int) -> dict[str, Any]:
        try:
            said = json.loads(body)
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            raise self._error(
                f"answers {status} with something that is no JSON object: {self._said(body)}",
                "The address has to be that of the management port, 8089 as a rule.",
            )
        return said

    def _said(self, body: bytes) -> str:
        """What an answer that is no success says, in one line."""
        try:
            texts = [text for _, text in _messages(json.loads(body))]
        except (ValueError, RecursionError, AttributeError):
            texts = [body[:500].decode("utf-8", "replace")]
        return self._clean(" ".join(texts)) or "nothing"

    # ---- what is told ------------------------------------------------------------------------------------------

    def _clean(self, text: str) -> str:
        """A text of the server for our messages: without the tokens, control characters and great length."""
        for token in (self.token, self.hec_token):
            text = text.replace(token, "…") if token else text
        return shortened(_CONTROL.sub(" ", text).strip(), 500)

    def _error(self, what: str, hint: str | None = None) -> ServerError:
        return ServerError(f"{self.url} {what}.", hint=hint)

    def _late(self, url: str) -> ServerError:
        return ServerError(
            f"{_origin(url)} did not answer within {self.seconds:g} seconds.", hint="Give it longer with --timeout."
        )

    def _unreachable(self, url: str, error: Exception) -> ServerError:
        why = self._clean(str(error)) or type(error).__name__
        hint = None
        if "CERTIFICATE_VERIFY_FAILED" in why:
            hint = "Name the file of the authority that signed it with --ca-file; --insecure does not check at all."
        return ServerError(f"{_origin(url)} cannot be asked: {why}.", hint=hint)


def _address(url: str, verify: bool | str) -> str:
    """The address as requests begin with it."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ServerError(f"The address of Splunk is none: {error}.") from None
    if parts.scheme not in ("https", "http") or not host:
        raise ServerError("The address of Splunk has to begin with https:// and name a host.")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ServerError(
            "The address of Splunk is scheme, host, port and path alone: it holds no user, no password and no query."
        )
    if parts.scheme == "http" and host.lower() not in _LOOPBACK and verify is not False:
        raise ServerError(
            f"The token would go to {host} in clear: the address is http.", hint="Use https, or --insecure."
        )
    return url.rstrip("/")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _context(verify: bool | str) -> Any:
    if not isinstance(verify, str):
        return verify
    import ssl

    try:
        return ssl.create_default_context(cafile=verify)
    except (OSError, ssl.SSLError) as error:
        raise ServerError(f"The authorities in '{verify}' cannot be read: {error}.") from None


def _moment(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _messages(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The messages of an answer, each with its type in capitals."""
    found = body.get("messages")
    each = [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
    return [(str(item.get("type", "")).upper(), str(item.get("text", ""))) for item in each]


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of texts and lists of texts; anything else in it becomes its text, null is absent."""
    made: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, list):
            made[name] = [_text(item) for item in value]
        elif value is not None:
            made[name] = _text(value)
    return made


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _fields(body: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """The columns in order: as the answer names them, or as they come in its rows."""
    found = body.get("fields")
    if isinstance(found, list):
        return [str(item.get("name")) if isinstance(item, dict) else str(item) for item in found]
    return list(dict.fromkeys(name for row in rows for name in row))


def _envelope(event: Mapping[str, Any], index: str, marker: str) -> dict[str, Any]:
    named = {name: str(event[name]) for name in ("host", "source", "sourcetype") if event.get(name) is not None}
    return {"event": event["_raw"], "time": event["_time"], "index": index, "fields": {MARKER: marker}, **named}


def _httpx() -> Any:
    try:
        import httpx
    except ImportError:
        raise UnsupportedFeature(
            "Asking a Splunk needs the package httpx.", name="verify", hint="pip install 'splmini[verify]'"
        ) from None
    return httpx
