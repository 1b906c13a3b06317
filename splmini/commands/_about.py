"""What the commands do that parse and do not run, for their reference pages: one sentence each, and why they do not."""

from __future__ import annotations

_SERVER = "It needs a running Splunk: what it reads or does is the server's."
_STATISTICS = "How Splunk calculates it is not documented far enough to give the same results."
_DISPLAY = "It only changes what Splunk Web shows, or asks it to."
_INDEX = "It reads or writes Splunk's index or summary files, which do not exist here."
_MODELS = "It belongs to the Machine Learning Toolkit, whose models are stored in Splunk."
_APP = "It is a program of an app, not part of the search language."
_RARE = "It is rarely used, and left to a handler."

_TABLE: tuple[tuple[str, str], ...] = (
    (
        _SERVER,
        """
        audit: Returns the audit trail of the local server.
        createrss: Writes events to an RSS feed.
        crawl: Looks through the file system for sources to index.
        dbinspect: Describes the buckets of an index.
        delete: Marks events so that no search finds them any more.
        dispatch: Runs a search in another way of dispatching.
        dump: Exports events to files on the server.
        history: Lists the searches that a user ran.
        input: Adds or removes sources that are indexed.
        internalinputcsv: Reads a CSV file of the server's own.
        outputtelemetry: Sends metrics of usage to Splunk.
        prjob: Runs a search with parallel reduce.
        rest: Returns what an endpoint of the server's REST interface answers.
        rtorder: Puts the events of a real-time search in order.
        run: Runs a script on the server; another name of script.
        runshellscript: Runs a shell script of an alert.
        script: Runs a Perl or Python program over the results.
        sendalert: Runs an alert action for the results.
        sendemail: Sends the results by e-mail.
        summarize: Maintains the summaries of accelerated reports.
        tagcreate: Creates a tag.
        tagdelete: Deletes a tag.
        typeahead: Returns what completes a prefix.
        """,
    ),
    (
        _INDEX,
        """
        cefout: Writes events in the Common Event Format to a data model's output.
        mpreview: Returns raw data points of metrics.
        msearch: Returns raw data points of metrics; another name of mpreview.
        overlap: Finds overlaps and gaps in a summary index.
        rawstats: Describes the raw text of events in an index.
        searchtxn: Finds transactions of a transaction type.
        surrounding: Finds events around an event.
        tscollect: Writes results to summary files for tstats.
        walklex: Lists the terms of an index.
        """,
    ),
    (
        _STATISTICS,
        """
        abstract: Shortens the text of each event to a summary of its relevant lines.
        analyzefields: Measures how well each numeric field predicts a field of classes.
        anomalies: Gives each event a value of unexpectedness.
        anomalousvalue: Finds values that are less common than others of their field.
        arules: Finds rules of association between values of fields.
        associate: Finds pairs of fields whose values tell of each other, by entropy.
        cofilter: Counts how often values of one field occur together with a value of another.
        correlate: Measures for each pair of fields how often they occur together.
        erex: Learns a regular expression from examples of values.
        findkeywords: Finds words by which groups of events differ.
        findtypes: Suggests event types for the events.
        folderize: Joins results of a taxonomy into folders.
        kmeans: Puts events into clusters by their numeric fields.
        predict: Predicts the values of a time series.
        relevancy: Measures how well events match the words of the search.
        shape: Describes the shape of the values of a field.
        typelearner: Suggests event types; an older name of findtypes.
        x11: Takes the seasonal part out of a time series.
        """,
    ),
    (
        _DISPLAY,
        """
        geom: Adds the outlines of regions, for a choropleth map.
        geomfilter: Keeps the regions that lie within a window of a map.
        outputraw: Writes the raw text of events to the job's folder.
        outputtext: Shows the raw text of the results.
        """,
    ),
    (
        _RARE,
        """
        bucketdir: Replaces file names by their folders, with a count of files.
        xmlunescape: Turns the escapes of XML into the characters they stand for.
        """,
    ),
    (
        _MODELS,
        """
        deletemodel: Deletes a model.
        listmodels: Lists the models.
        sample: Takes a random sample of the results.
        score: Measures how good predictions are.
        """,
    ),
    (
        _APP,
        """
        awssnsalert: Publishes results to Amazon SNS.
        base64: Encodes or decodes base64.
        curl: Requests an address over HTTP.
        cyberchef: Runs a CyberChef recipe over a field.
        datamodelsimple: Lists the data models, datasets and fields (CIM add-on).
        dbxlookup: Looks fields up in a database (DB Connect).
        dbxoutput: Writes results to a database (DB Connect).
        dbxquery: Queries a database (DB Connect).
        dbxrepeat: Repeats a database query (DB Connect).
        decrypt: Decodes fields by a recipe of functions.
        dnsquery: Asks a name server.
        dnstwist: Generates domain names that look like a given one.
        entropy: Calculates the entropy of a field.
        expandtoken: Fills in tokens in the text of a finding (Enterprise Security).
        gethealthscore: Calculates a health score (IT Service Intelligence).
        getservice: Lists services (IT Service Intelligence).
        getspecificservice: Returns a service (IT Service Intelligence).
        getwatchlist: Reads a list from an address.
        incidentreview: Returns the review of findings (Enterprise Security).
        inputintelligence: Reads a list of threat intelligence.
        jellyfisher: Compares texts by edit distance and the like.
        kvtransform: Applies a transform to results.
        ldapfetch: Adds attributes of LDAP objects (Active Directory add-on).
        ldapfilter: Searches LDAP for each result (Active Directory add-on).
        ldapgroup: Lists the members of groups (Active Directory add-on).
        ldapsearch: Searches LDAP (Active Directory add-on).
        ldaptestconnection: Tests the connection to LDAP (Active Directory add-on).
        makesv: Turns multivalue fields into single values.
        mvrex: Applies a regular expression to each value of a field.
        notable: Writes findings (Enterprise Security).
        nslookup: Looks names and addresses up in DNS.
        risk: Writes risk events (Enterprise Security).
        riskevents: Returns risk events (Enterprise Security).
        sendtohec: Sends results to an HTTP event collector.
        snowevent: Creates events in ServiceNow.
        snowincident: Creates incidents in ServiceNow.
        urlparse: Takes addresses apart.
        ut_bayesian: Calculates a Bayesian measure of a text (URL Toolbox).
        ut_countset: Counts the characters of a set in a text (URL Toolbox).
        ut_levenshtein: Calculates the edit distance of texts (URL Toolbox).
        ut_meaning: Measures how much of a text is words (URL Toolbox).
        ut_parse: Takes addresses apart (URL Toolbox).
        ut_parse_extended: Takes addresses apart by a list of suffixes (URL Toolbox).
        ut_parse_simple: Takes addresses apart without a list of suffixes (URL Toolbox).
        ut_shannon: Calculates the Shannon entropy of a text (URL Toolbox).
        ut_suites: Lists the lists of suffixes (URL Toolbox).
        virustotal: Asks VirusTotal.
        whois: Asks for the owner of a domain or address.
        xscreateddcontext: Creates a context from data (Extreme Search).
        xsdetect: Detects anomalies in data (Extreme Search).
        xsdisplayconcept: Shows a concept of a context (Extreme Search).
        xsdisplaycontext: Shows a context (Extreme Search).
        xsfindbestconcept: Names the concept that a value fits best (Extreme Search).
        xsupdateddcontext: Updates a context from data (Extreme Search).
        xswhere: Keeps results whose values fit a concept (Extreme Search).
        """,
    ),
)


def documentation(name: str) -> str:
    """Return the documentation of a command that does not run; empty where there is none.

    >>> documentation("sendemail").splitlines()[0]
    'Sends the results by e-mail.'
    """
    for reason, lines in _TABLE:
        for line in lines.split("\n"):
            key, _, text = line.strip().partition(": ")
            if key == name:
                return f"{text}\n\n{reason}"
    return ""
