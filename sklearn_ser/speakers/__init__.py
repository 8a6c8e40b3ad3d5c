"""Speakers made comparable: features standardised by what each person's voice is like."""

from __future__ import annotations

from sklearn_ser.speakers._enrollment import enroll_speaker
from sklearn_ser.speakers._information import speaker_information
from sklearn_ser.speakers._standardizer import SpeakerStandardizer
from sklearn_ser.speakers._statistics import Population, SpeakerStatistics

__all__ = [
    "Population",
    "SpeakerStandardizer",
    "SpeakerStatistics",
    "enroll_speaker",
    "speaker_information",
]
