"""Every published system: exact shapes, parameters that arrive, and a registry that is complete."""

from __future__ import annotations

import inspect
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from sklearn_ser import AugmentedClassifier, SpeechPipeline, make_ser_pipeline, recipes
from sklearn_ser.audio import AudioClips
from sklearn_ser.datasets import load_corpora
from sklearn_ser.datasets._labels import SEX_EMOTIONS
from sklearn_ser.neural_network._presets import PRESETS
from sklearn_ser.recipes import get_recipe, list_recipes

OTHERS = ["wav2vec2_cnn2d", "wav2vec2_dense", "crnn_voting"]  # they have tests of their own
NAMES = [name for name in list_recipes() if name not in OTHERS]
SHAPES = {
    "mfcc_cnn2d": (216, 30),
    "zcr_rms_mfcc_cnn1d": (880,),
    "zcr_rms_mfcc_cnn1d_unaugmented": (880,),
    "zcr_rms_cnn1d": (157, 2),
    "mel_cnn2d": (157, 64),
    "mfcc_cnn": (216, 30),
    "mfcc_cnn_unaugmented": (216, 30),
    "mel_crnn": (150, 64),
}
MFCC_BLOCKS = [
    ("input", (216, 30)),
    ("coefficients_first", (30, 216)),
    ("picture", (30, 216, 1)),
    *[("conv_1", (30, 216, 32)), ("norm_1", (30, 216, 32)), ("activation_1", (30, 216, 32))],
    *[("pool_1", (15, 108, 32)), ("dropout_1", (15, 108, 32))],
    *[("conv_2", (15, 108, 32)), ("norm_2", (15, 108, 32)), ("activation_2", (15, 108, 32))],
    *[("pool_2", (7, 54, 32)), ("dropout_2", (7, 54, 32))],
    *[("conv_3", (7, 54, 32)), ("norm_3", (7, 54, 32)), ("activation_3", (7, 54, 32))],
    *[("pool_3", (3, 27, 32)), ("dropout_3", (3, 27, 32))],
    *[("conv_4", (3, 27, 32)), ("norm_4", (3, 27, 32)), ("activation_4", (3, 27, 32))],
    *[("pool_4", (1, 13, 32)), ("dropout_4", (1, 13, 32))],
    ("flatten", (416,)),
    ("dense_1", (64,)),
]
LAYERS = {
    "mfcc_cnn2d": [*MFCC_BLOCKS, ("probabilities", (14,))],
    "mfcc_cnn_unaugmented": [*MFCC_BLOCKS, ("probabilities", (7,))],
    "zcr_rms_mfcc_cnn1d_unaugmented": [
        ("input", (880,)),
        ("sequence", (880, 1)),
        *[("conv_1", (880, 256)), ("activation_1", (880, 256)), ("norm_1", (880, 256))],
        *[("dropout_1", (880, 256)), ("pool_1", (440, 256))],
        *[("conv_2", (440, 512)), ("activation_2", (440, 512)), ("norm_2", (440, 512))],
        *[("dropout_2", (440, 512)), ("pool_2", (220, 512))],
        *[("conv_3", (220, 256)), ("activation_3", (220, 256)), ("norm_3", (220, 256))],
        *[("dropout_3", (220, 256)), ("pool_3", (110, 256))],
        *[("conv_4", (110, 256)), ("activation_4", (110, 256)), ("norm_4", (110, 256))],
        *[("dropout_4", (110, 256)), ("pool_4", (55, 256))],
        *[("conv_5", (55, 128)), ("activation_5", (55, 128)), ("norm_5", (55, 128))],
        *[("dropout_5", (55, 128)), ("pool_5", (28, 128))],
        ("flatten", (3584,)),
        *[("dense_1", (256,)), ("dense_norm_1", (256,)), ("dense_dropout_1", (256,))],
        ("probabilities", (7,)),
    ],
    "zcr_rms_cnn1d": [
        ("input", (157, 2)),
        *[("conv_1", (157, 16)), ("activation_1", (157, 16)), ("pool_1", (78, 16))],
        *[("conv_2", (78, 32)), ("activation_2", (78, 32)), ("pool_2", (39, 32))],
        *[("conv_3", (39, 32)), ("activation_3", (39, 32)), ("pool_3", (19, 32))],
        *[("conv_4", (19, 64)), ("activation_4", (19, 64)), ("pool_4", (9, 64))],
        ("flatten", (576,)),
        *[("dense_1", (64,)), ("dense_2", (32,)), ("probabilities", (6,))],
    ],
    "mel_cnn2d": [
        ("input", (157, 64)),
        ("picture", (157, 64, 1)),
        *[("conv_1", (157, 64, 16)), ("activation_1", (157, 64, 16)), ("pool_1", (78, 32, 16))],
        *[("conv_2", (78, 32, 32)), ("activation_2", (78, 32, 32)), ("pool_2", (39, 16, 32))],
        *[("conv_3", (39, 16, 64)), ("activation_3", (39, 16, 64)), ("pool_3", (19, 8, 64))],
        *[("conv_4", (19, 8, 64)), ("activation_4", (19, 8, 64)), ("pool_4", (9, 4, 64))],
        *[("conv_5", (9, 4, 128)), ("activation_5", (9, 4, 128)), ("pool_5", (4, 2, 128))],
        *[("conv_6", (4, 2, 128)), ("activation_6", (4, 2, 128)), ("pool_6", (2, 1, 128))],
        ("flatten", (256,)),
        *[("dense_1", (128,)), ("dense_2", (64,)), ("probabilities", (6,))],
    ],
}
LAYERS["zcr_rms_mfcc_cnn1d"] = LAYERS["zcr_rms_mfcc_cnn1d_unaugmented"]
LAYERS["mfcc_cnn"] = LAYERS["mfcc_cnn_unaugmented"]
AUGMENTED = {"zcr_rms_mfcc_cnn1d": 4, "mfcc_cnn": 3}  # effects


