"""Published systems in one line each: unfitted pipelines, and the protocols of their scores."""

from __future__ import annotations

from sklearn_ser.recipes._augment_corpus import augment_corpus
from sklearn_ser.recipes._crema_d_networks import mel_cnn2d, zcr_rms_cnn1d
from sklearn_ser.recipes._crnn_voting import crnn_voting
from sklearn_ser.recipes._csv import to_csv
from sklearn_ser.recipes._mel_crnn import mel_crnn
from sklearn_ser.recipes._mfcc_cnn2d import mfcc_cnn, mfcc_cnn2d, mfcc_cnn_unaugmented
from sklearn_ser.recipes._recipe import Recipe
from sklearn_ser.recipes._registry import get_recipe, list_recipes
from sklearn_ser.recipes._split import train_validation_test_split
from sklearn_ser.recipes._wav2vec2_networks import wav2vec2_cnn2d, wav2vec2_dense
from sklearn_ser.recipes._zcr_rms_mfcc_cnn1d import (
    zcr_rms_mfcc_cnn1d,
    zcr_rms_mfcc_cnn1d_unaugmented,
)

__all__ = [
    "Recipe",
    "augment_corpus",
    "crnn_voting",
    "get_recipe",
    "list_recipes",
    "mel_cnn2d",
    "mel_crnn",
    "mfcc_cnn",
    "mfcc_cnn2d",
    "mfcc_cnn_unaugmented",
    "to_csv",
    "train_validation_test_split",
    "wav2vec2_cnn2d",
    "wav2vec2_dense",
    "zcr_rms_cnn1d",
    "zcr_rms_mfcc_cnn1d",
    "zcr_rms_mfcc_cnn1d_unaugmented",
]
