"""Three features in one row of 880 values: a deep 1-D network for seven emotions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sklearn.preprocessing import StandardScaler

from sklearn_ser.augmentation import (
    NoiseAugmenter,
    PitchShiftAugmenter,
    TimeShiftAugmenter,
    TimeStretchAugmenter,
)
from sklearn_ser.datasets._labels import EMOTIONS
from sklearn_ser.features import FrameFeaturesTransformer
from sklearn_ser.neural_network import CNN1DClassifier
from sklearn_ser.pipeline import SpeechPipeline
from sklearn_ser.recipes._recipe import Recipe
from sklearn_ser.recipes._steps import assemble, augmented, frames_in
from sklearn_ser.sequence import SequenceFlattener

__all__ = [
    "ZCR_RMS_MFCC_CNN1D",
    "ZCR_RMS_MFCC_CNN1D_UNAUGMENTED",
    "zcr_rms_mfcc_cnn1d",
    "zcr_rms_mfcc_cnn1d_unaugmented",
]

_PRESET = "zcr-rms-mfcc-cnn1d"
_RATE = 8025
_SECONDS = 2.5
_HOP = 512
_COPIES = 2


def zcr_rms_mfcc_cnn1d(
    *,
    sample_rate: int = _RATE,
    epochs: int = 50,
    memory: Any = None,
    n_jobs: int | None = None,
    random_state: int | None = None,
    verbose: int = 0,
) -> SpeechPipeline:
    """Make the 1-D network on 880 values a clip, fitted on augmented copies as well.

    The system of the README "Speech-Emotion-Recognition using Convolutional Neural Networks".
    Steps: loader (the first 2.5 s), then :class:`~sklearn_ser.AugmentedClassifier` around all
    other steps of :func:`zcr_rms_mfcc_cnn1d_unaugmented`. Copies are made in ``fit`` only.

    Parameters
    ----------
    sample_rate : int, default=8025
        Rate in Hz. Another one gives other numbers of values than 880: 2.5 s at hops of 512.
    epochs : int, default=50
        Passes over the training clips and their copies, at most: training stops early.
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
    zcr_rms_mfcc_cnn1d_unaugmented : Without the copies, and what is known of all else.
    augment_corpus : Writes an augmented corpus or its features, as the authors do.

    Notes
    -----
    **Stated.** Noise, shift, pitch and stretch, of the training part alone and after the split;
    the features of all that in a file. All else as in :func:`zcr_rms_mfcc_cnn1d_unaugmented`.

    **Inferred.** Two copies of each clip, each changed by one of the four effects, drawn anew for
    every copy; their strengths, those of this package's augmenters by default (noise at 5 to 20
    dB, shifts up to a quarter of a second, pitch by up to two semitones, .8 to 1.25 times the
    speed). Clips are cut to 2.5 s first, and what a stretch makes longer is cut again. The clips
    that decide when to stop, of speakers of their own, stand there with their copies.
    ``set_params(classifier__n_copies=...)`` and ``classifier__augmenter`` change it.

    **Protocol.** That of :func:`zcr_rms_mfcc_cnn1d_unaugmented`.

    Examples
    --------
    >>> from sklearn_ser.recipes import zcr_rms_mfcc_cnn1d
    >>> model = zcr_rms_mfcc_cnn1d(epochs=15, random_state=0)
    >>> list(model.named_steps), list(model.named_steps["classifier"].estimator.named_steps)
    (['loader', 'classifier'], ['features', 'flattener', 'scaler', 'classifier'])
    """
    pipeline = zcr_rms_mfcc_cnn1d_unaugmented(
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
        TimeShiftAugmenter(),
        PitchShiftAugmenter(),
        TimeStretchAugmenter(),
        n_copies=_COPIES,
        random_state=random_state,
    )


def zcr_rms_mfcc_cnn1d_unaugmented(
    *,
    sample_rate: int = _RATE,
    epochs: int = 50,
    memory: Any = None,
    n_jobs: int | None = None,
    random_state: int | None = None,
    verbose: int = 0,
) -> SpeechPipeline:
    """Make the 1-D network on 880 values a clip, without its augmentation.

    The system of the README "Speech-Emotion-Recognition using Convolutional Neural Networks". Its
    authors enlarge the training part by noise, shifts, changed pitch and stretched time, which is
    left out here. Steps: loader (the first 2.5 s), zero-crossing rate, energy and 20 MFCCs of 40
    frames, flattened to 880 columns, standardisation of every column, network.

    Parameters
    ----------
    sample_rate : int, default=8025
        Rate in Hz. Another one gives other numbers of values than 880: 2.5 s at hops of 512.
    epochs : int, default=50
        Passes over the training clips, at most: training stops early.
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
    zcr_rms_mfcc_cnn1d : With the augmentation.
    train_validation_test_split : The three parts, by speaker or as published.
    to_csv : Writes the 880 columns to a file, as the authors do.

    Notes
    -----
    **Stated.** CREMA-D, RAVDESS, SAVEE and TESS; zero-crossing rate, RMS energy and MFCCs by
    librosa at 8025 Hz; an input of (880, 1); Conv1D of 256, 512, 256, 256 and 128 filters, in the
    first block with kernel 5, stride 1, "same" padding, ReLU, batch normalisation, dropout .2 and
    a pool of 5 with stride 2; Dense 256 with ReLU, batch normalisation and dropout .5; 7 classes
    by softmax; Adam; early stopping, and a learning rate reduced on plateaus; training, validation
    and test parts, split before augmenting; features kept as CSV; accuracy, precision, recall and
    F1 in each epoch (here ``history_``). No score is given.

    **Inferred.** 880 = 40 frames x (1 + 1 + 20), the frames of 2.5 s at hops of 512 with windows
    of 2048. One feature comes after the other, not one frame after the other
    (``set_params(flattener__order="frame")`` gives that). All blocks are like the first. Shorter
    clips are followed by zeros; every column is standardised over the training clips; learning
    rate .001, batches of 32, at most 50 epochs; a fifth of the training clips, of speakers of
    their own, decides when to stop. The seven classes count calm as neutral.

    **Protocol.** Three parts of unstated size, apparently drawn from the clips at random, which
    shares the speakers: ``train_validation_test_split(..., by="clips")``.

    Examples
    --------
    >>> from sklearn_ser.recipes import zcr_rms_mfcc_cnn1d_unaugmented
    >>> model = zcr_rms_mfcc_cnn1d_unaugmented(epochs=15, random_state=0)
    >>> list(model.named_steps)
    ['loader', 'features', 'flattener', 'scaler', 'classifier']
    """
    features = FrameFeaturesTransformer(
        ("zcr", "rms", "mfcc"),
        n_mfcc=20,
        n_fft=2048,
        frame_length=2048,
        hop_length=_HOP,
        n_mels=128,
        n_frames=frames_in(_SECONDS, sample_rate, _HOP),
    )
    return assemble(
        ("flattener", SequenceFlattener(order="feature")),
        ("scaler", StandardScaler()),
        features=features,
        classifier=CNN1DClassifier.from_preset(_PRESET, epochs=epochs, random_state=random_state),
        duration=_SECONDS,
        sample_rate=sample_rate,
        memory=memory,
        n_jobs=n_jobs,
        verbose=verbose,
    )


ZCR_RMS_MFCC_CNN1D_UNAUGMENTED = Recipe(
    name="zcr_rms_mfcc_cnn1d_unaugmented",
    make=zcr_rms_mfcc_cnn1d_unaugmented,
    title='README of "Speech-Emotion-Recognition using Convolutional Neural Networks"',
    corpora=("crema_d", "ravdess", "savee", "tess"),
    target="emotion",
    classes=tuple(sorted(emotion for emotion in EMOTIONS if emotion != "calm")),
    sample_rate=_RATE,
    protocol="training, validation and test part, apparently drawn from the clips at random",
    network=_PRESET,
    loading={"target": "emotion", "emotions": "all", "calm": "neutral"},
)

ZCR_RMS_MFCC_CNN1D = replace(
    ZCR_RMS_MFCC_CNN1D_UNAUGMENTED, name="zcr_rms_mfcc_cnn1d", make=zcr_rms_mfcc_cnn1d
)
