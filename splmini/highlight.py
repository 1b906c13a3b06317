"""A Pygments lexer for SPL, made from the registry: for `pygmentize -l spl`, documents, and the command line.

>>> from pygments.formatters import NullFormatter
>>> from pygments import highlight
>>> highlight("error | stats count by host", SplLexer(), NullFormatter()).strip()
'error | stats count by host'
"""

from __future__ import annotations

from typing import Any, ClassVar

from pygments.lexer import RegexLexer, default, words
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Text, Whitespace

from splmini import registry

CLAUSES = ("by", "groupby", "as", "over", "output", "outputnew", "from", "where", "with", "in", "sortby", "into")
"""Words that begin a clause of some command."""
OPERATORS = ("AND", "OR", "NOT", "XOR", "IN", "LIKE")


def _commands() -> Any:
    return words(tuple(sorted(registry.command_names())), prefix=r"(?i:", suffix=r")(?![\w=])")


def _functions() -> Any:
    names = {*registry.eval_functions(), *registry.stats_functions()}
    return words(tuple(sorted(names)), prefix=r"\b(?i:", suffix=r")(?=\s*\()")


class SplLexer(RegexLexer):  # type: ignore[misc]  # pygments is not typed
    """Tokens of a search: commands after pipes, functions before brackets, fields before `=`, macros, comments.

    Names of commands and functions are those of the registry when the lexer is first made.
    """

    name = "SPL"
    url = "https://docs.splunk.com/Documentation/Splunk/latest/SearchReference"
    aliases: ClassVar = ["spl", "splunk"]
    filenames: ClassVar = ["*.spl"]
    mimetypes: ClassVar = ["text/x-spl"]

    @classmethod
    def get_tokendefs(cls) -> dict[str, list[Any]]:
        """Return the states of the lexer; Pygments asks when the first one is made."""
        return _states()


def _states() -> dict[str, list[Any]]:
    return {
        "root": [(r"\s+", Whitespace), (r"(?=\|)", Text, "body"), (_commands(), Keyword, "body"), default("body")],
        "body": [
            (r"\s+", Whitespace),
            (r"```(?:.|\n)*?```", Comment.Multiline),
            (r"`[^`]*`", Name.Function.Magic),
            (r"(\|)", Punctuation, "command"),
            (r"\[", Punctuation, "command"),
            (r"[\](){},]", Punctuation),
            (r'"(?:[^"\\]|\\.|\n)*"', String.Double),
            (r"'(?:[^'\\\n]|\\.)*'", Name.Variable),
            (r"\$[\w.:|\-]+\$|<<\w+>>", Name.Variable.Magic),
            (words(OPERATORS, prefix=r"\b", suffix=r"(?=[\s(\[]|$)"), Operator.Word),
            (words(CLAUSES, prefix=r"(?<![\w.=])(?i:", suffix=r")(?=[\s\[(])"), Keyword.Declaration),
            (_functions(), Name.Builtin),
            (r"[^\W\d][\w.{}\-]*(?=\s*(?:=|!=|<|>|::))", Name.Attribute),
            (r"(?<![\w.\-])[+\-]?\d+(?:\.\d+)?(?![\w.])", Number),
            (r"[=<>!]=?|::|[+*/%]", Operator),
            (r"[^\W\d][\w.{}\-]*", Name),
            (r".", Text),
        ],
        "command": [
            (r"\s+", Whitespace),
            (r"```(?:.|\n)*?```", Comment.Multiline),
            (r"\|", Punctuation),
            (_commands(), Keyword, "#pop"),
            default("#pop"),
        ],
    }


__all__ = ["CLAUSES", "OPERATORS", "SplLexer"]
