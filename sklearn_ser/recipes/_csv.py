"""A recipe's features in a file, one row a clip."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.validation import _is_fitted, _num_samples

from sklearn_ser.audio._check import is_path
from sklearn_ser.augmentation import AugmentedClassifier
from sklearn_ser.sequence import SequenceFlattener
from sklearn_ser.utils._files import atomic_path

__all__ = ["extract", "sources_of", "to_csv", "write_table"]

_EXACT = "%.9g"  # float32 survives the way through the file
_ALL = slice(None)


def to_csv(
    path: str | os.PathLike[str], pipeline: Pipeline, clips: Any, y: Any, *, split: Any = None
) -> Path:
    """Write the features of clips, as a recipe extracts them, and what is known of the clips.

    The features are those before scaling, so that the file depends on no training part. Sequences
    are flattened, feature after feature where the recipe itself does not flatten. Numbers have
    nine digits, from which float32 comes back exactly. The file appears whole or not at all.

    Parameters
    ----------
    path : str or path-like
        The file.
    pipeline : SpeechPipeline
        A recipe's, fitted or not; it stays as it is, and what it augments is left out.
    clips : AudioClips, list of paths, or list of waveforms
        What the pipeline takes.
    y : array-like of shape (n_clips,)
        The labels.
    split : str or array-like of shape (n_clips,), default=None
        Name of the part that the clips belong to, such as "train", or one name a clip.

    Returns
    -------
    path : Path
        The file. Its columns: "source" (the clip's file, else its position), "label", "speaker"
        where known, "split" where given, then the features, such as ``zcr_frame0``.

    Raises
    ------
    ValueError
        If lengths differ, or the pipeline has no step "features".
    OSError
        If the file cannot be written.

    See Also
    --------
    augment_corpus : Writes features with those of augmented copies of the training part.
    train_validation_test_split : Makes the parts.

    Examples
    --------
    >>> import os, tempfile
    >>> import pandas as pd
    >>> from sklearn_ser.datasets import make_emotional_speech
    >>> from sklearn_ser.recipes import to_csv, zcr_rms_mfcc_cnn1d_unaugmented
    >>> speech = make_emotional_speech(n_speakers=2, n_repetitions=1, random_state=0)
    >>> model = zcr_rms_mfcc_cnn1d_unaugmented()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = os.path.join(folder, "train.csv")
    ...     table = pd.read_csv(to_csv(file, model, speech.data, speech.target, split="train"))
    >>> table.columns[:6].tolist()
    ['source', 'label', 'speaker', 'split', 'zcr_frame0', 'zcr_frame1']
    >>> table.shape[1] - 4
    880
    """
    check_consistent_length(clips, y)
    path = Path(path)
    features = extract(pipeline, clips)
    table = pd.concat([_about(clips, y, split), features], axis=1)
    return _write_csv(path, table)


def write_table(path: Path, table: pd.DataFrame) -> Path:
    """Write a table as Parquet where the file is so named, else as CSV: whole or not at all."""
    if path.suffix.lower() != ".parquet":
        return _write_csv(path, table)
    with atomic_path(path) as unfinished:
        table.to_parquet(unfinished, index=False, engine="pyarrow")
    return path


def _write_csv(path: Path, table: pd.DataFrame) -> Path:
    with atomic_path(path) as unfinished:
        table.to_csv(unfinished, index=False, float_format=_EXACT, encoding="utf-8")
    return path


def extract(pipeline: Pipeline, clips: Any, rows_to_fit: Any = _ALL) -> pd.DataFrame:
    """Extract the features of clips; what is not fitted is fitted on some of them.

    Parameters
    ----------
    pipeline : Pipeline
        Its steps up to "features" are used, and "flattener", also those inside
        `AugmentedClassifier`.
    clips : AudioClips, list of paths, or list of waveforms
        What the pipeline takes.
    rows_to_fit : index, default=slice(None)
        The clips that may decide how many frames a sequence has.

    Returns
    -------
    features : DataFrame of n_clips rows
        One named column each.

    Raises
    ------
    ValueError
        If the pipeline has no step "features".
    """
    steps = _steps_of(pipeline)
    if "features" not in steps:
        raise ValueError(
            f"The pipeline has no step 'features', only {', '.join(steps)}: give one of the "
            "recipes, or a pipeline whose extractor has this name."
        )
    for name, before in steps.items():
        if name == "features":
            break
        clips, _ = _apply(before, clips, rows_to_fit)
    sequences, extractor = _apply(steps["features"], clips, rows_to_fit)
    flattener = steps.get("flattener", SequenceFlattener())
    rows, flattener = _apply(flattener, sequences, rows_to_fit)
    pooled = getattr(extractor, "pooling", None) is not None
    names = extractor.get_feature_names_out() if pooled else extractor.coefficient_names_
    return pd.DataFrame(rows, columns=flattener.get_feature_names_out(names))


def _steps_of(pipeline: Pipeline) -> dict[str, Any]:
    """Return the steps by name; in place of an augmented classifier the steps that it augments."""
    steps = dict(pipeline.steps)
    name, last = pipeline.steps[-1]
    if isinstance(last, AugmentedClassifier):
        inner = getattr(last, "estimator_", last.estimator)
        if isinstance(inner, Pipeline):
            del steps[name]
            steps |= _steps_of(inner)
    return steps


def _apply(step: BaseEstimator, X: Any, rows_to_fit: Any) -> tuple[Any, Any]:
    """Transform by a step that is fitted, or else by a copy fitted on rows of X itself."""
    if _is_fitted(step):
        return step.transform(X), step
    fitted = clone(step).fit(X[rows_to_fit])
    return fitted.transform(X), fitted


def _about(clips: Any, y: Any, split: Any) -> pd.DataFrame:
    n_clips = _num_samples(clips)
    columns = {"source": sources_of(clips, n_clips), "label": column_or_1d(y)}
    speakers = getattr(clips, "speakers", None)
    if speakers is not None:
        columns["speaker"] = speakers
    if split is not None:
        columns["split"] = _for_every_clip(split, n_clips)
    return pd.DataFrame(columns)


def sources_of(clips: Any, n_clips: int) -> Any:
    """Return the file of every clip, or its position where it came from none."""
    if n_clips and is_path(clips[0]):
        return [os.fspath(path) for path in clips]
    paths = getattr(clips, "paths", None)
    return np.arange(n_clips) if paths is None else paths


def _for_every_clip(split: Any, n_clips: int) -> Any:
    if isinstance(split, str):
        return np.full(n_clips, split, dtype=object)
    parts = column_or_1d(split)
    if len(parts) != n_clips:
        raise ValueError(f"split has {len(parts)} names for {n_clips} clips: give one a clip.")
    return parts
