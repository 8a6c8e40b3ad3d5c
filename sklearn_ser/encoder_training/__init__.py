"""Training a voice encoder: labelled clips to the weights that :mod:`sklearn_ser.embedding` runs.

It needs the extra ``keras``, whose Keras may run on any of its backends.
"""

from sklearn_ser.encoder_training._calibration import Calibration
from sklearn_ser.encoder_training._recipe import EncoderRecipe
from sklearn_ser.encoder_training._train import EncoderTraining, train_encoder

__all__ = ["Calibration", "EncoderRecipe", "EncoderTraining", "train_encoder"]
