"""The cluster command: group results whose text is alike."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from splmini.commands.arguments.reading import fail, read, reading
from splmini.language import tree
from splmini.operators import Operator, Row, RunContext, Sequence, Stream, appended, batched
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.multivalue import joined

OPTIONS = {
    "t": OptionSpec("number", default=0.8, doc="How alike results of a cluster are, between 0 and 1."),
    "delims": OptionSpec("string", doc="The characters that separate terms; what is no letter or digit without it."),
    "showcount": OptionSpec("bool", default=False, doc="Write how many results each cluster has."),
    "countfield": OptionSpec("field", default="cluster_count", doc="The field to write the size of the cluster to."),
    "labelfield": OptionSpec("field", default="cluster_label", doc="The field to write the cluster's number to."),
    "field": OptionSpec("field", default="_raw", doc="The field whose text is compared."),
    "labelonly": OptionSpec("bool", default=False, doc="Keep all results and only write labels."),
    "match": OptionSpec(
        "enum",
        default="termlist",
        choices=("termlist", "termset", "ngramset"),
        doc="What is compared: terms in order, terms in any order, or groups of three characters.",
    ),
}
MAX_TERMS = 1000
"""Terms of a text that are compared; the rest of it is not."""

Vector = dict[Any, float]


@command(
    "cluster",
    options=OPTIONS,
    syntax="cluster [t=<num>] [delims=<string>] [showcount=<bool>] [countfield=<field>] [labelfield=<field>] "
    "[field=<field>] [labelonly=<bool>] [match=(termlist|termset|ngramset)]",
    category="streaming",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Cluster",
    examples=(
        Example(
            "| cluster showcount=t field=m t=0.7",
            ({"m": "user bob logged in from a now", "cluster_count": 2}, {"m": "disk full", "cluster_count": 1}),
            ({"m": "user bob logged in from a now"}, {"m": "user eve logged in from a now"}, {"m": "disk full"}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Group results whose text is alike, and give the first result of each group.

    Each result joins the first cluster whose first result is at least `t` alike, as the cosine of their terms
    (`termlist`: of terms and pairs of neighbours, so that order matters), or else begins one. Splunk does not document
    its measure, so that borderline results may fall differently there.

    *Null*: results without the field are left out, or with `labelonly` pass without a label. *Multivalue* values are
    joined. Memory: the terms of one result for each cluster, and with `showcount` or `labelonly=false` one result each.
    """
    arguments = read(node, OPTIONS, takes=())
    threshold = arguments["t"]
    if not 0 < threshold < 1:
        fail(node, "t has to be above 0 and below 1.", arguments.given["t"])
    options = dict(arguments.options)
    name, count_field, label_field = options["field"], options["countfield"], options["labelfield"]
    new = [label_field, count_field] if options["showcount"] else [label_field]

    def run(stream: Stream, ctx: RunContext) -> Stream:
        def rows() -> Iterator[Row]:
            clusters = _Clusters(threshold, _vectorizer(options["match"], options["delims"]))
            held: list[tuple[Row, int | None]] = []
            for batch in stream.batches:
                for row in batch:
                    value = row.get(name)
                    label = None if value is None else clusters.place(joined(value))
                    if options["labelonly"] or (label is not None and clusters.sizes[label] == 1):
                        held.append((row, label))
                ctx.check(len(held))
            for row, label in held:
                if label is not None:
                    row[label_field] = label + 1
                    if options["showcount"]:
                        row[count_field] = clusters.sizes[label]
                yield row

        def columns() -> list[str] | None:
            return appended(*new)(stream.columns())

        return Stream(batched(rows()), columns)

    return Sequence(name="cluster", run=run, requires=reading(frozenset({name}), new), node=node, span=node.span)


def _vectorizer(match: str, delimiters: str | None) -> Callable[[str], Vector]:
    split = re.compile(f"[{re.escape(delimiters)}]+" if delimiters else r"\W+")

    def vector(text: str) -> Vector:
        if match == "ngramset":
            features: list[Any] = list({text[start : start + 3] for start in range(max(1, len(text) - 2))})
        else:
            terms = [term for term in split.split(text) if term][:MAX_TERMS]
            features = list(set(terms)) if match == "termset" else [*terms, *pairwise(terms)]
        counts = Counter(features)
        length = math.sqrt(sum(count * count for count in counts.values()))
        return {feature: count / length for feature, count in counts.items()} if length else {"": 1.0}

    return vector


class _Clusters:
    """The clusters so far; their terms are indexed, so that a result is compared with those it shares a term with."""

    def __init__(self, threshold: float, vector: Callable[[str], Vector]) -> None:
        self._threshold, self._vector = threshold, vector
        self._index: dict[Any, list[tuple[int, float]]] = defaultdict(list)
        self.sizes: list[int] = []

    def place(self, text: str) -> int:
        """Return the number of the cluster that a text belongs to."""
        vector = self._vector(text)
        likeness: dict[int, float] = defaultdict(float)
        for feature, weight in vector.items():
            for label, other in self._index.get(feature, ()):
                likeness[label] += weight * other
        near = [label for label, value in likeness.items() if value >= self._threshold - 1e-9]
        if near:
            label = min(near)
            self.sizes[label] += 1
            return label
        label = len(self.sizes)
        self.sizes.append(1)
        for feature, weight in vector.items():
            self._index[feature].append((label, weight))
        return label
