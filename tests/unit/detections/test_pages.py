"""Detections, what they gave, and explanations as pages: everything said, aligned, escaped."""

from __future__ import annotations

import splmini

EVIL = "<script>x</script>"
TEXT = f"""
name: Evil {EVIL}
id: 5d9a3c11-0d56-4f5a-93f0-0a4a4f9f8c11
version: 1
type: TTP
status: production
description: Finds {EVIL}.
data_source: []
search: user=* | table user score
how_to_implement: none
known_false_positives: none
finding:
  title: $user$ did it
  entity: {{field: user, type: user, score: 20}}
intermediate_findings:
  entities:
    - {{field: user, type: user, score: 20, message: $user$ was seen}}
analytic_story: [Story]
mitre_attack_id: [T1059]
"""
EVENTS = [{"user": "ann"}, {"user": EVIL}, {"other": 1}]


def test_a_detection_is_shown() -> None:
    """What it looks for, its search and what it reports stand on its page; what it has not, does not."""
    page = splmini.Detection.from_text(TEXT)._repr_html_()
    assert EVIL not in page
    for said in ("Evil &lt;script&gt;", "user=* | table user score", "T1059", "$user$ did it", "20 for user (user)"):
        assert said in page
    assert "throttled by" not in page


def test_an_outcome_is_shown() -> None:
    """Findings, risk and rows are tables; that nothing was found is said."""
    detection = splmini.Detection.from_text(TEXT)
    page = detection.run(EVENTS)._repr_html_()
    assert EVIL not in page.replace("<script>(function", "")
    assert "fired · 2 findings · 2 risk events with a score of 40 together" in page
    for said in ("Findings", "ann did it", "Risk events", "ann was seen", "Rows"):
        assert said in page
    nothing = detection.run([{"other": 1}])._repr_html_()
    assert "did not fire · 0 findings · 0 risk events" in nothing
    assert "No results found" in nothing
    many = detection.run([{"user": f"u{number}" + "x" * 300} for number in range(3000)])._repr_html_()
    assert len(many) < 300_000
    assert "more are not shown here" in many


def test_an_explanation_is_aligned() -> None:
    """Numbers stand right and commands left without any style; refusals stand under one another in the text, too."""
    events = [{"a": 1}] * 12 + [{"a": 2, "b": 1}] * 3
    explained = splmini.Environment().explain("a=2 b=2", events)
    page = explained._repr_html_()
    assert "<td style='text-align:right;vertical-align:top;padding:3px 10px'>15</td>" in page
    assert "<td style='text-align:left;vertical-align:top;padding:3px 10px'><code>events" in page
    assert "no row gets through" in page
    lines = str(explained).split("\n")
    assert [line.index("refused") for line in lines[2:4]] == [lines[2].index("refused")] * 2
