"""Commands that Splunk or widely used apps have and that have no module here: they parse, and do not run.

Compiling one raises UnsupportedFeature that names it, unless the caller registered a handler. A module
`commands/NAME.py` wins over its entry here. `DECLARED` says of each how its text is read, where that is not as plain
arguments.

Source: https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/ListOfSearchCommands
"""

from __future__ import annotations

from typing import Any

from splmini.commands._about import documentation
from splmini.registry.uses import FieldUses, unchanged

SEARCH_REFERENCE = "https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/"

_SPLUNK = """
abstract accum addcoltotals addinfo addtotals analyzefields anomalies anomalousvalue anomalydetection append
appendcols appendpipe arules associate audit autoregress bin bucketdir cefout cluster cofilter collect concurrency
contingency convert correlate crawl createrss datamodel dbinspect dedup delete delta diff dispatch dump erex eval
eventcount eventstats extract fieldformat fields fieldsummary filldown fillnull findkeywords findtypes folderize
foreach format from fromjson gauge gentimes geom geomfilter geostats head highlight history iconify input inputcsv
inputintelligence inputlookup internalinputcsv iplocation join kmeans kvform loadjob localize localop lookup
makecontinuous makejson makemv makeresults map mcatalog mcollect metadata metasearch meventcollect mpreview msearch
mstats multikv multisearch mvcombine mvexpand nomv noop outlier outputcsv outputlookup outputraw outputtelemetry
outputtext overlap pivot predict prjob rangemap rare rawstats redistribute regex relevancy reltime rename replace
require rest return reverse rex rtorder run runshellscript savedsearch script scrub search searchtxn selfjoin
sendalert sendemail set setfields shape sichart sirare sistats sitimechart sitop sort spath stats strcat streamstats
summarize surrounding tags tail tagcreate tagdelete timechart timewrap tojson top transaction transpose trendline
tscollect tstats typeahead typelearner typer union uniq untable where walklex x11 xmlkv xmlunescape xpath xsdetect
xyseries
"""

_APPS = """
apply fit score summary listmodels deletemodel sample
dbxquery dbxlookup dbxoutput dbxrepeat
cyberchef dnstwist dnsquery nslookup whois virustotal curl getwatchlist jellyfisher decrypt base64 entropy urlparse
ut_parse ut_parse_extended ut_parse_simple ut_shannon ut_levenshtein ut_countset ut_suites ut_meaning ut_bayesian
ldapsearch ldapfetch ldapfilter ldapgroup ldaptestconnection
xswhere xsfindbestconcept xsupdateddcontext xscreateddcontext xsdisplayconcept xsdisplaycontext
expandtoken datamodelsimple makesv sendtohec snowevent snowincident awssnsalert kvtransform mvrex
notable incidentreview risk riskevents getservice getspecificservice gethealthscore
"""

DECLARED: dict[str, dict[str, Any]] = {name: {} for name in (_SPLUNK + _APPS).split()}
"""How each is registered, by name."""

_READ_AS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("search metasearch msearch", {"dialect": "search"}),
    ("eval where fieldformat xswhere", {"dialect": "expressions"}),
    ("stats eventstats streamstats sistats", {"dialect": "aggregation", "clauses": ("by",)}),
    ("chart sichart", {"dialect": "aggregation", "clauses": ("by", "over", "where")}),
    ("timechart sitimechart geostats", {"dialect": "aggregation", "clauses": ("by", "where")}),
    ("tstats mstats mcatalog", {"dialect": "aggregation", "clauses": ("from", "where", "by"), "generating": True}),
    ("convert trendline", {"dialect": "aggregation"}),
    ("rename bin accum delta autoregress predict", {"renames": True}),
    ("lookup dbxlookup", {"renames": True, "clauses": ("output", "outputnew")}),
    ("inputlookup inputcsv from inputintelligence", {"clauses": ("where",), "generating": True}),
    ("top rare sitop sirare", {"clauses": ("by",)}),
    ("dedup", {"clauses": ("sortby",)}),
    ("replace", {"clauses": ("in",)}),
    ("join", {"clauses": ("where",)}),
    ("fit apply", {"renames": True, "clauses": ("from", "into", "by")}),
    ("foreach", {"raw_subsearch": True}),
    ("sendemail", {"uses": FieldUses(after=unchanged)}),
    ("outputtext tscollect sendemail sendalert delete script run runshellscript dump deletemodel", {"reach": "acts"}),
    ("typeahead searchtxn", {"reach": "events"}),
    ("inputintelligence rest dbinspect audit history", {"reach": "server"}),
    ("audit", {"deprecated": "Search index=_audit instead."}),
    ("crawl", {"deprecated": "It was removed; add inputs in the configuration."}),
    ("createrss", {"deprecated": "Use an alert action instead."}),
    ("input", {"deprecated": "Add inputs in the configuration."}),
    ("overlap", {"deprecated": "It serves summary indexing scripts only."}),
    ("runshellscript", {"deprecated": "Use a custom alert action instead."}),
    ("script run", {"deprecated": "Write a custom search command instead."}),
    ("tscollect", {"deprecated": "Accelerate a data model instead."}),
    (
        "makeresults gentimes metadata rest dbxquery loadjob eventcount dbinspect savedsearch datamodel typeahead "
        "walklex history audit pivot mpreview ldapsearch listmodels",
        {"generating": True},
    ),
)

for _names, _settings in _READ_AS:
    for _name in _names.split():
        DECLARED[_name] = DECLARED.get(_name, {}) | _settings


def declaration(name: str) -> dict[str, Any]:
    """Return what the registry has to know of a command: the fields of its `CommandSpec`."""
    source = f"{SEARCH_REFERENCE}{name.capitalize()}" if name in _SPLUNK.split() else ""
    return {"any_option": True, "source": source, "doc": documentation(name)} | DECLARED[name]
