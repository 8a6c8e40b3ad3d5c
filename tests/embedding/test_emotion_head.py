"""The encoder's own labels."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest

from sklearn_ser import AudioClips
from sklearn_ser.datasets import make_emotional_speech
from sklearn_ser.embedding import EmotionHead, load_encoder
from sklearn_ser.embedding._by_speaker import CARD_KEY, SpeakersOfHead
from sklearn_ser.exceptions import (
    AudioError,
    EncoderError,
    EncoderNotFoundError,
    SpeakerWarning,
)
from sklearn_ser.speakers._statistics import Population


@pytest.fixture(scope="module")
def speech():
    return make_emotional_speech(3, random_state=0).data


@pytest.fixture(scope="module")
def head_by_speaker():
    return EmotionHead(by_speaker=True)


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


class TestBySpeaker:
    @pytest.fixture
    def population(self):
        rng = np.random.default_rng(0)
        return Population.of([rng.normal(place, 1, size=(40, 3)) for place in (-1, 0, 2)])

    def test_probabilities_are_those_of_the_standardised_logits(self, head_by_speaker, speech):
        encoder = load_encoder()
        logits = np.stack([encoder.emotion_logits(clip) for clip in speech])
        known = SpeakersOfHead.of_card(head_by_speaker.card, "crema_d")
        scaled = known.standardized(logits, speech.speakers) / known.temperature
        raised = np.exp(scaled)
        found = head_by_speaker.predict_proba(speech)
        np.testing.assert_allclose(found, raised / raised.sum(axis=1, keepdims=True), rtol=1e-6)
        assert np.abs(found - EmotionHead().predict_proba(speech)).max() > 0.05

    def test_what_is_common_to_a_speaker_does_not_count(self, population):
        known = SpeakersOfHead(population, 1.0, 0.5)
        logits = np.random.default_rng(1).normal(size=(600, 3))
        speakers = np.array(["ann"] * 300 + ["bob"] * 300, dtype=object)
        bias = np.where(speakers == "ann", 3.0, 0.0)[:, None] * np.array([1.0, -1.0, 0.0])
        found, biased = (known.standardized(each, speakers) for each in (logits, logits + bias))
        np.testing.assert_allclose(biased, found, atol=0.05)
        for name in ("ann", "bob"):
            np.testing.assert_allclose(found[speakers == name].mean(axis=0), 0, atol=0.05)

    def test_the_order_of_clips_does_not_matter(self, population):
        known = SpeakersOfHead(population, 1.0, 0.5)
        rng = np.random.default_rng(2)
        logits, order = rng.normal(size=(20, 3)), rng.permutation(20)
        speakers = np.array(list("abba") * 5, dtype=object)
        np.testing.assert_allclose(
            known.standardized(logits[order], speakers[order]),
            known.standardized(logits, speakers)[order],
        )

    def test_one_clip_is_told(self, head_by_speaker, speech):
        with pytest.warns(SpeakerWarning, match="1 speakers, the first '.+', there is one clip"):
            head_by_speaker.predict(speech[:1])

    def test_one_clip_is_standardised_by_the_population(self, population):
        known = SpeakersOfHead(population, 1.0, 0.5)
        logits = np.array([[1.0, 2.0, 3.0]])
        found = known.standardized(logits, np.array(["ann"], dtype=object))
        usual = population.nobody()
        np.testing.assert_allclose(found, (logits - usual.mean) / usual.scale)

    def test_it_is_written_down_and_read_again(self, population):
        known = SpeakersOfHead(population, 0.6, 0.5)
        again = SpeakersOfHead.of_card({CARD_KEY: known.to_dict()}, "x")
        np.testing.assert_allclose(again.population.mean, population.mean, atol=1e-4)
        assert (again.temperature, again.min_confidence) == (0.6, 0.5)
        assert again.population.n_speakers == 3

    def test_speakers_are_needed(self, head_by_speaker):
        with pytest.raises(AudioError, match=r"EmotionHead\(by_speaker=True\) does not know who"):
            head_by_speaker.predict([np.ones(16000)])
        some = AudioClips(np.ones((2, 16000)), metadata=pd.DataFrame({"speaker": ["ann", None]}))
        with pytest.raises(AudioError, match="1 of 2 speakers are missing"):
            head_by_speaker.predict(some)

    def test_weights_that_know_nothing_of_speakers(self, voice_encoder):
        with pytest.raises(EncoderError, match="the card of the weights 'tiny' does not say how"):
            EmotionHead(voice_encoder, by_speaker=True)

    def test_what_it_says_of_itself(self, head_by_speaker, speech):
        assert repr(head_by_speaker) == "EmotionHead('crema_d', by_speaker=True)"
        assert head_by_speaker.min_confidence == head_by_speaker.card[CARD_KEY]["min_confidence"]
        assert head_by_speaker.min_confidence != EmotionHead().min_confidence
        again = pickle.loads(pickle.dumps(head_by_speaker))
        np.testing.assert_array_equal(again.predict(speech), head_by_speaker.predict(speech))
