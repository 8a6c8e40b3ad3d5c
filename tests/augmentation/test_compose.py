"""Chains, choices and functions as augmenters."""

from __future__ import annotations

import random

import numpy as np
import pytest
from sklearn.base import clone

from sklearn_ser import (
    ChainAugmenter,
    GainAugmenter,
    NoiseAugmenter,
    PitchShiftAugmenter,
    RandomChoiceAugmenter,
    SpecAugmenter,
    TimeShiftAugmenter,
    TimeStretchAugmenter,
    as_augmenter,
)
from sklearn_ser.exceptions import AudioError

RATE = 16000
CLIP = np.random.default_rng(0).standard_normal(2500).astype(np.float32) / 10
COMPOSED = [
    ChainAugmenter([TimeStretchAugmenter(), GainAugmenter(), NoiseAugmenter()]),
    ChainAugmenter([GainAugmenter(probability=0.5), GainAugmenter(probability=0.5)]),
    RandomChoiceAugmenter([TimeShiftAugmenter(), NoiseAugmenter()]),
    RandomChoiceAugmenter([ChainAugmenter([GainAugmenter(), NoiseAugmenter()]), GainAugmenter()]),
    RandomChoiceAugmenter([PitchShiftAugmenter(), TimeStretchAugmenter()], probability=0.7),
    ChainAugmenter([PitchShiftAugmenter(probability=0.7), TimeStretchAugmenter()]),
]
everyone = pytest.mark.parametrize("augmenter", COMPOSED, ids=repr)


def halve(samples, sample_rate):
    return samples / 2


def random_gain(samples, sample_rate):
    return samples * np.float32(random.random() * np.random.rand())


@everyone
def test_same_seed_same_bits(augmenter):
    for seed in range(4):
        first = augmenter.augment(CLIP, RATE, seed)
        np.testing.assert_array_equal(first, clone(augmenter).augment(CLIP, RATE, seed))
        drawn = augmenter.draw(CLIP, RATE, random_state=seed)
        assert all(isinstance(value, int | float) for value in drawn.values())
        np.testing.assert_array_equal(augmenter.apply(CLIP, RATE, **drawn), first)


@everyone
def test_many_are_each(augmenter):
    for seed, found in enumerate(augmenter.augment_many(CLIP, RATE, range(4))):
        np.testing.assert_array_equal(found, augmenter.augment(CLIP, RATE, seed))


@everyone
def test_probability(augmenter):
    never = clone(augmenter).set_params(probability=0.0)
    np.testing.assert_array_equal(never.augment(CLIP, RATE, 0), CLIP)


class TestChain:
    def test_parts_are_applied_in_order(self):
        chain = ChainAugmenter([GainAugmenter(20.0), TimeShiftAugmenter(10 / RATE)])
        expected = np.roll(CLIP * np.float32(10), 10)
        np.testing.assert_allclose(chain.augment(CLIP, RATE), expected, rtol=1e-6)

    def test_equal_parts_are_numbered(self):
        chain = ChainAugmenter([GainAugmenter(1.0), NoiseAugmenter(), GainAugmenter(2.0)])
        drawn = chain.draw(CLIP, RATE, 0)
        assert (drawn["gain-1__gain_db"], drawn["gain-2__gain_db"]) == (1.0, 2.0)
        assert "noise__snr_db" in drawn

    def test_length_and_kind_are_those_of_the_parts(self):
        chain = ChainAugmenter([GainAugmenter(), TimeStretchAugmenter(2.0)])
        assert (chain.input_kind, chain.keeps_length) == ("waveform", False)
        assert chain.augment(CLIP, RATE).shape == (1250,)
        assert ChainAugmenter([GainAugmenter()]).keeps_length
        assert ChainAugmenter([SpecAugmenter()]).input_kind == "sequence"
        assert ChainAugmenter([SpecAugmenter()]).augment(np.ones((4, 2))).shape == (4, 2)

    def test_parameters_of_parts_can_be_searched(self):
        chain = ChainAugmenter([NoiseAugmenter(), GainAugmenter()])
        chain.set_params(noise__snr_db=3, gain__probability=0.5)
        assert chain.augmenters[0].snr_db == 3
        assert clone(chain).get_params()["gain__probability"] == 0.5
        chain.set_params(gain=TimeShiftAugmenter(0.1))
        assert chain.get_params()["timeshift__seconds"] == 0.1
        with pytest.raises(ValueError, match="Invalid parameter 'gain'"):
            chain.set_params(gain__gain_db=1)

    def test_a_part_replaced_leaves_the_given_list(self):
        given = [GainAugmenter(), NoiseAugmenter()]
        ChainAugmenter(given).set_params(noise=TimeShiftAugmenter())
        assert isinstance(given[1], NoiseAugmenter)

    def test_functions_are_parts(self):
        chain = ChainAugmenter([halve, GainAugmenter(20.0), random_gain])
        drawn = chain.draw(CLIP, RATE, 0)
        assert sum("seed" in name for name in drawn) == 2
        np.testing.assert_array_equal(chain.augment(CLIP, RATE, 0), chain.augment(CLIP, RATE, 0))
        assert clone(chain).get_params()["gain__gain_db"] == 20.0

    @pytest.mark.parametrize("augmenters", [[], (), None, GainAugmenter(), "noise"])
    def test_no_list(self, augmenters):
        with pytest.raises(ValueError, match=r"augmenters=.* is not a list of one augmenter or mo"):
            ChainAugmenter(augmenters).augment(CLIP, RATE)

    def test_mixed_kinds(self):
        chain = ChainAugmenter([GainAugmenter(), SpecAugmenter()])
        with pytest.raises(ValueError, match=r"two kinds of input .gain waveforms, spec sequences"):
            chain.augment(CLIP, RATE)

    def test_part_without_draw(self):
        class Half:
            def augment(self, waveform, sample_rate, random_state=None):
                return waveform

        with pytest.raises(TypeError, match="ChainAugmenter: Half lacks draw, apply, get_params"):
            ChainAugmenter([Half()]).augment(CLIP, RATE)


