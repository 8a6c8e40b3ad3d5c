"""EmotionEmbeddingTransformer: clips to what a voice encoder makes of them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import StrOptions

from sklearn_ser.base import BaseFrameTransformer
from sklearn_ser.embedding._card import refuse_heard_speakers
from sklearn_ser.embedding._encoder import load_encoder
from sklearn_ser.embedding._layers import Embedding, resolve_embedding
from sklearn_ser.embedding._weights import find_weights, load_weights, shipped_names
from sklearn_ser.exceptions import EncoderError

__all__ = ["EmotionEmbeddingTransformer", "check_own_rate"]

Array = NDArray[np.float32]


@dataclass(frozen=True)
class EmbeddingExtractor:
    """From a waveform to its embedding; it holds which weights make it, and not the weights.

    Attributes
    ----------
    weights : str
        A name of weights in the package, or the full path of a file.
    sha256 : str
        Their checksum, which makes it a part of every key of a cache.
    embedding : Embedding
        What is made.
    sample_rate : int
        Rate of the waveforms.
    hop_length : int
        Samples from one frame of the front end to the next.
    """

    weights: str
    sha256: str
    embedding: Embedding
    sample_rate: int
    hop_length: int

    def __call__(self, waveform: Array) -> Array:
        encoder = load_encoder(self.weights)
        if encoder.sha256 != self.sha256:
            raise EncoderError(
                f"The weights {self.weights!r} are not those of fit: their checksum was "
                f"{self.sha256[:12]}... and is {encoder.sha256[:12]}... now. Fit again, or put "
                "the former file back."
            )
        return encoder.express(waveform, self.embedding)

    def count_frames(self, n_samples: int) -> int:
        """Return how many frames there are at most: silence at the ends is left out."""
        return self.embedding.form.count_frames(1 + n_samples // self.hop_length)

    def count_heard(self, waveform: Array) -> int:
        """Return how many frames a clip has."""
        bands = load_weights(self.weights).header.front_end(waveform)
        return self.embedding.form.count_frames(len(bands))

    @property
    def coefficient_names(self) -> list[str]:
        return self.embedding.coefficient_names

    @property
    def output_names(self) -> list[str]:
        return self.embedding.output_names


class EmotionEmbeddingTransformer(BaseFrameTransformer):
    """Embeddings of a small network that was trained to tell emotions by the voice.

    The network (residual convolutions on mel bands and pitches, then attention, mean and deviation
    over time) comes with the package, was trained on CREMA-D alone, and runs in ONNX Runtime in
    some milliseconds a clip: ``sklearn-ser encoder-card`` prints what it has heard, how it did, and
    what it must not be used for. It is not trained further. What takes the loudness, the room and
    its noise out of a clip is a part of it.

    Clips of its training speakers must not be test clips: a score on them would mean nothing.

    Parameters
    ----------
    layer : str or tuple of str, default="all"
        Which layers, in the order given:

        ============= ===========================================================================
        "stage1", ... statistics over the frames of one stage, from fine to coarse
        "stages"      all stages
        "pooling"     the last stage over the clip: weighed by attention, mean and deviation
        "penultimate" the layer below the heads
        "all"         all stages, "pooling" and "penultimate"
        ============= ===========================================================================
    pooling : {"mean_std", "mean"} or None, default="mean_std"
        Statistics over the frames of stages; other layers are of the whole clip in any case. With
        None the output are the stages' frames, brought to the rate of the last stage by averaging,
        and "all" are all stages.
    speeds : tuple of float or None, default=None
        Speeds that every clip is heard at; what is made of it is averaged. None are those that the
        weights ask for, 0.9 and 1.1 for "crema_d"; ``(1.0,)`` takes half the time, and what it
        gives is worth a little less (a point of UAR on CREMA-D).
    weights : str or path-like, default="crema_d"
        A name of weights in the package, or a file that ``sklearn-ser train-encoder`` wrote.
    sample_rate : int, default=16000
        Rate of the clips in Hz; it must be the encoder's own.
    n_frames : int or None, default=None
        Length of the output without ``pooling``; None is the longest clip's in ``fit``.
    memory : str, path, joblib.Memory or None, default=None
        Folder that keeps every clip's embedding between calls and processes. Other weights have
        other entries, even where they have come to stand in the same file.
    n_jobs : int or None, default=None
        Processes, each of which uses one thread; the result does not depend on it.
    verbose : int, default=0
        Show a progress bar.

    Attributes
    ----------
    layers_ : tuple of str
        The layers, one by one.
    sha256_ : str
        Checksum of the weights, in hexadecimal.
    coefficient_names_ : list of str
        Names of the numbers of one frame, without ``pooling``.
    n_frames_ : int or None
        Length of the output without ``pooling``.
    n_features_in_ : int
        Samples a clip; only where ``fit`` got a 2-D array.

    Raises
    ------
    EncoderError
        The weights are damaged, of another kind, of another sample rate, have changed since
        ``fit``, or lack the layer; or speeds are asked for of frames, or are none.
    EncoderNotFoundError
        There are no such weights.

    See Also
    --------
    SpeechFunctionalsTransformer : Named properties of the voice, which go well beside these.
    SpeakerStandardizer : Makes speakers comparable, which helps wherever speakers are known.
    sklearn_ser.embedding.EmotionHead : The network's own labels.

    Notes
    -----
    A long clip is cut into windows that overlap by as much as the network can hear, and the
    frames are put together before anything is pooled: the result is that of one pass, and the
    memory that is taken does not grow by much.

    A pickle names the weights and their checksum and holds no weights; a file of weights that is
    not in the package must be where it was when the pickle is used.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser import EmotionEmbeddingTransformer
    >>> clips = [0.1 * np.sin(np.arange(n) / 20) for n in (8000, 16000)]
    >>> encoder = EmotionEmbeddingTransformer("penultimate")
    >>> table = encoder.set_output(transform="pandas").fit_transform(clips)
    >>> len(table), table.columns[0]
    (2, 'embedding_penultimate_0')
    """

    _parameter_constraints: dict[str, list[Any]] = {
        **BaseFrameTransformer._parameter_constraints,
        "layer": [str, tuple, list],
        "pooling": [StrOptions({"mean_std", "mean"}), None],
        "speeds": [tuple, list, None],
        "weights": [str, os.PathLike],
    }

    pooling: str | None
    _extractor: EmbeddingExtractor

    def __init__(
        self,
        layer: str | tuple[str, ...] = "all",
        *,
        pooling: str | None = "mean_std",
        speeds: tuple[float, ...] | None = None,
        weights: str | os.PathLike[str] = "crema_d",
        sample_rate: int = 16000,
        n_frames: int | None = None,
        memory: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.layer = layer
        self.pooling = pooling
        self.speeds = speeds
        self.weights = weights
        self.sample_rate = sample_rate
        self.n_frames = n_frames
        self.memory = memory
        self.n_jobs = n_jobs
        self.verbose = verbose

    @property
    def layers_(self) -> tuple[str, ...]:
        """The layers, one by one."""
        return self._extractor.embedding.layers

    @property
    def sha256_(self) -> str:
        """Checksum of the weights."""
        return self._extractor.sha256

    def refuse_heard_speakers(self, speakers: Iterable[Any] | None, purpose: str) -> None:
        """Refuse to score on voices that the encoder was trained on.

        ``sklearn_ser.model_selection`` asks this of every part of a pipeline.

        Parameters
        ----------
        speakers : iterable of str or None
            Who is to be tested, as ``clips.speakers`` has them; None where nobody knows.
        purpose : str
            What is to be done, for the message, such as "score on new speakers".

        Raises
        ------
        EncoderError
            The encoder has heard some of them.
        """
        refuse_heard_speakers(self.weights, speakers, purpose)

    def _make_extractor(self) -> EmbeddingExtractor:
        found = load_weights(self.weights)
        front_end = found.header.front_end
        check_own_rate(self.sample_rate, front_end.sample_rate, self.weights)
        return EmbeddingExtractor(
            weights=_lasting_name(self.weights),
            sha256=found.sha256,
            embedding=resolve_embedding(found.header, self.layer, self.pooling, self.speeds),
            sample_rate=front_end.sample_rate,
            hop_length=front_end.hop_length,
        )

    def _count_frames(self, waveform: Array) -> int:
        return self._extractor.count_heard(waveform)


def check_own_rate(sample_rate: int, own: int, weights: str | os.PathLike[str]) -> None:
    """Refuse clips of another rate than that of the encoder.

    Parameters
    ----------
    sample_rate : int
        Rate of the clips, in Hz.
    own : int
        The encoder's.
    weights : str or path
        Which encoder, for the message.

    Raises
    ------
    EncoderError
        The rates differ.
    """
    if sample_rate != own:
        raise EncoderError(
            f"sample_rate={sample_rate}, and the encoder {os.fspath(weights)!r} was trained on "
            f"speech at {own} Hz. Set sample_rate={own}, and convert the clips with "
            f"clips.resampled({own}) or AudioLoader(sample_rate={own})."
        )


def _lasting_name(weights: str | os.PathLike[str]) -> str:
    """Return what finds the weights from another folder, and on another machine if it can."""
    found = find_weights(weights)
    is_shipped = isinstance(weights, str) and weights == found.stem and weights in shipped_names()
    return found.stem if is_shipped else str(found)
