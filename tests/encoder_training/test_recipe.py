from __future__ import annotations

import json

import pytest

from sklearn_ser.embedding._front_end import FrontEnd
from sklearn_ser.encoder_training import EncoderRecipe
from sklearn_ser.encoder_training._network import reach_and_hops


def test_survives_json():
    recipe = EncoderRecipe(epochs=3, widths=(4, 8), blocks=(1, 2), front_end=FrontEnd(n_bands=32))
    assert EncoderRecipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


def test_what_is_left_out_is_the_default():
    assert EncoderRecipe.from_dict({"epochs": 7}) == EncoderRecipe(epochs=7)


@pytest.mark.parametrize(
    ("trained_at", "heard_at"),
    [((0.9, 1.0, 1.1), (0.9, 1.1)), ((1.0,), (1.0,)), ((1.2, 1.0), (1.0, 1.2))],
)
def test_clips_are_heard_at_the_slowest_and_the_fastest_speed(trained_at, heard_at):
    assert EncoderRecipe(speeds=trained_at).heard_speeds == heard_at


def test_an_unknown_field_is_refused():
    with pytest.raises(ValueError, match=r"no field 'epoch'. Did you mean 'epochs'\?"):
        EncoderRecipe.from_dict({"epoch": 7})


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"epochs": 0}, r"epochs has to lie between 1 and inf, got 0"),
        ({"learning_rate": 0.0}, r"learning_rate has to lie between"),
        ({"dropout": 1.5}, r"dropout has to lie between 0 and 1, got 1.5"),
        ({"mixup": -1}, r"mixup has to lie between 0 and inf"),
        ({"precision": "half"}, r"precision is one of .*'float32'\), got 'half'"),
        ({"class_weight": "even"}, r"class_weight is one of \('balanced', None\), got 'even'"),
        ({"widths": (4, 8)}, r"name the same stages, one at least, got \(4, 8\)"),
        ({"widths": (), "blocks": ()}, r"name the same stages, one at least, got \(\)"),
        ({"blocks": (1, 0, 1, 1)}, r"widths and blocks are 1 at least"),
        ({"stem_kernel": (4, 5)}, r"stem_kernel is two odd numbers, got \(4, 5\)"),
        ({"stem_stride": (2, 0)}, r"stem_stride is two numbers, 1 at least"),
        ({"speeds": (0.9, 1.1)}, r"1 is among them, got \(0.9, 1.1\)"),
        ({"longest_crop": 20}, r"shortest_crop is at most longest_crop, got 50 and 20"),
        (
            {"shallowest_db": 31.0},
            r"shallowest_db lies between 0 and front_end.floor_db, 30, got 31",
        ),
        ({"mask_bands": 64}, r"mask_bands is below the 64 bands, got 64"),
        ({"front_end": FrontEnd(whitening=(1.0,))}, r"whitening is learned from the training"),
    ],
)
def test_what_cannot_be_trained_is_refused(given, complaint):
    with pytest.raises(ValueError, match=complaint):
        EncoderRecipe(**given)


def test_all_mistakes_are_told_at_once():
    with pytest.raises(ValueError, match=r"epochs has to .*; precision is one of"):
        EncoderRecipe(epochs=0, precision="double")


def test_reach_and_hops():
    reach, hops = reach_and_hops(EncoderRecipe(stem_kernel=(5, 5), stem_stride=(2, 2)))
    assert hops == [2, 4, 8, 16]
    assert reach == 2 + (2 + 2) + (2 + 4) + (4 + 8) + (8 + 16)
