from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sklearn_ser.encoder_training import _batches
from sklearn_ser.encoder_training._batches import (
    batches_of_epoch,
    class_weights,
    n_steps_of_epoch,
)
from sklearn_ser.encoder_training._known_clips import make_known_clips
from sklearn_ser.encoder_training._spectra import Hearing, measure_spectra, whiten

ALL = {"mixup": 0.3, "noise": 0.5, "vocal_tract": 0.1, "equaliser_db": 3.0}


@pytest.fixture(scope="module")
def known(speech):
    votes = [None if i % 3 else label for i, label in enumerate(speech.target)]
    return make_known_clips(speech.target, speech.groups, votes, speech.frame["sex"])


@pytest.fixture(scope="module")
def hearing(speech):
    from sklearn_ser.embedding._front_end import FrontEnd

    spectra = measure_spectra(speech.data, FrontEnd(), (0.9, 1.0, 1.1))
    return Hearing(spectra, whiten(FrontEnd(), spectra, range(len(speech.data))))


@pytest.fixture
def epoch(hearing, known, tiny):
    def draw(number=0, clips=None, **changes):
        clips = np.arange(len(known.codes)) if clips is None else clips
        recipe = replace(tiny, **changes)
        return list(batches_of_epoch(hearing, known, clips, recipe, number))

    return draw


@pytest.mark.parametrize("changes", [{}, ALL])
def test_an_epoch_depends_on_the_seed_and_its_number_alone(epoch, changes):
    first, again = epoch(3, **changes), epoch(3, **changes)
    for one, other in zip(first, again, strict=True):
        assert np.array_equal(one.bands, other.bands)
        assert all(np.array_equal(one.targets[h], other.targets[h]) for h in one.targets)
    assert not np.array_equal(first[0].bands, epoch(4, **changes)[0].bands)
    assert not np.array_equal(first[0].bands, epoch(3, seed=1, **changes)[0].bands)


def test_every_clip_is_heard_once(epoch, known):
    batches = epoch(label_smoothing=0.0, class_weight=None)
    counted = sum(batch.targets["emotion"].sum(axis=0) for batch in batches)
    assert counted.tolist() == np.bincount(known.codes).tolist()
    assert len(batches) == n_steps_of_epoch(len(known.codes), 8)


def test_only_the_clips_that_are_given_are_heard(epoch, known):
    clips = np.flatnonzero(known.codes == 0)
    batches = epoch(clips=clips, label_smoothing=0.0)
    assert sum(len(batch.bands) for batch in batches) == len(clips)
    assert all(batch.targets["emotion"][:, 0].all() for batch in batches)


@pytest.mark.parametrize("n_clips", [1, 7, 32, 33, 257, 1000])
def test_batches_are_of_nearly_one_size(n_clips):
    sizes = [len(b) for bucket in _batches._buckets(np.arange(n_clips), 32) for b in bucket]
    assert sum(sizes) == n_clips
    assert max(sizes) <= 32
    assert len(sizes) == n_steps_of_epoch(n_clips, 32)
    assert min(sizes) >= min(n_clips, 16)


def test_crops_are_as_long_as_the_shortest_clip_allows(epoch):
    for batch in epoch(longest_crop=100, shortest_crop=90):
        assert 90 <= batch.bands.shape[1] <= 100
        assert batch.bands.shape[2:] == (64, 2)
        assert batch.bands.dtype == np.float32
    assert all(
        batch.bands.shape[1] == 1000 for batch in epoch(longest_crop=1000, shortest_crop=1000)
    )


def test_a_short_clip_is_repeated():
    bands = np.arange(6.0).reshape(3, 2)
    piece = _batches._piece(bands, 7, np.random.default_rng(0))
    assert piece[:, 0].tolist() == [0, 2, 4, 0, 2, 4, 0]


def test_masks_are_filled_with_the_mean(tiny):
    recipe = replace(tiny, masks=2)
    crop = np.random.default_rng(0).normal(size=(60, 64, 2)).astype(np.float32)
    before, mean = crop.copy(), crop[..., 0].mean()
    _batches._mask(crop, recipe, np.random.default_rng(1))
    levels, pitches = np.moveaxis(crop != before, 2, 0)
    assert levels.any(axis=1).all()  # some bands of all frames
    assert np.all(crop[levels, 0] == mean)
    assert pitches.any()
    assert np.array_equal(pitches.any(axis=1), levels.all(axis=1))  # masked frames
    assert np.all(crop[pitches, 1] == 0)


def test_no_mask_changes_nothing(tiny):
    crop = np.ones((60, 64, 2), dtype=np.float32)
    _batches._mask(crop, replace(tiny, masks=0), np.random.default_rng(1))
    assert (crop == 1).all()


def test_everything_at_once_stays_in_bounds(epoch, tiny):
    floor = tiny.front_end.floor_db / 20
    for batch in epoch(**ALL):
        assert np.isfinite(batch.bands).all()
        # peaks lie at most 60 dB above the mean of the bands, and the equaliser adds to them
        levels = batch.bands[..., 0]
        assert -floor - 0.01 <= levels.min() < levels.max() < 8
        assert batch.targets["emotion"].sum(axis=1) == pytest.approx(1)


def test_what_is_not_known_has_no_weight(epoch):
    for batch in epoch():
        is_known = batch.targets["votes"].any(axis=1)
        assert (batch.weights["votes"] > 0).tolist() == is_known.tolist()
        assert (batch.weights["sex"] == 1).all()


def test_a_mixture_with_an_unknown_vote_is_the_known_vote(epoch):
    found = set()
    for batch in (batch for number in range(6) for batch in epoch(number, mixup=1.0)):
        sums = batch.targets["votes"].sum(axis=1)
        assert np.all(np.isclose(sums, 1) | (sums == 0))
        assert ((sums > 0) == (batch.weights["votes"] > 0)).all()
        found |= set(np.round(batch.targets["emotion"][:, 0], 3).tolist())
    assert len(found) > 2


def test_speeds_and_floors_vary(epoch):
    lowest = [batch.bands[..., 0].min(axis=(1, 2)) for batch in epoch(shallowest_db=5.0, masks=0)]
    assert np.concatenate(lowest).std() > 0.1


def test_rare_classes_weigh_more():
    weights = class_weights(np.array([0, 0, 0, 2]), 3, "balanced")
    assert weights.tolist() == pytest.approx([4 / 6, 1, 2])
    assert class_weights(np.array([0, 0, 0, 2]), 3, None).tolist() == [1, 1, 1]
