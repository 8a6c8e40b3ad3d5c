"""Augmentation: changed copies of training clips, and nothing that could touch a clip scored.

Augmenters have ``augment`` and no ``transform``, so that a pipeline refuses them.
"""

from __future__ import annotations

from sklearn_ser.augmentation._augmenters import (
    GainAugmenter,
    ReverbAugmenter,
    TelephoneAugmenter,
    TimeShiftAugmenter,
    VocalTractAugmenter,
)
from sklearn_ser.augmentation._base import BaseAugmenter
from sklearn_ser.augmentation._callable import as_augmenter
from sklearn_ser.augmentation._classifier import AugmentedClassifier
from sklearn_ser.augmentation._compose import ChainAugmenter, RandomChoiceAugmenter
from sklearn_ser.augmentation._noise import NoiseAugmenter
from sklearn_ser.augmentation._spec import SpecAugmenter
from sklearn_ser.augmentation._vocoder_augmenters import PitchShiftAugmenter, TimeStretchAugmenter

__all__ = [
    "AugmentedClassifier",
    "BaseAugmenter",
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
]
