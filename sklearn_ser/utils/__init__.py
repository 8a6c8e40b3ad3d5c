"""Tools about the package itself: finding its estimators."""

from __future__ import annotations

from sklearn_ser.utils.discovery import all_estimators

__all__ = ["all_estimators"]
