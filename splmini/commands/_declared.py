"""Commands that Splunk or widely used apps have and that have no module here: they parse, and do not run.

Compiling one raises UnsupportedFeature that names it, unless the caller registered a handler. A module
`commands/NAME.py` wins over its entry here.

Source: https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/ListOfSearchCommands
"""

from __future__ import annotations

from typing import Any

from splmini.registry import declare_command

SEARCH_REFERENCE = "https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/"

_PLAIN = """
abstract accum addcoltotals addinfo addtotals analyzefields anomalies anomalousvalue anomalydetection append
appendcols appendpipe arules associate audit autoregress awssnsalert bin bucketdir cefout cluster cofilter collect
concurrency contingency correlate datamodel dbinspect dbxlookup dbxoutput dbxquery dedup delete delta diff dump erex
eventcount expand extract fieldsummary filldown fillnull findtypes flatten folderize format fromjson gauge gentimes
geom geomfilter geostats3d head highlight history iconify input inputcsv inputintelligence inputlookup internalinputcsv
iplocation kmeans kvform loadjob localize localop lookup makecontinuous makejson makemv makeresults map mcollect
meventcollect metadata metasearch mpreview msearch multikv multisearch mvcombine mvexpand nomv noop outlier outputcsv
outputlookup outputraw outputtelemetry outputtext overlap pivot predict prjob preview rangemap rare redistribute regex
reltime rename replace require rest return reverse rex rtorder run runshellscript savedsearch script scrub searchtxn
selfjoin sendalert sendemail set setfields shape snowevent snowincident spath surrounding sort strcat summarize
tagcreate tagdelete tags tail timewrap tojson top transaction transam translate transpose trendline tscollect
typeahead typelearner typer union uniq untable walklex where x11 xmlkv xmlunescape xpath xsdetect xswhere xyseries
apply fit score summary listmodels deletemodel sample cyberchef dnstwist dnsquery lookup_tld ut_parse ut_parse_extended
ut_parse_simple ut_shannon ut_levenshtein ut_countset ut_suites ut_meaning ut_bayesian ut_entropy ut_md5 ut_sha1
ut_sha256 sendtohec dbxrepeat curl getwatchlist whois urlparse jellyfisher decrypt base64 decode entropy ldapsearch
ldapfetch ldapfilter ldapgroup ldaptestconnection mltkc adfetch virustotal geoip asn expandsourceid mapcolumns
notable incidentreview modifyincident createnotable gennotables correlationsearches datamodelsimple
predictive_analytics cimcheck collectriskdata sendriskevents addassetinfo cleanup nslookup streamedcsv tojsonevents
splunkadmin outputjson kvstore asyncsearch
"""

DECLARED: dict[str, dict[str, Any]] = {name: {} for name in _PLAIN.split()}


def _table(dialect: str, *entries: tuple[str, dict[str, Any]]) -> None:
    for names, settings in entries:
        for name in names.split():
            DECLARED[name] = {"dialect": dialect, **settings}


_table(
    "search",
    ("search metasearch msearch regex searchmatch litsearch prestats", {}),
)
_table("expressions", ("eval where fieldformat", {}))
_table(
    "aggregation",
    ("stats eventstats streamstats sistats prestats", {"clauses": ("by",)}),
    ("chart sichart", {"clauses": ("by", "over", "where")}),
    ("timechart sitimechart geostats", {"clauses": ("by", "where")}),
    ("tstats mstats mcatalog", {"clauses": ("from", "where", "by"), "generating": True}),
    ("convert trendline", {}),
)
_table(
    "arguments",
    ("rename bin bucket lookup2 return sort", {"renames": True}),
    ("lookup dbxlookup", {"renames": True, "clauses": ("output", "outputnew")}),
    ("accum delta autoregress", {"renames": True}),
    ("inputlookup inputcsv from inputintelligence", {"clauses": ("where",), "generating": True}),
    ("top rare sitop sirare common associate", {"clauses": ("by",)}),
    ("dedup", {"clauses": ("sortby",)}),
    ("foreach", {"raw_subsearch": True}),
    ("makeresults gentimes metadata rest dbxquery loadjob eventcount dbinspect savedsearch datamodel typeahead", {"generating": True}),
    ("predict", {"renames": True}),
    ("replace", {"clauses": ("in",)}),
    ("join", {"clauses": ("where",)}),
    ("fit apply", {"renames": True, "clauses": ("from", "into", "by")}),
    ("pivot", {}),
    ("cyberchef", {}),
)


def declare(name: str) -> None:
    """Put the entry of a command into the registry."""
    declare_command(name, any_option=True, source=SEARCH_REFERENCE, **DECLARED[name])
