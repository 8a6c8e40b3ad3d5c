"""The encoder's own labels, for clips without any model."""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_ser.audio._check import check_clips
from sklearn_ser.embedding._by_speaker import FEWEST_CLIPS, SpeakersOfHead
from sklearn_ser.embedding._encoder import VoiceEncoder, load_encoder
from sklearn_ser.exceptions import SpeakerWarning
from sklearn_ser.speakers._names import places_by_speaker, speakers_of

__all__ = ["EmotionHead"]


class EmotionHead:
    """A classifier that needs no training: the head that the voice encoder was trained with.

    It knows the emotions and the way of speaking of the corpus that it was trained on, and does
    clearly worse on others: ``sklearn-ser encoder-card`` says how much. With some labelled clips
    of your own, train a classifier on ``EmotionEmbeddingTransformer`` instead.

    ``predict`` gives a label in any case. :func:`sklearn_ser.inference.predict_files` leaves it out
    where its probability is below ``min_confidence``.

    Parameters
    ----------
    weights : str or path-like, default="crema_d"
        A name of weights in the package, or a file that ``sklearn-ser train-encoder`` wrote.
    by_speaker : bool, default=False
        Whether what is said of a clip is taken beside what is said of its speaker's other clips
        in the same call, who are told apart by ``X.speakers``. It needs no labels, but clips in
        several moods, and the more the better; of a voice that is always angry it would say that
        it never is. Like :class:`~sklearn_ser.SpeakerStandardizer` of new voices it is
        transductive: such a score must not stand beside one that a clip got alone.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), object
        The labels.
    sample_rate : int
        Rate of the clips, in Hz.
    min_confidence : float
        The probability below which a label is not worth giving.
    name : str
        The weights' own name.
    card : dict
        What is known about the weights.

    Raises
    ------
    EncoderError
        The weights cannot be used, or not by speaker.
    EncoderNotFoundError
        There are no such weights.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser.embedding import EmotionHead
    >>> head = EmotionHead()
    >>> probability = head.predict_proba([0.1 * np.sin(np.arange(16000) / 20)])
    >>> probability.shape == (1, len(head.classes_))
    True
    """

    def __init__(
        self, weights: str | os.PathLike[str] = "crema_d", *, by_speaker: bool = False
    ) -> None:
        self.weights = weights
        self.by_speaker = by_speaker
        encoder = self._encoder()
        self.classes_ = np.array(encoder.classes, dtype=object)
        self.sample_rate = encoder.sample_rate
        self.min_confidence = encoder.min_confidence
        self.name = encoder.name
        self.card: dict[str, Any] = encoder.card
        self._speakers: SpeakersOfHead | None = None
        if by_speaker:
            self._speakers = SpeakersOfHead.of_card(self.card, self.name)
            self.min_confidence = self._speakers.min_confidence

    def __repr__(self) -> str:
        more = ", by_speaker=True" if self.by_speaker else ""
        return f"EmotionHead({os.fspath(self.weights)!r}{more})"

    def predict(self, X: Any) -> NDArray[np.object_]:
        """Return the most probable label of every clip, however improbable.

        Parameters
        ----------
        X : AudioClips, list of waveforms, or array of shape (n_clips, n_samples)
            Speech at ``sample_rate``.

        Returns
        -------
        ndarray of shape (n_clips,), object
            Labels.
        """
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of every label.

        Parameters
        ----------
        X : AudioClips, list of waveforms, or array of shape (n_clips, n_samples)
            Speech at ``sample_rate``.

        Returns
        -------
        ndarray of shape (n_clips, n_classes)
            In the order of ``classes_``; every row adds up to 1.

        Raises
        ------
        AudioError
            X is no speech at that rate, or carries no speakers where they are needed.

        Warns
        -----
        SpeakerWarning
            By speaker: of somebody there is one clip only.
        """
        if self._speakers is None:
            scaled = self._logits(X).astype(np.float64) / self._encoder().temperature
        else:
            speakers = speakers_of(X, "EmotionHead(by_speaker=True)")
            _warn_of_single_clips(speakers)
            relative = self._speakers.standardized(self._logits(X), speakers)
            scaled = relative / self._speakers.temperature
        raised = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        return raised / raised.sum(axis=1, keepdims=True)

    def _logits(self, X: Any) -> NDArray[np.float32]:
        encoder = self._encoder()
        clips = check_clips(X, self.sample_rate, estimator=self)
        return np.stack([encoder.emotion_logits(waveform) for waveform in clips])

    def _encoder(self) -> VoiceEncoder:
        return load_encoder(self.weights)


def _warn_of_single_clips(speakers: NDArray[np.object_]) -> None:
    alone = [name for name, places in places_by_speaker(speakers) if len(places) < FEWEST_CLIPS]
    if alone:
        warnings.warn(
            f"EmotionHead: of {len(alone)} speakers, the first {alone[0]!r}, there is one clip "
            "only, which says nothing about the voice. Give all clips of a speaker at once.",
            SpeakerWarning,
            stacklevel=3,
        )
