"""Feature extractors: clips to frames, pooled over time or padded to one length."""

from sklearn_ser.features._cepstral import MFCCTransformer
from sklearn_ser.features._chroma import ChromaTransformer
from sklearn_ser.features._frame_features import FrameFeaturesTransformer
from sklearn_ser.features._spectral import MelSpectrogramTransformer
from sklearn_ser.features._spectral_shape import SpectralShapeTransformer
from sklearn_ser.features._waveform import RMSEnergyTransformer, ZeroCrossingRateTransformer

__all__ = [
    "ChromaTransformer",
    "FrameFeaturesTransformer",
    "MFCCTransformer",
    "MelSpectrogramTransformer",
    "RMSEnergyTransformer",
    "SpectralShapeTransformer",
    "ZeroCrossingRateTransformer",
]
