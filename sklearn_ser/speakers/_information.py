"""What a model is told about a speaker at test time: scores are only comparable within a kind."""

from __future__ import annotations

from typing import Any

from sklearn_ser.speakers._standardizer import SpeakerStandardizer

__all__ = ["ENROLLED", "INFORMATION", "NONE", "OWN_CLIPS", "speaker_information"]

NONE = "none"
OWN_CLIPS = "own unlabelled clips"
ENROLLED = "enrolled clips"
INFORMATION = (NONE, ENROLLED, OWN_CLIPS)
"""From least to most."""


def speaker_information(estimator: Any) -> str:
    """Say what an estimator uses of an unseen speaker besides the clip that it is asked about.

    Parameters
    ----------
    estimator : estimator
        Fitted or not; its parameters are looked through, steps of steps too.

    Returns
    -------
    {"none", "own unlabelled clips"}
        The second where a :class:`SpeakerStandardizer` is among them: its scores on unseen
        speakers are transductive, and belong into a table of their own.

    Examples
    --------
    >>> from sklearn_ser import make_ser_pipeline
    >>> from sklearn_ser.speakers import speaker_information
    >>> speaker_information(make_ser_pipeline("mfcc", "svm"))
    'none'
    >>> speaker_information(make_ser_pipeline("mfcc", "svm", standardize="speaker"))
    'own unlabelled clips'
    """
    parts = [estimator]
    if hasattr(estimator, "get_params"):
        parts += estimator.get_params(deep=True).values()
    standardized = any(isinstance(part, SpeakerStandardizer) for part in parts)
    return OWN_CLIPS if standardized else NONE