def inside(name):
    """Prefix of the parameters of all steps after the loader."""
    return "classifier__estimator__" if name in AUGMENTED else ""


def unaugmented(model):
    """The steps in one pipeline, without what makes copies."""
    last = model.named_steps["classifier"]
    if not isinstance(last, AugmentedClassifier):
        return model
    inner = getattr(last, "estimator_", last.estimator)
    return SpeechPipeline([model.steps[0], *inner.steps])


@pytest.fixture(scope="module")
def clips():
    """Noise of 1 to 6 seconds, two clips each of seven voices."""
    rng = np.random.default_rng(0)
    seconds = [1.0, 2.5, 5.0, 6.0, 2.0, 3.0, 4.0] * 2
    waves = [0.1 * rng.normal(size=int(16000 * length)) for length in seconds]
    return AudioClips(waves, metadata=pd.DataFrame({"speaker": [*range(7)] * 2}))


class TestShapes:
    @pytest.mark.parametrize("name", NAMES)
    def test_features_have_the_published_shape(self, name, clips):
        features = unaugmented(get_recipe(name).make())[:-1].fit_transform(clips)
        assert features.shape == (len(clips), *SHAPES[name])
        assert features.dtype == np.float32

    @pytest.mark.parametrize("name", NAMES)
    def test_length_of_the_clips_does_not_matter(self, name, clips):
        steps = unaugmented(get_recipe(name).make())[:-1].fit(clips)
        for one in clips[:4]:
            assert steps.transform([one]).shape == (1, *SHAPES[name])

    @pytest.mark.skipif(find_spec("scikeras") is None, reason="needs the extra keras")
    @pytest.mark.parametrize("name", LAYERS)
    def test_network_layer_by_layer(self, name, clips):
        recipe = get_recipe(name)
        model = recipe.make(epochs=1, random_state=0)
        model.set_params(**{f"{inside(name)}classifier__early_stopping": False})
        n_clips = max(len(recipe.classes), 7)
        model.fit(clips[:n_clips], np.resize(recipe.classes, n_clips))
        layers = unaugmented(model)[-1].build_model().layers
        assert [(layer.name, layer.output.shape[1:]) for layer in layers] == LAYERS[name]

    def test_feature_comes_after_feature(self, clips):
        steps = get_recipe("zcr_rms_mfcc_cnn1d_unaugmented").make()[:-2].fit(clips)
        rows = steps.transform(clips)
        sequences = steps[:-1].transform(clips)
        np.testing.assert_array_equal(rows[:, :40], sequences[:, :, 0])
        np.testing.assert_array_equal(rows[:, 40:80], sequences[:, :, 1])
        np.testing.assert_array_equal(rows[:, 80:120], sequences[:, :, 2])

    def test_short_clips_are_followed_by_zeros(self, clips):
        sequences = get_recipe("zcr_rms_cnn1d").make()[:-1].fit_transform(clips)
        assert np.all(sequences[0, 32:] == 0)
        assert np.all(np.any(sequences[3] != 0, axis=1))

    @pytest.mark.parametrize("name", ["zcr_rms_cnn1d", "mel_cnn2d"])
    @pytest.mark.parametrize("rate", [8000, 22050, 44100])
    def test_another_rate_keeps_time(self, name, rate):
        assert get_recipe(name).make(sample_rate=rate).named_steps["features"].n_frames == 157

    def test_another_rate_with_hops_in_samples(self):
        for name, n_frames in (("mfcc_cnn2d", 79), ("zcr_rms_mfcc_cnn1d_unaugmented", 79)):
            model = get_recipe(name).make(sample_rate=16000)
            assert model.named_steps["features"].n_frames == n_frames


