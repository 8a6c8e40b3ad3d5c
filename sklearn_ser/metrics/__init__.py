"""Scores of emotion classifiers: UAR first, by class, by speaker and with honest intervals."""

from __future__ import annotations

from sklearn_ser.metrics._bootstrap import speaker_bootstrap_interval
from sklearn_ser.metrics._classification import (
    chance_level,
    class_report,
    classification_summary,
    most_confused_pairs,
    per_speaker_report,
    unweighted_average_recall,
)

__all__ = [
    "chance_level",
    "class_report",
    "classification_summary",
    "most_confused_pairs",
    "per_speaker_report",
    "speaker_bootstrap_interval",
    "unweighted_average_recall",
]
