"""What an augmented fit needs to know of its input: kind, weights, speakers, and how parts join."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.validation import _check_sample_weight

from sklearn_ser.audio._clips import AudioClips

__all__ = ["Rows", "join", "kind_of", "weights_of_clips", "with_speakers", "wrong_kind"]

_KINDS = ("waveform", "sequence")


class Rows:
    """So many rows: what scikit-learn asks when it re-indexes parameters of fit."""

    def __init__(self, n_rows: int) -> None:
        self.shape = (n_rows,)


def kind_of(augmenter: Any) -> str:
    """Return what an augmenter changes, "waveform" or "sequence"."""
    kind = getattr(augmenter, "input_kind", None)
    if kind not in _KINDS:
        raise ValueError(
            f"{type(augmenter).__name__}.input_kind is {kind!r}; an augmenter says there what it "
            "changes, 'waveform' or 'sequence'."
        )
    return str(kind)


def wrong_kind(kind: str, augmenter: Any, X: Any) -> str:
    """Say what is given, what is needed, and how to come by it."""
    name, shape = type(augmenter).__name__, tuple(getattr(X, "shape", ()))
    got = f"X is {type(X).__name__}" + (f" of shape {shape}" if shape else "")
    if kind == "sequence":
        return (
            f"{got}, and {name} changes sequences (n_clips, n_frames, n_coefs). Put "
            "AugmentedClassifier around the classifier alone, as the last step after an extractor "
            "without pooling, or take an augmenter of waveforms."
        )
    return (
        f"{got}, and {name} changes waveforms. Put AugmentedClassifier around the whole "
        "pipeline, extractor included, or take an augmenter of sequences."
    )


def weights_of_clips(sample_weight: Any, X: Any) -> NDArray[Any] | None:
    """Check the weights, one a clip; None stays None."""
    if sample_weight is None:
        return None
    if isinstance(X, AudioClips):  # scikit-learn asks for an array's rows only
        X = np.zeros((len(X), 1), dtype=np.float64)
    weights: NDArray[Any] = _check_sample_weight(sample_weight, X)
    return weights


def with_speakers(clips: AudioClips, groups: NDArray[Any]) -> AudioClips:
    """Write the groups into the table, where everything that splits by speaker reads them."""
    table = clips.metadata
    table = pd.DataFrame(index=range(len(clips))) if table is None else table
    return clips.with_metadata(table.assign(speaker=groups))


def join(parts: list[Any]) -> Any:
    """Join clips, or arrays of sequences, end to end."""
    if isinstance(parts[0], AudioClips):
        return AudioClips.concatenate(parts)
    return np.concatenate(parts)
