"""Searches on data frames: `import splmini.frames`, then `df.spl("| stats count by user")` for pandas and Polars.

The result is a frame of the same library. `df.spl.results(...)` gives `Results`, with messages and figures.

    import pandas as pd
    import splmini.frames

    df = pd.DataFrame({"user": ["alice", "bob", "bob"]})
    df.spl("| stats count by user")

Importing this module registers the accessor with each of the two libraries that is installed; importing `splmini` does
with those that are imported already.
"""

from __future__ import annotations

from splmini._accessors import FrameSearch, PandasSearch, PolarsSearch, default_environment, register

register(load=True)

__all__ = ["FrameSearch", "PandasSearch", "PolarsSearch", "default_environment", "register"]
