"""From a file to events: what Splunk does when data is indexed."""
