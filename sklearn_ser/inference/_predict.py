"""Labels for audio files, one row a file, whatever state the files are in."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from sklearn_ser.audio import AudioClips, read_audio
from sklearn_ser.embedding import EmotionHead
from sklearn_ser.inference._caveats import abstain
from sklearn_ser.utils._parallel import chunk_slices

__all__ = ["predict_files", "sample_rate_of"]

_BATCH = 32


def predict_files(
    model: Any,
    files: Iterable[str | os.PathLike[str]] | str | os.PathLike[str],
    *,
    sample_rate: int | None = None,
    probabilities: bool = False,
    speaker: Any = None,
) -> pd.DataFrame:
    """Label audio files; a file that cannot be read gets its error and does not stop the rest.

    A model with `min_confidence`, the :class:`~sklearn_ser.embedding.EmotionHead`, gives no label
    where it is unsure, and a note beside every answer that says how far to trust it.

    Files of any rate and channel count are decoded to mono at the model's sample rate, 32 at a
    time, whether the model begins with an `AudioLoader` or with waveforms.

    Parameters
    ----------
    model : estimator or EmotionHead
        A fitted classifier or pipeline, or the head of the voice encoder, which needs no training.
    files : list of str or path
        Paths of the audio files; a single path is taken as a list of one.
    sample_rate : int, default=None
        Rate in Hz at which the model takes its waveforms; None looks it up in the model's steps.
    probabilities : bool, default=False
        Whether to add a column for each class, named ``p_`` and the class, with its probability.
    speaker : str or other hashable, default=None
        Who speaks in all of the files, for a model that standardises by speaker: one that knows
        this speaker from an enrolment or from training, or else learns the voice from all of these
        files, which are then in memory at once.

    Returns
    -------
    DataFrame of n_files rows
        ``file``; ``label``, the most probable class; ``confidence``, its probability in [0, 1]
        (missing where the model gives none); the columns of `probabilities`; ``note``, of an
        EmotionHead only; ``error``, missing where all went well. A file with an error has no
        label, nor one with an answer below an EmotionHead's ``min_confidence``.

    Raises
    ------
    ValueError
        If the model's sample rate cannot be told, or `probabilities` are asked of a model that
        gives none.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn_ser.inference import predict_files
    >>> model = DummyClassifier().fit([[0.0], [0.0]], ["calm", "calm"])
    >>> table = predict_files(model, ["nowhere.wav"], sample_rate=16000)
    >>> table["label"].isna().all(), "nowhere.wav" in table["error"][0]
    (np.True_, True)
    """
    files = _as_list(files)
    classes = _classes_of(model) if probabilities else None
    rate = sample_rate_of(model) if sample_rate is None else sample_rate
    rows: list[dict[str, Any]] = []
    batch_size = _BATCH if speaker is None else max(len(files), 1)
    for batch in chunk_slices(len(files), chunk_size=batch_size):
        rows += _predict_batch(model, files[batch], rate, speaker)
    return _as_frame(rows, classes, has_notes=isinstance(model, EmotionHead))


def sample_rate_of(model: Any) -> int:
    """Return the sample rate in Hz that a model's steps were built for.

    Parameters
    ----------
    model : estimator
        A model some step of which has a parameter `sample_rate`.

    Returns
    -------
    int
        The rate.

    Raises
    ------
    ValueError
        If no step has such a parameter, or steps disagree.
    """
    if isinstance(model, EmotionHead):
        return model.sample_rate
    params = model.get_params(deep=True)
    rates = {
        value
        for name, value in params.items()
        if name.rpartition("__")[2] == "sample_rate" and value is not None
    }
    if len(rates) != 1:
        found = f"its steps have several ({sorted(rates)})" if rates else "no step of it has one"
        raise ValueError(
            f"The sample rate of this {type(model).__name__} cannot be told: {found}. Give "
            "sample_rate=, the rate in Hz of the waveforms that it was trained on."
        )
    return int(rates.pop())


def _as_list(files: Any) -> list[str]:
    if isinstance(files, str | os.PathLike):
        files = [files]
    return [os.fspath(file) for file in files]


def _classes_of(model: Any) -> list[Any]:
    if not hasattr(model, "predict_proba"):
        raise ValueError(
            f"probabilities were asked of a {type(model).__name__} that gives none. Wrap it in "
            "CalibratedClassifierCV(model, cv=SpeakerKFold(3), ensemble=False) before training."
        )
    return list(model.classes_)


def _predict_batch(model: Any, files: list[str], rate: int, speaker: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [{"file": file} for file in files]
    waveforms: dict[int, np.ndarray] = {}
    for place, file in enumerate(files):
        try:
            waveforms[place], _ = read_audio(file, sample_rate=rate)
        except (ValueError, OSError) as error:
            rows[place]["error"] = _one_line(error)
    answers = _answers(model, [*waveforms.values()], rate, speaker)
    for place, answer in zip(waveforms, answers, strict=True):
        rows[place].update(answer)
    return rows


def _answers(
    model: Any, waveforms: list[np.ndarray], rate: int, speaker: Any
) -> list[dict[str, Any]]:
    """Predict all at once; if something in one clip is refused, each on its own."""
    if not waveforms:
        return []
    try:
        return _ask(model, AudioClips(waveforms, rate, metadata=_table(speaker, len(waveforms))))
    except ValueError as error:
        if len(waveforms) == 1:
            return [{"error": _one_line(error)}]
        return [answer for one in waveforms for answer in _answers(model, [one], rate, speaker)]


def _table(speaker: Any, n_clips: int) -> pd.DataFrame | None:
    return None if speaker is None else pd.DataFrame({"speaker": [speaker] * n_clips})


def _ask(model: Any, clips: AudioClips) -> list[dict[str, Any]]:
    if not hasattr(model, "predict_proba"):
        return [{"label": label} for label in model.predict(clips)]
    probability = np.asarray(model.predict_proba(clips))
    best = probability.argmax(axis=1)
    rows = [
        {"label": model.classes_[winner], "confidence": row[winner], "probabilities": row}
        for winner, row in zip(best, probability, strict=True)
    ]
    return [abstain(row, model) for row in rows] if isinstance(model, EmotionHead) else rows


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _as_frame(
    rows: list[dict[str, Any]], classes: list[Any] | None, *, has_notes: bool
) -> pd.DataFrame:
    notes = ["note"] * has_notes
    frame = pd.DataFrame(rows, columns=["file", "label", "confidence", *notes, "error"])
    frame = frame.astype({"confidence": float, **dict.fromkeys([*notes, "error"], object)})
    for place, name in enumerate(classes or []):
        of_class = [
            row["probabilities"][place] if "probabilities" in row else np.nan for row in rows
        ]
        frame.insert(3 + place, f"p_{name}", np.array(of_class, dtype=float))
    return frame
