"""The encoder's own labels."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from sklearn_ser import AudioClips
from sklearn_ser.embedding import EmotionHead, load_encoder
from sklearn_ser.exceptions import AudioError, EncoderNotFoundError


def test_probabilities_are_those_of_the_logits(voice_encoder, clips):
    head, encoder = EmotionHead(voice_encoder), load_encoder(voice_encoder)
    found = head.predict_proba(clips)
    assert found.shape == (6, 3)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    for row, clip in zip(found, clips, strict=True):
        raised = np.exp(encoder.emotion_logits(clip).astype(np.float64) / 2.0)
        np.testing.assert_allclose(row, raised / raised.sum(), rtol=1e-6)


def test_labels_are_given_in_any_case(voice_encoder, clips):
    head = EmotionHead(voice_encoder)
    expected = head.classes_[head.predict_proba(clips).argmax(axis=1)]
    assert head.predict(clips).tolist() == expected.tolist()
    assert set(head.predict(clips)) <= {"angry", "happy", "sad"}


def test_what_it_says_of_itself(voice_encoder):
    head = EmotionHead(voice_encoder)
    assert repr(head) == f"EmotionHead({voice_encoder!r})"
    assert (head.name, head.sample_rate, head.min_confidence) == ("tiny", 16000, 0.4)
    assert head.card["seed"] == 7


def test_pickles_are_small(voice_encoder, clips):
    head = EmotionHead(voice_encoder)
    pickled = pickle.dumps(head)
    assert len(pickled) < 2500
    np.testing.assert_array_equal(
        pickle.loads(pickled).predict_proba(clips), head.predict_proba(clips)
    )


def test_another_rate(voice_encoder):
    with pytest.raises(AudioError, match="at 8000 Hz and EmotionHead expects 16000 Hz"):
        EmotionHead(voice_encoder).predict(AudioClips([np.zeros(800)], 8000))


def test_no_weights():
    with pytest.raises(EncoderNotFoundError, match="weights='nowhere': there is no such file"):
        EmotionHead("nowhere")
