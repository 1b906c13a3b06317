"""The templates of foreach: tokens such as <<FIELD>> and <<ITEM>> in search text.

Tokens that stand for names are replaced as text. <<ITEM>> and <<ITER>> stand for values: where one is an operand of an
expression it becomes a reference to a hidden field, so that one compiled template serves all items; inside quotation
marks, as a target, or joined to other characters it is replaced as text too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from splmini.values.wildcards import captures

ITEM_FIELD = "_foreach_item"
ITER_FIELD = "_foreach_iter"


@dataclass(frozen=True)
class FieldMatch:
    """A field and what the wildcards of the pattern matched in its name."""

    name: str
    segments: tuple[str, ...] = ()

    def tokens(self, names: Mapping[str, str]) -> dict[str, str]:
        """Return the text for each token, under the tokens' default names and the user's."""
        values = {"FIELD": self.name, "MATCHSTR": "".join(self.segments)}
        for number in range(3):
            values[f"MATCHSEG{number + 1}"] = self.segments[number] if number < len(self.segments) else ""
        return with_names(values, names)


def with_names(values: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    """Return the values under `<<NAME>>` and under the token that the user set for it."""
    tokens = {f"<<{name}>>": value for name, value in values.items()}
    tokens.update({names[name]: value for name, value in values.items() if names.get(name)})
    return tokens


def match_pattern(pattern: str) -> Callable[[str], FieldMatch | None]:
    """Return a function from a field name to what a pattern matches in it."""

    def match(name: str) -> FieldMatch | None:
        found = captures(pattern, name)
        return None if found is None else FieldMatch(name, found)

    return match


def substitute(template: str, tokens: Mapping[str, str]) -> str:
    """Replace tokens as text, the longest first.

    >>> substitute("eval <<FIELD>>=1", {"<<FIELD>>": "a"})
    'eval a=1'
    """
    if not tokens:
        return template
    expression = re.compile("|".join(re.escape(token) for token in sorted(tokens, key=len, reverse=True)))

    def replacement(match: re.Match[str]) -> str:
        return tokens[match.group()]

    return expression.sub(replacement, template)


@dataclass(frozen=True)
class Piece:
    """A piece of a template: text, or a token to be replaced as text; `quote` is the quotation mark around it."""

    text: str
    token: bool = False
    quote: str = ""


def item_pieces(template: str, hidden: Mapping[str, str]) -> list[Piece]:
    """Cut a template at the tokens of `hidden` that have to be replaced as text; put references for the others.

    >>> item_pieces('eval s=s+<<ITEM>>, f_<<ITER>>=1', {"<<ITEM>>": "i", "<<ITER>>": "n"})
    [Piece(text="eval s=s+'i', f_", token=False, quote=''), Piece(text='<<ITER>>', token=True, quote=''), \
Piece(text='=1', token=False, quote='')]
    """
    pieces: list[Piece] = []
    text = ""
    quote = ""
    depth = 0
    target = True  # the next word may be the target of an assignment
    position = 0
    while position < len(template):
        token = next((name for name in hidden if template.startswith(name, position)), None)
        if token is not None:
            end = position + len(token)
            joined = text[-1:].isalnum() or text[-1:] in ("_", "{") or template[end : end + 1].isalnum()
            joined = joined or template[end : end + 1] in ("_", "}")
            if quote or joined or (target and depth == 0) or (not text and pieces):
                pieces += [Piece(text), Piece(token, True, quote)] if text else [Piece(token, True, quote)]
                text = ""
            else:
                text += f"'{hidden[token]}'"
            position = end
            target = False
            continue
        character = template[position]
        if quote and character == "\\":
            text += template[position : position + 2]
            position += 2
            continue
        if character in "\"'":
            quote = "" if quote == character else quote or character
        elif not quote:
            depth += {"(": 1, ")": -1}.get(character, 0)
            if character == ",":
                target = True
            elif character == "=" or (target and text.lstrip("| ").lower().endswith("eval") and character.isspace()):
                target = character != "="
        text += character
        position += 1
    return [*pieces, Piece(text)] if text else pieces


def fill(pieces: list[Piece], values: Mapping[str, str]) -> str:
    """Put values in for the tokens of a template; inside double quotation marks they are escaped."""
    texts = []
    for piece in pieces:
        if not piece.token:
            texts.append(piece.text)
            continue
        value = values[piece.text]
        texts.append(value.replace("\\", "\\\\").replace('"', '\\"') if piece.quote == '"' else value)
    return "".join(texts)
