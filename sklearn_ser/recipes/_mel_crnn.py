"""The system of our own, for voices that it has never heard."""

from __future__ import annotations

from typing import Any

from sklearn_ser.datasets._labels import EMOTIONS
from sklearn_ser.pipeline import SpeechPipeline
from sklearn_ser.recipes._recipe import Recipe
from sklearn_ser.recipes._steps import crnn_on

__all__ = ["MEL_CRNN", "mel_crnn"]

_RATE = 16000


def mel_crnn(
    *,
    sample_rate: int = _RATE,
    epochs: int = 30,
    memory: Any = None,
    n_jobs: int | None = None,
    random_state: int | None = None,
    verbose: int = 0,
) -> SpeechPipeline:
    """Make this package's own network on log-mel bands, chosen for unseen speakers.

    Steps: loader, silence trimmed at 40 dB below the loudest frame, 64 log-mel bands every 20 ms
    (150 frames at most), standardisation of every band, :class:`~sklearn_ser.CRNNClassifier`.

    Parameters
    ----------
    sample_rate : int, default=16000
        Rate in Hz; windows and hops keep their times.
    epochs : int, default=30
        Passes over the training clips.
    memory : str, path or joblib.Memory, default=None
        Where the extractor keeps every clip's features.
    n_jobs : int, default=None
        Processes of the extractor.
    random_state : int, default=None
        Seed of the network.
    verbose : int, default=0
        Show progress bars.

    Returns
    -------
    pipeline : SpeechPipeline
        Unfitted; the same as ``make_ser_pipeline("mel", "crnn")``.

    See Also
    --------
    sklearn_ser.make_ser_pipeline : Makes it, and others, by name.

    Notes
    -----
    **Stated.** Nothing is inferred: it is our own. The network was chosen on RAVDESS, on
    validation actors apart from those who test it; its page in the documentation tells how many
    were tried.

    **Protocol.** Unseen speakers, always.

    Examples
    --------
    >>> from sklearn_ser.recipes import mel_crnn
    >>> list(mel_crnn(epochs=10).named_steps)
    ['loader', 'trimmer', 'features', 'scaler', 'classifier']
    """
    return crnn_on(
        "mel",
        epochs=epochs,
        verbose=verbose,
        sample_rate=sample_rate,
        memory=memory,
        n_jobs=n_jobs,
        random_state=random_state,
    )


MEL_CRNN = Recipe(
    name="mel_crnn",
    make=mel_crnn,
    title="sklearn_ser",
    corpora=("ravdess",),
    target="emotion",
    classes=tuple(sorted(EMOTIONS)),
    sample_rate=_RATE,
    protocol="five folds by speaker",
    network="CRNNClassifier",
    loading={"target": "emotion", "emotions": "all", "calm": "keep"},
)
