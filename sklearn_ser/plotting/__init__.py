"""Pictures of results; matplotlib is imported when the first one is drawn."""

from __future__ import annotations

from sklearn_ser.plotting._confusion import ConfusionDisplay
from sklearn_ser.plotting._corpus_summary import CorpusSummaryDisplay

__all__ = ["ConfusionDisplay", "CorpusSummaryDisplay"]
