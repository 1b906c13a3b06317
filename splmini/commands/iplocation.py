"""The iplocation command: where addresses are, by a MaxMind database that the caller supplies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from splmini.commands.arguments.reading import fail, one_field, read, reading
from splmini.commands.arguments.uses import adding, option
from splmini.errors import MissingDatabase, Span, UnsupportedFeature
from splmini.language import tree
from splmini.operators import Batch, Operator, Row, RunContext, Streaming, appended
from splmini.registry import BuildScope, Example, FieldUses, OptionSpec, command
from splmini.values.multivalue import first
from splmini.values.networks import parse_address, parse_cidr
from splmini.values.numbers import to_text

OPTIONS = {
    "prefix": OptionSpec("string", default="", doc="What to put before the names of the fields."),
    "allfields": OptionSpec("bool", default=False, doc="Add Continent, MetroCode and Timezone too."),
    "lang": OptionSpec(
        "string", default="en", doc="The languages of the names, the best first, separated by commas; code: ISO codes."
    ),
}
FIELDS = ("City", "Country", "Region", "lat", "lon")
ALL_FIELDS = (*FIELDS, "Continent", "MetroCode", "Timezone")
_CACHE = 65536


def _made(command: tree.Command) -> Iterator[str]:
    prefix = option(command, "prefix") or ""
    return (prefix + name for name in ALL_FIELDS)


@command(
    "iplocation",
    options=OPTIONS,
    syntax="iplocation [prefix=<string>] [allfields=<bool>] [lang=<string>] <ip-address-field>",
    category="streaming",
    uses=FieldUses(after=adding(_made)),
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Iplocation",
    examples=(Example("| iplocation ip", ({"ip": "10.0.0.1"},), ({"ip": "10.0.0.1"},)),),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Add City, Country, Region, lat and lon of the address in a field.

    The places come from a MaxMind database (GeoLite2-City or the like), named by the environment:
    `Environment(databases={"iplocation": "GeoLite2-City.mmdb"})`. Without one the first public address raises
    MissingDatabase; private addresses are in no database.

    Of a subnet (`192.0.2.0/24`) the place of its first address is given. A name that the database has in none of the
    languages of `lang` is given in English; `lang=code` gives two-letter codes, where there are such.

    *Null*, texts that are no address and addresses that the database lacks get no fields. *Multivalue*: the first value
    counts.
    """
    arguments = read(node, OPTIONS)
    source = one_field(arguments, "the field that holds the address")
    if not arguments["lang"]:
        fail(node, "iplocation needs a language.", arguments.given["lang"])
    prefix, language = arguments["prefix"], arguments["lang"]
    wanted = ALL_FIELDS if arguments["allfields"] else FIELDS
    targets = [prefix + name for name in wanted]

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        find = finder(ctx, node.span, language)

        def iplocation(batch: Batch) -> Batch:
            for row in batch:
                value = first(row.get(source))
                if value is not None:
                    _write(row, find(to_text(value)), prefix, wanted)
            return batch

        return iplocation

    return Streaming(
        name="iplocation",
        one_to_one=True,
        bind=bind,
        requires=reading(frozenset({source})),
        columns=appended(*targets),
        writes=frozenset(targets),
        node=node,
        span=node.span,
    )


def _write(row: Row, place: Mapping[str, Any], prefix: str, wanted: tuple[str, ...]) -> None:
    for name in wanted:
        value = place.get(name)
        if value is not None:
            row[prefix + name] = value


def finder(ctx: RunContext, span: Span | None = None, language: str = "en") -> Callable[[str], Mapping[str, Any]]:
    """Return a function from an address to its place; the database is opened at the first public address.

    A place has those of `ALL_FIELDS` that the database knows of the address. Raises MissingDatabase where the
    environment names no database.
    """
    known: dict[str, Mapping[str, Any]] = {}
    reader: Any = None

    def find(text: str) -> Mapping[str, Any]:
        nonlocal reader
        place = known.get(text)
        if place is None:
            network = parse_cidr(text) if "/" in text else None
            address = parse_address(text) if network is None else network.network_address
            place = {}
            if address is not None and address.is_global:
                if reader is None:
                    reader = _open(ctx, span)
                place = _place(reader.get(str(address)), language)
            if len(known) < _CACHE:
                known[text] = place
        return place

    return find


def _open(ctx: RunContext, span: Span | None) -> Any:
    path = ctx.files.database("iplocation")
    if path is None or not Path(path).is_file():
        raise MissingDatabase(
            "iplocation needs a MaxMind database." if path is None else f"There is no database '{path}'.",
            name="iplocation",
            span=span,
            hint='Environment(databases={"iplocation": "GeoLite2-City.mmdb"}) names it.',
        )
    try:
        import maxminddb
    except ImportError:
        message = "iplocation needs the package maxminddb."
        raise UnsupportedFeature(message, name="iplocation", span=span, hint="pip install splmini[geo]") from None
    try:
        return maxminddb.open_database(path)
    except maxminddb.InvalidDatabaseError as error:
        raise MissingDatabase(f"'{path}' is no MaxMind database: {error}.", name="iplocation", span=span) from None


def _place(record: Any, language: str) -> Mapping[str, Any]:
    if not isinstance(record, Mapping):
        return {}
    location = _part(record, "location")
    regions = record.get("subdivisions")
    region = regions[0] if isinstance(regions, list) and regions else {}
    place = {
        "City": _name(_part(record, "city"), language),
        "Country": _name(_part(record, "country"), language),
        "Region": _name(region, language),
        "Continent": _name(_part(record, "continent"), language),
        "lat": location.get("latitude"),
        "lon": location.get("longitude"),
        "MetroCode": location.get("metro_code"),
        "Timezone": location.get("time_zone"),
    }
    return {name: value for name, value in place.items() if value is not None}


def _part(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = record.get(name)
    return part if isinstance(part, Mapping) else {}


def _name(part: Any, language: str) -> Any:
    if not isinstance(part, Mapping):
        return None
    names = _part(part, "names")
    wanted = [each.strip() for each in language.split(",")]
    if "code" in wanted:
        code = part.get("iso_code", part.get("code"))
        if code is not None:
            return code
    return next((names[each] for each in wanted if each in names), names.get("en"))