class TestParameters:
    @pytest.mark.parametrize("name", NAMES)
    def test_they_reach_their_steps(self, name, tmp_path):
        given = {"sample_rate": 12000, "epochs": 3, "memory": str(tmp_path), "n_jobs": 2}
        model = get_recipe(name).make(**given, random_state=7, verbose=1)
        parameters = model.get_params()
        assert isinstance(model, SpeechPipeline)
        rates = {v for k, v in parameters.items() if k.endswith("__sample_rate")}
        assert rates == {12000}
        prefix = inside(name)
        expected = {
            "features__memory": str(tmp_path),
            "features__n_jobs": 2,
            "features__verbose": 1,
            "classifier__epochs": 3,
            "classifier__random_state": 7,
            "classifier__verbose": 1,
        }
        assert {key: parameters[prefix + key] for key in expected} == expected

    @pytest.mark.parametrize("name", NAMES)
    def test_pipelines_are_new_and_can_be_cloned(self, name):
        make = get_recipe(name).make
        assert make().named_steps["classifier"] is not make().named_steps["classifier"]
        assert repr(clone(make())) == repr(make())

    @pytest.mark.parametrize("name", NAMES)
    def test_signature(self, name):
        parameters = inspect.signature(get_recipe(name).make).parameters
        assert {p.kind for p in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}
        assert list(parameters) == [
            *["sample_rate", "epochs", "memory", "n_jobs", "random_state", "verbose"]
        ]


