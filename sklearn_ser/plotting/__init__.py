"""Pictures of results; matplotlib is imported when the first one is drawn."""

from __future__ import annotations

from sklearn_ser.plotting._confusion import ConfusionDisplay
from sklearn_ser.plotting._corpus_summary import CorpusSummaryDisplay
from sklearn_ser.plotting._enrollment_curve import EnrollmentCurveDisplay
from sklearn_ser.plotting._feature_importance import FeatureImportanceDisplay
from sklearn_ser.plotting._layer_weights import LayerWeightsDisplay
from sklearn_ser.plotting._training_history import TrainingHistoryDisplay

__all__ = [
    "ConfusionDisplay",
    "CorpusSummaryDisplay",
    "EnrollmentCurveDisplay",
    "FeatureImportanceDisplay",
    "LayerWeightsDisplay",
    "TrainingHistoryDisplay",
]
