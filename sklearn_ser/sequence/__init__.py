"""Steps on sequences of frames (n_clips, n_frames, n_coefs)."""

from sklearn_ser.sequence._flattener import SequenceFlattener
from sklearn_ser.sequence._scaler import SequenceScaler

__all__ = ["SequenceFlattener", "SequenceScaler"]
