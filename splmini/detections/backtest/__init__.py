"""Backtests: what scheduled detections would have found over a stretch of time, had they run."""

from splmini.detections.backtest.history import Backtest, Firing, History
from splmini.detections.backtest.run import backtest

__all__ = ["Backtest", "Firing", "History", "backtest"]
