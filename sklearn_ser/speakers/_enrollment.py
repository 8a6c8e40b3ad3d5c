"""Enrol a speaker wherever in a fitted model speakers are standardised."""

from __future__ import annotations

from typing import Any, TypeVar

from sklearn.utils.validation import check_is_fitted

from sklearn_ser.utils._fitted import fitted_parts

__all__ = ["enroll_in_steps", "enroll_speaker"]

Model = TypeVar("Model")


def enroll_speaker(model: Model, speaker: Any, X: Any) -> Model:
    """Let a fitted model know a speaker by some clips, wherever it standardises speakers.

    A calibration, a search, a stack or a vote holds several fitted pipelines; each of them is
    given the clips, from where it begins.

    Parameters
    ----------
    model : estimator
        A fitted :class:`SpeakerStandardizer`, or an estimator that holds fitted ones.
    speaker : str or other hashable
        The name under which the speaker's clips will come, as in ``X.speakers``.
    X : AudioClips, list of waveforms, or paths
        Clips of this speaker, in the form that the model predicts from; best of mixed mood.

    Returns
    -------
    model : estimator
        The model that was given, changed in place.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the model is not fitted.
    ValueError
        If nothing in it standardises speakers.

    See Also
    --------
    SpeakerStandardizer.enroll : What is done.

    Examples
    --------
    >>> from sklearn_ser import make_ser_pipeline
    >>> from sklearn_ser.datasets import make_emotional_speech
    >>> from sklearn_ser.model_selection import fit_final
    >>> from sklearn_ser.speakers import enroll_speaker
    >>> speech = make_emotional_speech(n_speakers=3, n_repetitions=1, random_state=0)
    >>> known = speech.groups != "synthetic-03"
    >>> stranger = speech.data[~known]
    >>> pipeline = make_ser_pipeline("mfcc", "logreg", standardize="speaker")
    >>> fit = fit_final(pipeline, None, speech.data[known], speech.target[known])
    >>> model = enroll_speaker(fit.model, "synthetic-03", stranger[:10])
    >>> model.predict(stranger[10:11]).shape
    (1,)
    """
    check_is_fitted(model)
    if not _enroll_below(model, speaker, X):
        raise ValueError(
            f"Nothing in this {type(model).__name__} standardises speakers. Put a "
            'SpeakerStandardizer around its extractor, as make_ser_pipeline(standardize="speaker") '
            "does, and fit again."
        )
    return model


def enroll_in_steps(steps: list[tuple[str, Any]], speaker: Any, X: Any) -> bool:
    """Bring clips through the steps of a pipeline up to the one that standardises speakers.

    Returns whether there is one; it may be deep inside its step.
    """
    for _, step in steps:
        if step is None or step == "passthrough":
            continue
        if _enroll_below(step, speaker, X):
            return True
        if not hasattr(step, "transform"):
            return False
        X = step.transform(X)
    return False


def _enroll_below(held: Any, speaker: Any, X: Any) -> bool:
    """Enrol wherever in a fitted estimator that is possible; tell whether it was anywhere."""
    parts = fitted_parts(held, lambda part: _takes_clips(part) or hasattr(part, "steps"))
    reached = [_enroll_in(part, speaker, X) for part in parts.values()]
    return any(reached)


def _enroll_in(part: Any, speaker: Any, X: Any) -> bool:
    if not _takes_clips(part):
        return enroll_in_steps(part.steps, speaker, X)
    part.enroll(speaker, X)
    return True


def _takes_clips(part: Any) -> bool:
    return hasattr(part, "enroll")
