"""Pipelines for speech, of steps that are known by name."""

from __future__ import annotations

from sklearn_ser.pipeline._named import make_ser_pipeline, parameter_grid, pipeline_names
from sklearn_ser.pipeline._speech import SpeechPipeline

__all__ = ["SpeechPipeline", "make_ser_pipeline", "parameter_grid", "pipeline_names"]
