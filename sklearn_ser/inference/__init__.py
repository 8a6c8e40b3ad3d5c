"""Fitted models at work: saving, loading, and labels for audio files."""

from __future__ import annotations

from sklearn_ser.inference._caveats import known_limits
from sklearn_ser.inference._format import format_predictions
from sklearn_ser.inference._persist import load_model, save_model
from sklearn_ser.inference._predict import predict_files

__all__ = ["format_predictions", "known_limits", "load_model", "predict_files", "save_model"]
