"""Embeddings of wav2vec 2.0: a 2-D network over weighed layers, and a dense head over means."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from sklearn_ser.audio import NoiseReducer, PeakNormalizer
from sklearn_ser.datasets._labels import EMOTIONS
from sklearn_ser.encoders import Wav2Vec2Transformer
from sklearn_ser.neural_network import CNN2DClassifier, DenseClassifier
from sklearn_ser.pipeline import SpeechPipeline
from sklearn_ser.recipes._mfcc_cnn2d import MFCC_CNN2D
from sklearn_ser.recipes._recipe import Recipe
from sklearn_ser.recipes._steps import assemble

__all__ = ["WAV2VEC2_CNN2D", "WAV2VEC2_DENSE", "wav2vec2_cnn2d", "wav2vec2_dense"]

_MODEL = "facebook/wav2vec2-base"
_RATE = 16000
_SECONDS = 2.5
_SAMPLES_OF_A_FRAME, _SAMPLES_BETWEEN_FRAMES = 400, 320  # of wav2vec 2.0's convolutions
_PRESET = "wav2vec2-cnn2d"


def wav2vec2_cnn2d(
    *,
    model: str | os.PathLike[str] = _MODEL,
    sample_rate: int = _RATE,
    epochs: int = 50,
    memory: Any = None,
    n_jobs: int | None = None,
    random_state: int | None = None,
    verbose: int = 0,
) -> SpeechPipeline:
    """Make the 2-D network on twelve weighed layers of wav2vec 2.0, 124 frames x 768, 14 classes.

    The system of the README "Speech Emotion Recognition", approach 2, "Emotion Recognition Using
    Wav2vec 2.0 Embeddings". Steps: loader (the first 2.5 s), all layers of the encoder, network.
    It needs the extras ``wav2vec2`` and ``keras``.

    Parameters
    ----------
    model : str or path-like, default="facebook/wav2vec2-base"
        A name of the hub, or a folder.
    sample_rate : int, default=16000
        Rate in Hz, which must be the encoder's.
    epochs : int, default=50
        Passes over the training clips.
    memory : str, path or joblib.Memory, default=None
        Where the encoder keeps every clip's layers: 2.3 MB a clip.
    n_jobs : int, default=None
        Processes of the encoder, which uses all cores in one.
    random_state : int, default=None
        Seed of the network.
    verbose : int, default=0
        Show progress bars.

    Returns
    -------
    pipeline : SpeechPipeline
        Unfitted.

    See Also
    --------
    mfcc_cnn2d : The same network over MFCCs.

    Notes
    -----
    **Stated.** RAVDESS, SAVEE, TESS and CREMA-D together; wav2vec 2.0 with 12 transformer blocks,
    averaged with trainable weights; input (124, 768); the four convolutional blocks, dense layer
    and 14 classes of :func:`mfcc_cnn2d`. Accuracy 63.11 %.

    **Inferred.** 124 frames are 2.5 s at 16 kHz; the encoder is the base model trained on speech
    without text and is not trained further; its projection below the first block is left out;
    weights are a softmax, equal at first. The picture's axes are (frames, dimensions). The rest
    as over MFCCs.

    **Protocol.** How clips were split is not stated, and so taken for a random split, with the
    same speakers on both sides.

    Examples
    --------
    >>> from sklearn_ser.recipes import wav2vec2_cnn2d
    >>> list(wav2vec2_cnn2d(model="encoders/wav2vec2-base").named_steps)
    ['loader', 'features', 'classifier']
    """
    n_samples = int(_SECONDS * sample_rate)
    n_frames = 1 + (n_samples - _SAMPLES_OF_A_FRAME) // _SAMPLES_BETWEEN_FRAMES
    return assemble(
        features=Wav2Vec2Transformer(model, layer="all", pooling=None, n_frames=n_frames),
        classifier=CNN2DClassifier.from_preset(_PRESET, epochs=epochs, random_state=random_state),
        duration=_SECONDS,
        sample_rate=sample_rate,
        memory=memory,
        n_jobs=n_jobs,
        verbose=verbose,
    )


def wav2vec2_dense(
    *,
    model: str | os.PathLike[str] = _MODEL,
    sample_rate: int = _RATE,
    epochs: int = 50,
    memory: Any = None,
    n_jobs: int | None = None,
    random_state: int | None = None,
    verbose: int = 0,
) -> SpeechPipeline:
    """Make the dense head over the mean embedding of wav2vec 2.0, eight emotions.

    The system of the README "Speech Emotion Recognition using Wav2Vec2 Transformer". Steps:
    loader, noise reduction, normalisation of the peak, the mean over time of the encoder's last
    layer, network. It needs the extras ``wav2vec2`` and ``keras``.

    Parameters
    ----------
    model : str or path-like, default="facebook/wav2vec2-base"
        A name of the hub, or a folder.
    sample_rate : int, default=16000
        Rate in Hz, which must be the encoder's.
    epochs : int, default=50
        Passes over the training clips.
    memory : str, path or joblib.Memory, default=None
        Where the encoder keeps every clip's embeddings.
    n_jobs : int, default=None
        Processes of the encoder, which uses all cores in one.
    random_state : int, default=None
        Seed of the network.
    verbose : int, default=0
        Show progress bars.

    Returns
    -------
    pipeline : SpeechPipeline
        Unfitted.

    See Also
    --------
    make_ser_pipeline : ``make_ser_pipeline("wav2vec2", "logreg")`` is a simpler head.

    Notes
    -----
    **Stated.** RAVDESS at 16 kHz; noise removal and normalisation; wav2vec 2.0, 768 dimensions,
    mean pooling; Linear 256, ReLU, dropout .3, Linear 8, softmax; cross-entropy; AdamW with weight
    decay .01. Accuracy 95 %, macro F1 .9492.

    **Inferred.** The base model, frozen, its last layer; spectral gating as noise removal;
    normalisation of the peak; learning rate .001, batches of 32, 50 epochs.

    **Protocol.** Not stated. The numbers of tested clips add up to 40 % of the corpus, as a random
    split over clips gives, with the same speakers on both sides.

    Examples
    --------
    >>> from sklearn_ser.recipes import wav2vec2_dense
    >>> list(wav2vec2_dense(epochs=20).named_steps)
    ['loader', 'noise_reducer', 'normalizer', 'features', 'classifier']
    """
    pipeline = assemble(
        features=Wav2Vec2Transformer(model, layer=None, pooling="mean"),
        classifier=DenseClassifier(epochs=epochs, random_state=random_state),
        duration=None,
        sample_rate=sample_rate,
        memory=memory,
        n_jobs=n_jobs,
        verbose=verbose,
    )
    loader, *rest = pipeline.steps
    cleaning = [
        ("noise_reducer", NoiseReducer(sample_rate=sample_rate)),
        ("normalizer", PeakNormalizer(sample_rate=sample_rate)),
    ]
    return SpeechPipeline([loader, *cleaning, *rest])


WAV2VEC2_CNN2D = replace(
    MFCC_CNN2D,
    name="wav2vec2_cnn2d",
    make=wav2vec2_cnn2d,
    title='README of "Speech Emotion Recognition", approach 2: Wav2vec 2.0 Embeddings',
    sample_rate=_RATE,
    network=_PRESET,
    reported={"accuracy": 0.6311},
)
WAV2VEC2_DENSE = Recipe(
    name="wav2vec2_dense",
    make=wav2vec2_dense,
    title='README of "Speech Emotion Recognition using Wav2Vec2 Transformer"',
    corpora=("ravdess",),
    target="emotion",
    classes=tuple(sorted(EMOTIONS)),
    sample_rate=_RATE,
    protocol="not stated; 40 % of the clips are tested; taken for a random split of clips",
    network="DenseClassifier",
    reported={"accuracy": 0.95, "f1": 0.9492},
    loading={"target": "emotion", "emotions": "all", "calm": "keep"},
)
