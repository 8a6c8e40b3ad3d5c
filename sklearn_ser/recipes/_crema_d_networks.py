"""Two networks for the six emotions of CREMA-D: on two time-domain features, and on pictures."""

from __future__ import annotations

from typing import Any

from sklearn_ser.datasets._labels import EMOTIONS
from sklearn_ser.features import FrameFeaturesTransformer, MelSpectrogramTransformer
from sklearn_ser.neural_network import CNN1DClassifier, CNN2DClassifier
from sklearn_ser.pipeline import SpeechPipeline
from sklearn_ser.recipes._recipe import Recipe
from sklearn_ser.recipes._steps import STOPPING, assemble, frames_in
from sklearn_ser.sequence import SequenceScaler

__all__ = ["MEL_CNN2D", "ZCR_RMS_CNN1D", "mel_cnn2d", "zcr_rms_cnn1d"]

_RATE = 16000  # that of CREMA-D's files
_LONGEST_CLIP = 5.0  # seconds, of CREMA-D
_HOP_SECONDS = 0.032  # 512 samples at 16 kHz
_README = 'README of "Speech-Emotion-Recognition", CREMA Speech Dataset'
_SIX = tuple(sorted(emotion for emotion in EMOTIONS if emotion not in ("calm", "surprised")))


def zcr_rms_cnn1d(
    *,
    sample_rate: int = _RATE,
    epochs: int = 50,
    memory: Any = None,
    n_jobs: int | None = None,
    random_state: int | None = None,
    verbose: int = 0,
) -> SpeechPipeline:
    """Make the 1-D network on zero-crossing rate and energy that tells CREMA-D's six emotions.

    The system of the README "Speech-Emotion-Recognition" on the CREMA speech dataset, "Time Domain
    Model". Steps: loader (at most 5 s), two features of 157 frames, standardisation of both,
    network.

    Parameters
    ----------
    sample_rate : int, default=16000
        Rate in Hz; windows and hops keep their times, so that there are 157 frames at any rate.
    epochs : int, default=50
        Passes over the training clips, at most.
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
    mel_cnn2d : The same authors' network on mel spectrograms.

    Notes
    -----
    **Stated.** CREMA-D, clips padded to the longest; zero-crossing rate and energy; Conv1D of 16,
    32, 32 and 64 filters with kernels of 3, 3, 5 and 7; pools of 2; dense layers of 64 and 32
    units; 6 classes by softmax. Accuracy .5087, F1 .4962; most confused: disgust and neutral, fear
    and sad.

    **Inferred.** Sequences of 157 frames x 2, since CREMA-D's longest clip has 5 s: windows of
    64 ms every 32 ms at the files' own 16 kHz. Convolutions pad; a pool after each; ReLU; neither
    batch normalisation nor dropout. Both features are standardised over the training clips; Adam
    at .001, batches of 32. Training stops by the loss of a tenth of the training clips, whole
    speakers, since nothing else keeps this network from learning by heart.

    **Protocol.** Not stated, and so taken for a random split of clips, with the same speakers on
    both sides.

    Examples
    --------
    >>> from sklearn_ser.recipes import zcr_rms_cnn1d
    >>> zcr_rms_cnn1d().named_steps["features"].n_frames
    157
    """
    hop = _hop_length(sample_rate)
    features = FrameFeaturesTransformer(
        ("zcr", "rms"),
        frame_length=2 * hop,
        hop_length=hop,
        n_frames=frames_in(_LONGEST_CLIP, sample_rate, hop),
    )
    network = CNN1DClassifier.from_preset(
        "zcr-rms-cnn1d", epochs=epochs, random_state=random_state, **STOPPING
    )
    return assemble(
        ("scaler", SequenceScaler()),
        features=features,
        classifier=network,
        duration=_LONGEST_CLIP,
        sample_rate=sample_rate,
        memory=memory,
        n_jobs=n_jobs,
        verbose=verbose,
    )


