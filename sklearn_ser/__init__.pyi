from sklearn_ser import audio as audio
from sklearn_ser import augmentation as augmentation
from sklearn_ser import base as base
from sklearn_ser import datasets as datasets
from sklearn_ser import embedding as embedding
from sklearn_ser import encoder_training as encoder_training
from sklearn_ser import encoders as encoders
from sklearn_ser import exceptions as exceptions
from sklearn_ser import features as features
from sklearn_ser import inference as inference
from sklearn_ser import metrics as metrics
from sklearn_ser import model_selection as model_selection
from sklearn_ser import neural_network as neural_network
from sklearn_ser import pipeline as pipeline
from sklearn_ser import plotting as plotting
from sklearn_ser import recipes as recipes
from sklearn_ser import sequence as sequence
from sklearn_ser import speakers as speakers
from sklearn_ser import utils as utils
from sklearn_ser import voice as voice
from sklearn_ser.audio import (
    AudioClips,
    AudioLoader,
    NoiseReducer,
    PeakNormalizer,
    PreEmphasis,
    SilenceTrimmer,
    WaveformCropper,
    check_clips,
)
from sklearn_ser.augmentation import (
    AugmentedClassifier,
    ChainAugmenter,
    GainAugmenter,
    NoiseAugmenter,
    PitchShiftAugmenter,
    RandomChoiceAugmenter,
    ReverbAugmenter,
    SpecAugmenter,
    TelephoneAugmenter,
    TimeShiftAugmenter,
    TimeStretchAugmenter,
    VocalTractAugmenter,
    as_augmenter,
)
from sklearn_ser.embedding import EmotionEmbeddingTransformer
from sklearn_ser.encoders import Wav2Vec2Transformer
from sklearn_ser.features import (
    ChromaTransformer,
    FrameFeaturesTransformer,
    MelSpectrogramTransformer,
    MFCCTransformer,
    RMSEnergyTransformer,
    SpectralShapeTransformer,
    ZeroCrossingRateTransformer,
)
from sklearn_ser.neural_network import (
    CNN1DClassifier,
    CNN2DClassifier,
    CRNNClassifier,
    DenseClassifier,
    LayerWeightedClassifier,
)
from sklearn_ser.pipeline import SpeechPipeline, make_ser_pipeline
from sklearn_ser.sequence import SequenceFlattener, SequenceScaler
from sklearn_ser.speakers import SpeakerStandardizer
from sklearn_ser.voice import (
    FormantTransformer,
    PitchTransformer,
    SpeechFunctionalsTransformer,
    VoiceQualityTransformer,
)

__version__: str

__all__ = [
    "AudioClips",
    "AudioLoader",
    "AugmentedClassifier",
    "CNN1DClassifier",
    "CNN2DClassifier",
    "CRNNClassifier",
    "ChainAugmenter",
    "ChromaTransformer",
    "DenseClassifier",
    "EmotionEmbeddingTransformer",
    "FormantTransformer",
    "FrameFeaturesTransformer",
    "GainAugmenter",
    "LayerWeightedClassifier",
    "MFCCTransformer",
    "MelSpectrogramTransformer",
    "NoiseAugmenter",
    "NoiseReducer",
    "PeakNormalizer",
    "PitchShiftAugmenter",
    "PitchTransformer",
    "PreEmphasis",
    "RMSEnergyTransformer",
    "RandomChoiceAugmenter",
    "ReverbAugmenter",
    "SequenceFlattener",
    "SequenceScaler",
    "SilenceTrimmer",
    "SpeakerStandardizer",
    "SpecAugmenter",
    "SpectralShapeTransformer",
    "SpeechFunctionalsTransformer",
    "SpeechPipeline",
    "TelephoneAugmenter",
    "TimeShiftAugmenter",
    "TimeStretchAugmenter",
    "VocalTractAugmenter",
    "VoiceQualityTransformer",
    "Wav2Vec2Transformer",
    "WaveformCropper",
    "ZeroCrossingRateTransformer",
    "__version__",
    "as_augmenter",
    "check_clips",
    "make_ser_pipeline",
]
