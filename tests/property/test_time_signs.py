"""What tells that a text may hold a form of a time never leaves one out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from splmini.values import timestamps

WORDS = "2024 03 5 31 24 Mar March Tue 00:07:09 23:59 +0100 Z UTC T - / . : , _ x 1709597229 1709597229123 20240305"
PIECES = st.sampled_from((*WORDS.split(), "000709", "10.2.3.4", " ", "12:07:09 AM", "é", "\u0663"))


@given(st.lists(PIECES, max_size=14).map("".join))
def test_a_form_that_matches_has_its_sign(text: str) -> None:
    """Wherever a form of a date, or of a time of day alone, is found, so is what tells of it."""
    signs, clock, time_only = timestamps._patterns()
    for sign, forms in signs:
        if any(form.search(text) for form in forms):
            assert sign(text)
    if time_only.search(text):
        assert clock(text)
