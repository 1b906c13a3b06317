"""YAML documents that are not trusted: safe types only, and no aliases, which can blow up a small file."""

from __future__ import annotations

import re
from typing import Any

import yaml

from splmini.errors import KnowledgeError

_ALIAS = re.compile(rb"(?:^|[\s\[{,:-])[*][^\s*]", re.MULTILINE)
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load_yaml(data: bytes, path: str) -> Any:
    """Return the document in a YAML file; raises KnowledgeError, with the path, where it is not well formed."""
    try:
        text = data.decode("utf-8-sig", "replace")
        if _ALIAS.search(data) and any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, _Loader)):
            raise KnowledgeError("YAML aliases are not read.", path=path)
        return yaml.load(text, _Loader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise KnowledgeError(f"The file is no YAML: {str(error).splitlines()[0]}", path=path) from None
