from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sklearn_ser.embedding._encoder import VoiceEncoder
from sklearn_ser.embedding._front_end import FrontEnd
from sklearn_ser.encoder_training import EncoderRecipe
from sklearn_ser.encoder_training._assembly import assemble, describe_form
from sklearn_ser.encoder_training._calibration import UNCALIBRATED
from sklearn_ser.encoder_training._export import export_graphs
from sklearn_ser.encoder_training._network import (
    build_networks,
    reach_and_hops,
    weights_by_name,
)

RECIPES = {
    "usual": EncoderRecipe(precision="float32"),
    "coarse": EncoderRecipe(
        precision="float32", stem_kernel=(9, 5), stem_stride=(4, 2), widths=(6, 9), blocks=(1, 2)
    ),
    "fine": EncoderRecipe(
        precision="float32", stem_kernel=(3, 3), stem_stride=(1, 1), widths=(5, 8), blocks=(2, 1)
    ),
}


class Pair:
    """A network with random weights and statistics, in Keras and exported."""

    def __init__(self, recipe):
        pytest.importorskip("tensorflow")
        self.recipe = recipe
        self.networks = build_networks(recipe, 3)
        self.values = {}
        rng = np.random.default_rng(0)
        for name, variable in weights_by_name(self.networks.model).items():
            value = np.array(variable.numpy())
            if "_norm/" in name or name.endswith("bias"):
                value = value + rng.uniform(0.1, 0.5, size=value.shape).astype(np.float32)
                variable.assign(value)
            self.values[name] = np.array(value)

    def by_keras(self, bands):
        given = bands[np.newaxis]
        found = {
            **self.networks.inside(given, training=False),
            **self.networks.model(given, training=False),
        }
        return {name: value.numpy()[0] for name, value in found.items()}

    def exported(self, precision="float32", has_votes=True):
        classes = ("a", "b", "c")
        weights = assemble(
            self.values,
            self.recipe,
            FrontEnd(),
            classes,
            calibration=UNCALIBRATED,
            card={},
            name="pair",
            precision=precision,
            has_votes=has_votes,
        )
        return VoiceEncoder(weights)


@pytest.fixture(scope="module", params=list(RECIPES))
def pair(request):
    return Pair(RECIPES[request.param])


@pytest.fixture(scope="module")
def usual():
    return Pair(RECIPES["usual"])


def draw(n_frames, seed=0):
    return np.random.default_rng(seed).normal(size=(n_frames, 64, 2)).astype(np.float32)


def difference(found, exact):
    return np.abs(found - exact).max() / np.abs(exact).max()


@pytest.mark.parametrize("n_frames", [1, 7, 33, 400])
def test_the_export_equals_keras(pair, n_frames):
    bands = draw(n_frames)
    exact = pair.by_keras(bands)
    encoder = pair.exported()
    frames = encoder._frames_of(bands)
    for name, found in frames.items():
        assert found.shape == exact[name].shape, name
        assert difference(found, exact[name]) < 1e-5, name
    assert difference(encoder._pooled(frames), exact["pooled"]) < 1e-5
    for name in ("penultimate", "emotion", "votes"):
        assert difference(encoder._answers(encoder._pooled(frames), name), exact[name]) < 1e-5, name


def test_a_long_clip_in_windows_equals_keras(usual):
    bands = draw(4321)
    found = usual.exported().logits_of_bands(bands)
    assert difference(found, usual.by_keras(bands)["emotion"]) < 1e-5


def test_16_bits_halve_the_file_and_change_little(usual):
    bands = draw(150)
    short = usual.exported("float16")
    sizes = [
        len(encoder._weights.frames_graph) + len(encoder._weights.clip_graph)
        for encoder in (short, usual.exported())
    ]
    assert 0.49 < sizes[0] / sizes[1] < 0.56
    assert sizes[1] < 3e6
    found = difference(short.logits_of_bands(bands), usual.by_keras(bands)["emotion"])
    assert 1e-6 < found < 0.01


def test_without_votes_their_output_is_that_of_the_emotions(usual):
    with_votes, without = usual.exported(), usual.exported(has_votes=False)
    pooled = with_votes._pooled(with_votes._frames_of(draw(50)))
    votes = without._answers(pooled, "votes")
    assert np.array_equal(votes, without._answers(pooled, "emotion"))
    assert not np.array_equal(votes, with_votes._answers(pooled, "votes"))


def test_another_precision_is_refused():
    with pytest.raises(ValueError, match=r"precision is one of .*'float16'\), got 'int8'"):
        export_graphs({}, RECIPES["usual"], precision="int8")


def test_a_frame_sees_as_far_as_its_reach(pair):
    reach, hops = reach_and_hops(pair.recipe)
    last, hop, n_frames = f"stage{len(hops)}", hops[-1], 400
    middle = n_frames // hop // 2
    bands = draw(n_frames)
    before = pair.by_keras(bands)[last][middle]
    for distance in (-reach - 1, reach + 1):
        changed = bands.copy()
        changed[middle * hop + distance :: np.sign(distance) or 1] += 1
        assert np.array_equal(pair.by_keras(changed)[last][middle], before)
    for distance in (-reach, reach):
        changed = bands.copy()
        changed[middle * hop + distance] += 100
        assert not np.array_equal(pair.by_keras(changed)[last][middle], before)


def test_frames_do_not_depend_on_the_clips_length(pair):
    bands = draw(300)
    reach, hops = reach_and_hops(pair.recipe)
    whole = pair.by_keras(bands)
    for n_frames in (251, 252, 253, 254):
        part = pair.by_keras(bands[:n_frames])
        for number, hop in enumerate(hops, start=1):
            name, sure = f"stage{number}", (n_frames - reach - 1) // hop
            assert len(part[name]) == -(-n_frames // hop)
            np.testing.assert_allclose(part[name][:sure], whole[name][:sure], atol=1e-5)


def test_the_form(pair):
    form = describe_form(pair.recipe)
    found = pair.by_keras(draw(100))
    for stage in form.stages:
        assert found[stage.name].shape == (-(-100 // stage.hop), stage.dim)
    assert found["pooled"].shape == (form.pooled_dim,)
    assert found["penultimate"].shape == (form.penultimate_dim,)


def test_first_weights_depend_on_the_seed():
    pytest.importorskip("tensorflow")
    recipe = replace(RECIPES["coarse"], widths=(4, 8), blocks=(1, 1))

    def first(seed):
        model = build_networks(replace(recipe, seed=seed), 2).model
        return np.concatenate([np.ravel(weights) for weights in model.get_weights()])

    assert np.array_equal(first(0), first(0))
    assert not np.array_equal(first(0), first(1))


def test_16_bit_convolutions_have_exact_weights_and_answers():
    pytest.importorskip("tensorflow")
    model = build_networks(EncoderRecipe(widths=(4, 8), blocks=(1, 1)), 2).model
    assert {variable.dtype for variable in model.weights} == {"float32"}
    assert {output.dtype for output in model.outputs} == {"float32"}
    assert model.get_layer("stem_conv").compute_dtype == "bfloat16"
