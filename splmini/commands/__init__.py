"""The commands, one module each, found by their file name.

`ALIASES` are other names of a command; `MODULES` names the module of each command that does not live in one of its
own name (because it shares another's code). A test holds both tables to what the modules declare.
"""

ALIASES: dict[str, str] = {
    "af": "analyzefields",
    "bucket": "bin",
    "common": "top",
    "counttable": "contingency",
    "ctable": "contingency",
    "discretize": "bin",
    "excerpt": "abstract",
    "hilite": "highlight",
    "kv": "extract",
    "maketable": "xyseries",
    "outlierfilter": "outlier",
    "savedsplunk": "savedsearch",
    "slc": "cluster",
    "stash": "collect",
    "summaryindex": "collect",
    "sumindex": "collect",
    "transam": "transaction",
}

MODULES: dict[str, str] = {}
