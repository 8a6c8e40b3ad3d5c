"""Neural networks as scikit-learn classifiers, trained by Keras (the extra ``keras``)."""

from __future__ import annotations

from sklearn_ser.neural_network._cnn import CNN1DClassifier, CNN2DClassifier
from sklearn_ser.neural_network._crnn import CRNNClassifier
from sklearn_ser.neural_network._dense import DenseClassifier
from sklearn_ser.neural_network._layer_weighted import LayerWeightedClassifier

__all__ = [
    "CNN1DClassifier",
    "CNN2DClassifier",
    "CRNNClassifier",
    "DenseClassifier",
    "LayerWeightedClassifier",
]
