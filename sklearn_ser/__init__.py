"""Speech emotion recognition as scikit-learn estimators.

Names are loaded when they are first used, so that ``import sklearn_ser`` costs next to nothing
and never brings TensorFlow, torch or matplotlib with it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0.dev0"

_NAMES_OF = {
    "audio": (
        "AudioClips",
        "AudioLoader",
        "NoiseReducer",
        "PeakNormalizer",
        "PreEmphasis",
        "SilenceTrimmer",
        "WaveformCropper",
        "check_clips",
    ),
    "augmentation": (
        "AugmentedClassifier",
        "ChainAugmenter",
        "GainAugmenter",
        "NoiseAugmenter",
        "PitchShiftAugmenter",
        "RandomChoiceAugmenter",
        "ReverbAugmenter",
        "SpecAugmenter",
        "TelephoneAugmenter",
        "TimeShiftAugmenter",
        "TimeStretchAugmenter",
        "VocalTractAugmenter",
        "as_augmenter",
    ),
    "embedding": ("EmotionEmbeddingTransformer",),
    "encoders": ("Wav2Vec2Transformer",),
    "features": (
        "ChromaTransformer",
        "FrameFeaturesTransformer",
        "MFCCTransformer",
        "MelSpectrogramTransformer",
        "RMSEnergyTransformer",
        "SpectralShapeTransformer",
        "ZeroCrossingRateTransformer",
    ),
    "neural_network": (
        "CNN1DClassifier",
        "CNN2DClassifier",
        "CRNNClassifier",
        "DenseClassifier",
        "LayerWeightedClassifier",
    ),
    "pipeline": ("SpeechPipeline", "make_ser_pipeline"),
    "sequence": ("SequenceFlattener", "SequenceScaler"),
    "speakers": ("SpeakerStandardizer",),
    "voice": (
        "FormantTransformer",
        "PitchTransformer",
        "SpeechFunctionalsTransformer",
        "VoiceQualityTransformer",
    ),
}
_MODULE_OF = {name: module for module, names in _NAMES_OF.items() for name in names}
_SUBMODULES = frozenset(
    {
        *_NAMES_OF,
        "base",
        "datasets",
        "encoder_training",
        "exceptions",
        "inference",
        "metrics",
        "model_selection",
        "plotting",
        "recipes",
        "utils",
    }
)

__all__ = ["__version__", *sorted(_MODULE_OF)]


def __getattr__(name: str) -> Any:
    if name in _MODULE_OF:
        value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
        globals()[name] = value
        return value
    if name in _SUBMODULES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE_OF, *_SUBMODULES})
