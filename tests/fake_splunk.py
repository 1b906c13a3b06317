"""A small REST server that answers as Splunk's REST API Reference shows; what a search gives, splmini works out.

It knows `server/info`, `search/jobs` in oneshot mode and the HTTP Event Collector. `answers` puts something else in
place of what it would answer: a function of the request's path and form, giving status, headers and body, or None.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import splmini

TOKEN = "eyJraWQiOiJzcGx1bmsuc2VjcmV0Iiwi.very.secret"
HEC_TOKEN = "61876693-4758-4f45-bca7-c910ccc746eb"
VERSION = {"version": "10.4.2", "build": "8d5b9b5f1bd4", "product_type": "enterprise", "serverName": "so1"}
UNAUTHORISED = {"messages": [{"type": "WARN", "text": "call not properly authenticated"}]}

Reply = tuple[int, dict[str, str], bytes]
Answers = Callable[[str, dict[str, str]], "Reply | None"]


def reply(status: int, body: Any, **headers: str) -> Reply:
    """Return an answer: JSON of anything but bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return status, {"Content-Type": "application/json; charset=UTF-8", **headers}, content


class FakeSplunk:
    """The server; a context manager, whose `url` is the address of both its ports."""

    def __init__(
        self,
        answers: Answers | None = None,
        token: str = TOKEN,
        zone: str = "UTC",
        certificate: tuple[Path, Path] | None = None,
    ) -> None:
        self.answers = answers
        self.token = token
        self.zone = zone
        self.events: list[dict[str, Any]] = []
        self.searches: list[dict[str, str]] = []
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.late = 0
        """How many searches pass before events that were sent can be found."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        scheme = "http"
        if certificate is not None:
            scheme, context = "https", ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{scheme}://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> FakeSplunk:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        splunk = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer(parse_qs(urlsplit(self.path).query))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                collector = self.path.startswith("/services/collector")
                self.answer({"body": [body.decode()]} if collector else parse_qs(body.decode()))

            def answer(self, given: dict[str, list[str]]) -> None:
                form = {name: values[0] for name, values in given.items()}
                headers = {name.lower(): value for name, value in self.headers.items()}
                splunk.requests.append((self.path, headers))
                status, sent, content = splunk.respond(urlsplit(self.path).path, form, headers)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **sent}.items():
                    self.send_header(name, value)
                self.end_headers()
                try:
                    self.wfile.write(content)
                except OSError:
                    return  # whoever asked has seen enough

            def log_message(self, format: str, *args: Any) -> None:
                return

        return Handler

    # ---- what it answers ---------------------------------------------------------------------------------------

    def respond(self, path: str, form: dict[str, str], headers: dict[str, str]) -> Reply:
        """Answer a request."""
        given = self.answers(path, form) if self.answers is not None else None
        if given is not None:
            return given
        if path.startswith("/services/collector"):
            return self.collected(form["body"], headers)
        if headers.get("authorization") != f"Bearer {self.token}":
            return reply(401, UNAUTHORISED)
        if path == "/services/server/info":
            return reply(200, {"links": {}, "origin": "", "entry": [{"name": "server-info", "content": VERSION}]})
        if path.endswith("/search/jobs") and form.get("exec_mode") == "oneshot":
            return self.searched(form)
        return reply(404, {"messages": [{"type": "ERROR", "text": "Not Found"}]})

    def collected(self, body: str, headers: dict[str, str]) -> Reply:
        """Take in events, as the collector does: objects one behind the other."""
        if headers.get("authorization") != f"Splunk {HEC_TOKEN}":
            return reply(403, {"text": "Invalid token", "code": 4})
        for line in body.splitlines():
            event = json.loads(line)
            if event["index"] != "main":
                return reply(400, {"text": "Incorrect index", "code": 7, "invalid-event-number": 0})
            known = {name: event[name] for name in ("host", "source", "sourcetype", "index") if name in event}
            self.events.append({"_raw": event["event"], "_time": event["time"], **known, **event["fields"]})
        return reply(200, {"text": "Success", "code": 0})

    def searched(self, form: dict[str, str]) -> Reply:
        """Run a search; one that is wrong is refused with 400 and a message."""
        self.searches.append(form)
        events = self.events if self.late <= 0 else []
        self.late -= "splmini_run" in form["search"]
        try:
            env = splmini.Environment(index="main", timezone=self.zone)
            given = {name: float(form[f"{name}_time"]) for name in ("earliest", "latest") if f"{name}_time" in form}
            results = env.compile(form["search"]).run(events, order="newest", **given)
        except splmini.SplError as error:
            return reply(400, {"messages": [{"type": "FATAL", "text": error.message}]})
        fields = [{"name": name} for name in results.fields]
        rows = [{name: shown(name, value) for name, value in row.items()} for row in results]
        body = {"preview": False, "init_offset": 0, "messages": [], "fields": fields, "results": rows}
        return reply(200, {**body, "highlighted": {}})


def shown(name: str, value: Any) -> Any:
    """Return a value as the REST API gives it: a text, or a list of texts; `_time` as ISO 8601."""
    if isinstance(value, list):
        return [str(each) for each in value]
    if name == "_time":
        return datetime.fromtimestamp(value, timezone.utc).isoformat(timespec="milliseconds")
    return str(value)