class TestRegistry:
    @pytest.mark.parametrize("name", LAYERS)
    def test_recipe_tells_the_truth_about_its_pipeline(self, name):
        recipe = get_recipe(name)
        model = recipe.make()
        assert recipe.name == recipe.make.__name__ == name
        assert getattr(recipes, name) is recipe.make
        assert model.get_params()["loader__sample_rate"] == recipe.sample_rate
        owner, parameters = PRESETS[recipe.network]
        network = unaugmented(model)[-1]
        assert type(network).__name__ == owner
        assert {key: getattr(network, key) for key in parameters} == parameters

    def test_ours_is_the_named_pipeline(self):
        recipe = get_recipe("mel_crnn")
        ours = recipe.make(epochs=7, random_state=1)
        assert type(ours[-1]).__name__ == recipe.network
        named = make_ser_pipeline("mel", "crnn", random_state=1)
        assert repr(ours) == repr(named.set_params(classifier__epochs=7))

    @pytest.mark.parametrize("name", LAYERS)
    def test_docstring_tells_sources_apart(self, name):
        text = get_recipe(name).make.__doc__
        for part in ("README", "**Stated.**", "**Inferred.**", "**Protocol.**"):
            assert part in text

    def test_reported(self):
        reported = {name: dict(get_recipe(name).reported) for name in NAMES}
        assert reported == {
            "mfcc_cnn2d": {"accuracy": 0.6944},
            "zcr_rms_mfcc_cnn1d": {},
            "zcr_rms_mfcc_cnn1d_unaugmented": {},
            "zcr_rms_cnn1d": {"accuracy": 0.5087, "f1": 0.4962},
            "mel_cnn2d": {"accuracy": 0.6386, "f1": 0.6342},
            "mfcc_cnn": {"accuracy": 0.96},
            "mfcc_cnn_unaugmented": {"accuracy": 0.96},
            "mel_crnn": {},
        }

    def test_classes(self):
        assert get_recipe("mfcc_cnn2d").classes == tuple(sorted(SEX_EMOTIONS))
        sizes = {name: len(get_recipe(name).classes) for name in LAYERS}
        assert sizes == {name: layers[-1][1][0] for name, layers in LAYERS.items()}

    def test_list_is_a_copy(self):
        list_recipes().clear()
        assert set(list_recipes()) == {*NAMES, *OTHERS}

    @pytest.mark.parametrize(
        ("name", "meant"),
        [
            ("mel_cnn", "mel_crnn"),
            ("mfcc-cnn2d", "mfcc_cnn2d"),
            ("ZCR_RMS_CNN1D", "zcr_rms_cnn1d"),
        ],
    )
    def test_unknown_name(self, name, meant):
        with pytest.raises(ValueError, match=f"no recipe '{name}'. Did you mean '{meant}'"):
            get_recipe(name)

    def test_no_name(self):
        with pytest.raises(ValueError, match="no recipe None"):
            get_recipe(None)

    @pytest.mark.parametrize("name", [*NAMES, *OTHERS])
    @pytest.mark.filterwarnings("ignore::sklearn_ser.exceptions.CorpusWarning")
    def test_loading_gives_the_classes(self, name, corpora):
        recipe = get_recipe(name)
        folders = {corpus: corpora / corpus for corpus in recipe.corpora}
        bunch = load_corpora(folders, in_memory=False, **recipe.loading)
        assert tuple(bunch.target_names) == recipe.classes


class TestVoting:
    """Several networks and a linear model, whose probabilities are averaged."""

    def test_members(self):
        recipe = get_recipe("crnn_voting")
        members = recipe.make(random_state=5, epochs=7).named_steps["classifier"].estimators
        found = {name: (member[-1].get_params()["random_state"]) for name, member in members}
        seeds = {"mel_1": 5, "frames_1": 5, "mel_2": 6, "frames_2": 6, "logreg": 5}
        assert found == seeds
        for name, member in members[:-1]:
            assert member.named_steps["classifier"].epochs == 7
            features = name.partition("_")[0]
            named = make_ser_pipeline(features, "crnn", random_state=seeds[name])[1:]
            assert repr(member) == repr(named.set_params(classifier__epochs=7))
        assert recipe.classes == get_recipe("mel_crnn").classes
        assert recipe.make is recipes.crnn_voting

    def test_parameters_arrive(self):
        model = recipes.crnn_voting(sample_rate=8000, n_networks=3, n_jobs=2, memory="kept")
        params = clone(model).get_params()
        rates = {value for name, value in params.items() if name.endswith("sample_rate")}
        caches = {value for name, value in params.items() if name.endswith("features__memory")}
        assert (rates, caches, params["classifier__n_jobs"]) == ({8000}, {"kept"}, 2)
        assert len(params["classifier__estimators"]) == 7
        assert params["classifier__mel_1__classifier__random_state"] is None

    @pytest.mark.skipif(find_spec("tensorflow") is None, reason="needs the extra keras")
    def test_probabilities_are_the_members_mean(self, clips):
        labels = np.array(["calm", "sad"] * 7)
        short = {f"classifier__{name}__classifier__filters": (4,) for name in ("mel_1", "frames_1")}
        pools = {name.replace("filters", "pool_size"): (2,) for name in short}
        model = recipes.crnn_voting(epochs=1, n_networks=1, random_state=0)
        model.set_params(**short, **pools).fit(clips, labels)
        vote = model.named_steps["classifier"]
        of_members = [member.predict_proba(clips) for member in vote.estimators_]
        assert len(of_members) == 3
        np.testing.assert_allclose(model.predict_proba(clips), np.mean(of_members, 0), atol=1e-6)

    @pytest.mark.parametrize("n_networks", [0, -1, 1.5, True, "2"])
    def test_number_of_networks(self, n_networks):
        with pytest.raises(ValueError, match=r"n_networks=.* is no whole number from 1 on"):
            recipes.crnn_voting(n_networks=n_networks)