class TestChoice:
    def test_weights(self):
        parts = [GainAugmenter(), NoiseAugmenter(), TimeShiftAugmenter()]
        either = RandomChoiceAugmenter(parts, weights=[3, 0, 1])
        choices = [either.draw(CLIP, RATE, seed)["choice"] for seed in range(400)]
        counts = np.bincount(choices, minlength=3)
        assert counts[1] == 0
        assert counts[0] == pytest.approx(300, abs=40)

    def test_all_alike_without_weights(self):
        either = RandomChoiceAugmenter([GainAugmenter(), NoiseAugmenter()])
        choices = [either.draw(CLIP, RATE, seed)["choice"] for seed in range(400)]
        assert sum(choices) == pytest.approx(200, abs=40)

    @pytest.mark.parametrize("weights", [[1], [1, -1], [0, 0], [1, np.inf], [1, 2, 3], 1.0])
    def test_wrong_weights(self, weights):
        either = RandomChoiceAugmenter([GainAugmenter(), NoiseAugmenter()], weights=weights)
        with pytest.raises(ValueError, match=r"weights=.* are not 2 numbers from 0 on"):
            either.augment(CLIP, RATE)


class TestFunctions:
    def test_an_augmenter_is_returned_as_it_is(self):
        augmenter = GainAugmenter()
        assert as_augmenter(augmenter) is augmenter

    def test_a_function(self):
        augmenter = as_augmenter(halve)
        np.testing.assert_array_equal(augmenter.augment(CLIP, RATE), CLIP / 2)
        assert (augmenter.input_kind, augmenter.keeps_length) == ("waveform", False)

    def test_global_generators_are_seeded_and_put_back(self):
        random.seed(1)
        np.random.seed(1)
        expected = random.random(), np.random.rand()
        random.seed(1)
        np.random.seed(1)
        augmenter = as_augmenter(random_gain)
        first, second = (augmenter.augment(CLIP, RATE, random_state=5) for _ in range(2))
        np.testing.assert_array_equal(first, second)
        assert (first != augmenter.augment(CLIP, RATE, random_state=6)).any()
        assert (random.random(), np.random.rand()) == expected

    def test_global_generators_are_put_back_after_an_error(self):
        def fail(samples, sample_rate):
            random.random()
            raise RuntimeError("no")

        state = random.getstate()
        with pytest.raises(RuntimeError, match="no"):
            as_augmenter(fail).augment(CLIP, RATE)
        assert random.getstate() == state

    def test_a_function_that_changes_its_input(self):
        def in_place(samples, sample_rate):
            samples *= 2
            return samples

        with pytest.raises(AudioError, match="in_place changed its input in place"):
            as_augmenter(in_place).augment(CLIP, RATE)

    def test_a_function_that_returns_nan(self):
        with pytest.raises(AudioError, match="<lambda> returned NaN or infinity"):
            as_augmenter(lambda samples, sample_rate: samples * np.nan).augment(CLIP, RATE)

    @pytest.mark.parametrize(
        ("effect", "message"),
        [
            (GainAugmenter, r"GainAugmenter is a class; give an instance: GainAugmenter\(\.\.\.\)"),
            (3, r"3 \(int\) is no augmenter"),
            (None, "is no augmenter: it has no `augment`"),
            (lambda y, sr: y, "cannot be called as effect.samples=, sample_rate=.*Wrap it"),
            (np.tanh, "tanh cannot be called as effect|is no augmenter"),
        ],
    )
    def test_no_augmenter(self, effect, message):
        with pytest.raises(TypeError, match=message):
            as_augmenter(effect)
