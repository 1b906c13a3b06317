"""Calls that a type checker has to refuse: each ignored error must be there, or the checker complains."""

from __future__ import annotations

import splmini

env = splmini.Environment()
search = env.compile("search *")

splmini.Environment(tmezone="UTC")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
splmini.Environment(limits={"max_rows": 1})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
splmini.Environment(datamodels=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
splmini.search("*", [], nosuch=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
search.run([], progres=print)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
search.run([], order="oldest")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
search.run(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
search.stream([], knowledge="none")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
env.explain("*", [], neares=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
env.explain(3, [])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
found = env.compile("*").run().nosuch  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
splmini.Detection.load("x.yml").run([], "env")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
splmini.sweep([1], [], env)  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
splmini.lint("*", env, selects=["SPL001"])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