def mel_cnn2d(
    *,
    sample_rate: int = _RATE,
    epochs: int = 50,
    memory: Any = None,
    n_jobs: int | None = None,
    random_state: int | None = None,
    verbose: int = 0,
) -> SpeechPipeline:
    """Make the 2-D network on mel spectrograms that tells CREMA-D's six emotions.

    The system of the README "Speech-Emotion-Recognition" on the CREMA speech dataset, "Mel
    Spectrogram Model". Steps: loader (at most 5 s), 64 log-mel bands of 157 frames,
    standardisation of every band, network.

    Parameters
    ----------
    sample_rate : int, default=16000
        Rate in Hz; windows and hops keep their times, so that there are 157 frames at any rate.
    epochs : int, default=50
        Passes over the training clips, at most.
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
    zcr_rms_cnn1d : The same authors' network on two time-domain features.

    Notes
    -----
    **Stated.** CREMA-D, clips padded to the longest; mel spectrograms; Conv2D of 16, 32, 64, 64,
    128 and 128 filters with kernels of 3, 3, 5, 5 and 7; pools of 2; dense layers of 128 and 64
    units; 6 classes by softmax. Accuracy .6386, F1 .6342; most confused: fear and happy, fear and
    sad.

    **Inferred.** Pictures of 157 frames x 64 bands, since CREMA-D's longest clip has 5 s: windows
    of 64 ms every 32 ms at the files' own 16 kHz, in decibels, cut off 80 dB below the clip's
    loudest value; six halvings need 64 values on both axes. The sixth kernel, of which nothing is
    said, is 7. Convolutions pad; a pool after each; ReLU; neither batch normalisation nor dropout.
    Every band is standardised over the training clips; Adam at .001, batches of 32. Training
    stops by the loss of a tenth of the training clips, whole speakers.

    **Protocol.** Not stated, and so taken for a random split of clips, with the same speakers on
    both sides.

    Examples
    --------
    >>> from sklearn_ser.recipes import mel_cnn2d
    >>> features = mel_cnn2d().named_steps["features"]
    >>> features.n_frames, features.n_mels
    (157, 64)
    """
    hop = _hop_length(sample_rate)
    features = MelSpectrogramTransformer(
        64,
        n_fft=2 * hop,
        hop_length=hop,
        n_frames=frames_in(_LONGEST_CLIP, sample_rate, hop),
    )
    network = CNN2DClassifier.from_preset(
        "mel-cnn2d", epochs=epochs, random_state=random_state, **STOPPING
    )
    return assemble(
        ("scaler", SequenceScaler()),
        features=features,
        classifier=network,
        duration=_LONGEST_CLIP,
        sample_rate=sample_rate,
        memory=memory,
        n_jobs=n_jobs,
        verbose=verbose,
    )


def _hop_length(sample_rate: int) -> int:
    return max(round(_HOP_SECONDS * sample_rate), 1)


_PROTOCOL = "not stated; taken for a random split of clips, which shares the speakers"

ZCR_RMS_CNN1D = Recipe(
    name="zcr_rms_cnn1d",
    make=zcr_rms_cnn1d,
    title=f"{_README}: Time Domain Model",
    corpora=("crema_d",),
    target="emotion",
    classes=_SIX,
    sample_rate=_RATE,
    protocol=_PROTOCOL,
    network="zcr-rms-cnn1d",
    reported={"accuracy": 0.5087, "f1": 0.4962},
)

MEL_CNN2D = Recipe(
    name="mel_cnn2d",
    make=mel_cnn2d,
    title=f"{_README}: Mel Spectrogram Model",
    corpora=("crema_d",),
    target="emotion",
    classes=_SIX,
    sample_rate=_RATE,
    protocol=_PROTOCOL,
    network="mel-cnn2d",
    reported={"accuracy": 0.6386, "f1": 0.6342},
)
