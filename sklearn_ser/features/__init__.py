"""Feature extractors: clips to frames, pooled over time or padded to one length."""

from sklearn_ser.features._cepstral import MFCCTransformer
from sklearn_ser.features._frame_features import FrameFeaturesTransformer
from sklearn_ser.features._spectral import MelSpectrogramTransformer
from sklearn_ser.features._waveform import RMSEnergyTransformer, ZeroCrossingRateTransformer

__all__ = [
    "FrameFeaturesTransformer",
    "MFCCTransformer",
    "MelSpectrogramTransformer",
    "RMSEnergyTransformer",
    "ZeroCrossingRateTransformer",
]
