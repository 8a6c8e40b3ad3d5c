"""Cepstral coefficients as a picture: a 2-D network for sex and emotion, and for emotion alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sklearn_ser.augmentation import NoiseAugmenter, PitchShiftAugmenter, TimeStretchAugmenter
from sklearn_ser.datasets._labels import EMOTIONS, SEX_EMOTIONS
from sklearn_ser.features import MFCCTransformer
from sklearn_ser.neural_network import CNN2DClassifier
from sklearn_ser.pipeline import SpeechPipeline
from sklearn_ser.recipes._recipe import Recipe
from sklearn_ser.recipes._steps import assemble, augmented, frames_in
from sklearn_ser.sequence import SequenceScaler

__all__ = [
    "MFCC_CNN",
    "MFCC_CNN2D",
    "MFCC_CNN_UNAUGMENTED",
    "mfcc_cnn",
    "mfcc_cnn2d",
    "mfcc_cnn_unaugmented",
]

_PRESET = "mfcc-cnn2d"
_RATE = 44100
_SECONDS = 2.5
_HOP = 512
_COPIES = 2
_CORPORA = ("ravdess", "savee", "tess", "crema_d")
# Calm, which RAVDESS alone has, counts as neutral; CREMA-D lacks surprise and is kept.
_SEVEN = tuple(sorted(emotion for emotion in EMOTIONS if emotion != "calm"))


def mfcc_cnn2d(
    *,
    sample_rate: int = _RATE,
    epochs: int = 50,
    memory: Any = None,
    n_jobs: int | None = None,
    random_state: int | None = None,
    verbose: int = 0,
) -> SpeechPipeline:
    """Make the 2-D network on 30 MFCCs x 216 frames that tells sex and emotion, 14 classes.

    The system of the README "Speech Emotion Recognition", approach 1, "2D CNN Model with MFCC
    Features". Steps: loader (the first 2.5 s), MFCCs, standardisation of every coefficient,
    network.

    Parameters
    ----------
    sample_rate : int, default=44100
        Rate in Hz. Another one gives other numbers of frames than 216: 2.5 s at hops of 512.
    epochs : int, default=50
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
        Unfitted.

    See Also
    --------
    mfcc_cnn, mfcc_cnn_unaugmented : The same network for seven emotions.

    Notes
    -----
    **Stated.** RAVDESS, SAVEE, TESS and CREMA-D together; MFCCs of shape (30, 216); four blocks of
    Conv2D (32 filters, kernel 4 x 10), batch normalisation, ReLU, 2 x 2 max-pooling and dropout
    .2; fully connected layers of 64 units; 14 classes by softmax. Accuracy 69.44 %.

    **Inferred.** 216 frames are 2.5 s at 44.1 kHz with librosa's window of 2048 and hop of 512
    (5 s at 22.05 kHz would fit as well). The picture's axes are (coefficients, frames). The 14
    classes are two sexes times seven emotions, calm counted as neutral. Convolutions pad; one
    dense layer. Clips begin at their start, shorter ones are followed by zeros; each coefficient
    is standardised over the training clips; Adam at .001, batches of 32, 50 epochs; batch
    normalisation with a momentum of .9.

    **Protocol.** How clips were split is not stated, and so taken for a random split, with the
    same speakers on both sides. What that is worth is told by the same network's score on unseen
    speakers.

    Examples
    --------
    >>> from sklearn_ser.recipes import mfcc_cnn2d
    >>> model = mfcc_cnn2d(epochs=20, random_state=0)
    >>> list(model.named_steps)
    ['loader', 'features', 'scaler', 'classifier']
    """
    features = MFCCTransformer(
        30,
        n_fft=2048,
        hop_length=_HOP,
        n_mels=128,
        n_frames=frames_in(_SECONDS, sample_rate, _HOP),
    )
    return assemble(
        ("scaler", SequenceScaler()),
        features=features,
        classifier=CNN2DClassifier.from_preset(_PRESET, epochs=epochs, random_state=random_state),
        duration=_SECONDS,
        sample_rate=sample_rate,
        memory=memory,
        n_jobs=n_jobs,
        verbose=verbose,
    )


def mfcc_cnn(
    *,
    sample_rate: int = _RATE,
    epochs: int = 50,
    memory: Any = None,
    n_jobs: int | None = None,
    random_state: int | None = None,
    verbose: int = 0,
) -> SpeechPipeline:
    """Make a network on MFCCs that tells seven emotions, fitted on augmented copies as well.

    The system of the README "Speech Emotion Recognition (SER)" that takes MFCCs to a convolutional
    network. Steps: loader (the first 2.5 s), then :class:`~sklearn_ser.AugmentedClassifier` around
    all other steps of :func:`mfcc_cnn_unaugmented`. Copies are made in ``fit`` only.

    Parameters
    ----------
    sample_rate : int, default=44100
        Rate in Hz. Another one gives other numbers of frames than 216: 2.5 s at hops of 512.
    epochs : int, default=50
        Passes over the training clips and their copies.
    memory : str, path or joblib.Memory, default=None
        Where the extractor keeps the features of every clip and copy; copies come again only with
        a `random_state`.
    n_jobs : int, default=None
        Processes of the extractor, which make the copies, too.
    random_state : int, default=None
        Seed of the copies and of the network.
    verbose : int, default=0
        Show progress bars.

    Returns
    -------
    pipeline : SpeechPipeline
        Unfitted.

    See Also
    --------
    mfcc_cnn_unaugmented : Without the copies, and what is known of all else.
    mfcc_cnn2d : The same network for sex and emotion.

    Notes
    -----
    **Stated.** Noise injection, pitch variation and time stretching, as synthetic data. All else
    as in :func:`mfcc_cnn_unaugmented`.

    **Inferred.** Two copies of each training clip, each changed by one of the three effects, drawn
    anew for every copy; their strengths, those of this package's augmenters by default (noise at
    5 to 20 dB, pitch by up to two semitones, .8 to 1.25 times the speed). Clips are cut to 2.5 s
    first, and what a stretch makes longer is cut again. ``set_params(classifier__n_copies=...)``
    and ``classifier__augmenter`` change it. The network is that of :func:`mfcc_cnn2d`.

    **Protocol.** Not stated. Copies are made of training clips alone here, whatever the authors
    did: the score that they report is not to be expected of that.

    Examples
    --------
    >>> from sklearn_ser.recipes import mfcc_cnn
    >>> model = mfcc_cnn(random_state=0)
    >>> model.set_params(classifier__n_copies=1).get_params()["classifier__sample_rate"]
    44100
    """
    pipeline = mfcc_cnn_unaugmented(
        sample_rate=sample_rate,
        epochs=epochs,
        memory=memory,
        n_jobs=n_jobs,
        random_state=random_state,
        verbose=verbose,
    )
    return augmented(
        pipeline,
        NoiseAugmenter(),
        PitchShiftAugmenter(),
        TimeStretchAugmenter(),
        n_copies=_COPIES,
        random_state=random_state,
    )


def mfcc_cnn_unaugmented(
    *,
    sample_rate: int = _RATE,
    epochs: int = 50,
    memory: Any = None,
    n_jobs: int | None = None,
    random_state: int | None = None,
    verbose: int = 0,
) -> SpeechPipeline:
    """Make a network on MFCCs that tells seven emotions, without its augmentation.

    The system of the README "Speech Emotion Recognition (SER)" that takes MFCCs to a convolutional
    network. Its authors enlarge the training data by noise, changed pitch and stretched time,
    which is left out here. Steps: as those of :func:`mfcc_cnn2d`.

    Parameters
    ----------
    sample_rate : int, default=44100
        Rate in Hz. Another one gives other numbers of frames than 216: 2.5 s at hops of 512.
    epochs : int, default=50
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
        Unfitted.

    See Also
    --------
    mfcc_cnn : With the augmentation.
    mfcc_cnn2d : The same network for sex and emotion.

    Notes
    -----
    **Stated.** RAVDESS, TESS, SAVEE and CREMA-D; MFCCs; convolutional layers; noise injection,
    pitch variation and time stretching as synthetic data. "Up to 96 %" accuracy. Happiness,
    sadness, anger, fear, surprise and neutral are named as examples of the classes.

    **Inferred.** All else, since neither layers nor shapes nor the split are told: features and
    network are those of :func:`mfcc_cnn2d`, the classes the seven emotions of the corpora, calm
    counted as neutral.

    **Protocol.** Not stated, and so taken for a random split of clips, with the same speakers,
    and augmented copies of the same clips, on both sides. Without the copies, and on unseen
    speakers, no such score is to be expected.

    Examples
    --------
    >>> from sklearn_ser.recipes import mfcc_cnn_unaugmented
    >>> model = mfcc_cnn_unaugmented()
    >>> model.named_steps["features"].n_frames
    216
    """
    return mfcc_cnn2d(
        sample_rate=sample_rate,
        epochs=epochs,
        memory=memory,
        n_jobs=n_jobs,
        random_state=random_state,
        verbose=verbose,
    )


MFCC_CNN2D = Recipe(
    name="mfcc_cnn2d",
    make=mfcc_cnn2d,
    title='README of "Speech Emotion Recognition", approach 1: 2D CNN Model with MFCC Features',
    corpora=_CORPORA,
    target="sex_emotion",
    classes=tuple(sorted(SEX_EMOTIONS)),
    sample_rate=_RATE,
    protocol="not stated; taken for a random split of clips, which shares the speakers",
    network=_PRESET,
    reported={"accuracy": 0.6944},
    loading={"target": "sex_emotion", "emotions": "all", "calm": "neutral"},
)

MFCC_CNN_UNAUGMENTED = Recipe(
    name="mfcc_cnn_unaugmented",
    make=mfcc_cnn_unaugmented,
    title='README of "Speech Emotion Recognition (SER)": CNN and MFCC',
    corpora=_CORPORA,
    target="emotion",
    classes=_SEVEN,
    sample_rate=_RATE,
    protocol="not stated; taken for a random split of clips and of their augmented copies",
    network=_PRESET,
    reported={"accuracy": 0.96},
    loading={"target": "emotion", "emotions": "all", "calm": "neutral"},
)

MFCC_CNN = replace(MFCC_CNN_UNAUGMENTED, name="mfcc_cnn", make=mfcc_cnn)
