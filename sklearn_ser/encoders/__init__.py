"""Pretrained speech encoders: clips to the embeddings that they have learned."""

from sklearn_ser.encoders._wav2vec2 import Wav2Vec2Transformer

__all__ = ["Wav2Vec2Transformer"]
