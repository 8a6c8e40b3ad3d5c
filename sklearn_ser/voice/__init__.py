"""The voice itself: pitch, voice quality, formants, and what a clip's speech is like as a whole."""

from sklearn_ser.voice._formant_transformer import FormantTransformer
from sklearn_ser.voice._formants import Formants, track_formants
from sklearn_ser.voice._pitch import PitchSettings, PitchTrack, track_pitch
from sklearn_ser.voice._pitch_transformer import PitchTransformer
from sklearn_ser.voice._quality import voice_quality
from sklearn_ser.voice._quality_transformer import VoiceQualityTransformer
from sklearn_ser.voice._spectra import VoiceSpectra
from sklearn_ser.voice._speech_functionals import SpeechFunctionalsTransformer

__all__ = [
    "FormantTransformer",
    "Formants",
    "PitchSettings",
    "PitchTrack",
    "PitchTransformer",
    "SpeechFunctionalsTransformer",
    "VoiceQualityTransformer",
    "VoiceSpectra",
    "track_formants",
    "track_pitch",
    "voice_quality",
]
