"""A voice encoder of our own: clips to what a small network has learned of emotions.

It needs NumPy, SciPy and ONNX Runtime alone; :mod:`sklearn_ser.encoder_training` trains others.
"""

from sklearn_ser.embedding._card import encoder_card, refuse_heard_speakers
from sklearn_ser.embedding._emotion_head import EmotionHead
from sklearn_ser.embedding._encoder import VoiceEncoder, load_encoder
from sklearn_ser.embedding._transformer import EmotionEmbeddingTransformer

__all__ = [
    "EmotionEmbeddingTransformer",
    "EmotionHead",
    "VoiceEncoder",
    "encoder_card",
    "load_encoder",
    "refuse_heard_speakers",
]
