"""The renderers of results as HTML, for whoever makes a page of them: notebooks, detections, a page to search on.

Each gives a piece of HTML in which whatever comes from events is escaped and which is laid out without style or script;
`page` puts pieces together, with the style and the script that a page shows better with.
"""

from __future__ import annotations

from splmini.results._events_html import events, field_list
from splmini.results._html import body, chart, page
from splmini.results._table_html import html_table, table
from splmini.results._timeline import timeline
from splmini.results._values_html import cut, stacked

__all__ = ["body", "chart", "cut", "events", "field_list", "html_table", "page", "stacked", "table", "timeline"]
