"""The same seed gives the same network, whoever else trains, predicts or has trained."""

from __future__ import annotations

import os
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

import numpy as np
import pytest

from sklearn_ser.neural_network._network import forget_networks

pytestmark = pytest.mark.skipif(find_spec("keras") is None, reason="needs the extra keras")


def assert_equal_weights(one, other):
    for a, b in zip(one.weights_, other.weights_, strict=True):
        np.testing.assert_array_equal(a, b)


def differ(one, other):
    return any((a != b).any() for a, b in zip(one.weights_, other.weights_, strict=True))


class TestRandomState:
    def test_the_same_int_gives_the_same_bits(self, clips, cnn):
        first, second = (cnn(epochs=2).fit(clips.X, clips.y) for _ in range(2))
        assert_equal_weights(first, second)
        assert first.history_ == second.history_

    def test_another_int_gives_another_network(self, clips, dense):
        one, other = (dense(random_state=i).fit(clips.X, clips.y) for i in range(2))
        assert differ(one, other)

    @pytest.mark.parametrize("change", [{"dropout": 0.0}, {"batch_size": 48}])
    def test_the_seed_decides_dropout_as_well_as_the_order(self, change, clips, dense):
        """Both go on from the same weights, so that those are not what differs."""
        models = [dense(warm_start=True, **change).fit(clips.X, clips.y) for _ in range(2)]
        for seed, model in enumerate(models, start=5):
            model.set_params(random_state=seed).fit(clips.X, clips.y)
        assert differ(*models)

    def test_a_random_state_is_drawn_from(self, clips, dense):
        generator = np.random.RandomState(3)
        first, second = (dense(random_state=generator).fit(clips.X, clips.y) for _ in range(2))
        again = dense(random_state=np.random.RandomState(3)).fit(clips.X, clips.y)
        assert_equal_weights(first, again)
        assert differ(first, second)

    def test_none_differs_from_fit_to_fit(self, clips, dense):
        first, second = (dense(random_state=None).fit(clips.X, clips.y) for _ in range(2))
        assert differ(first, second)

    def test_none_works_after_a_seeded_fit(self, clips, dense):
        dense(random_state=0).fit(clips.X, clips.y)
        assert dense(random_state=None).fit(clips.X, clips.y).n_iter_ == 1


class TestPool:
    def test_a_used_network_trains_as_a_fresh_one(self, clips, cnn):
        cnn(epochs=2, random_state=7).fit(clips.X, clips.y)
        used = cnn(epochs=2).fit(clips.X, clips.y)
        forget_networks()
        fresh = cnn(epochs=2).fit(clips.X, clips.y)
        assert_equal_weights(used, fresh)

    def test_predictions_are_the_same_on_a_fresh_network(self, clips, cnn):
        model = cnn().fit(clips.X, clips.y)
        before = model.predict_proba(clips.X)
        forget_networks()
        np.testing.assert_array_equal(model.predict_proba(clips.X), before)

    def test_two_estimators_never_share_weights(self, clips, dense):
        models = [dense(random_state=i).fit(clips.X, clips.y) for i in range(3)]
        expected = [model.predict_proba(clips.X) for model in models]
        for i in (0, 1, 0, 2, 1, 1, 0):
            np.testing.assert_array_equal(models[i].predict_proba(clips.X), expected[i])
        assert np.abs(expected[0] - expected[1]).max() > 0.01

    def test_training_one_does_not_change_the_other(self, clips, dense):
        first = dense().fit(clips.X, clips.y)
        before = first.predict_proba(clips.X)
        dense(random_state=1, epochs=3).fit(clips.X, clips.y)
        np.testing.assert_array_equal(first.predict_proba(clips.X), before)

    def test_a_failed_fit_leaves_no_trace(self, clips, dense):
        import keras

        class Broken(keras.callbacks.Callback):
            def on_train_batch_end(self, batch, logs=None):
                raise RuntimeError("in the middle")

        expected = dense().fit(clips.X, clips.y)
        with pytest.raises(RuntimeError, match="in the middle"):
            dense(callbacks=Broken(), random_state=4).fit(clips.X, clips.y)
        assert_equal_weights(dense().fit(clips.X, clips.y), expected)


class TestInsideTraining:
    @pytest.fixture
    def calling(self):
        """Make a callback that calls a function at the end of every epoch."""
        import keras

        def make(function):
            return keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: function())

        return make

    def test_another_network_predicts(self, calling, clips, dense):
        other = dense(random_state=1).fit(clips.X, clips.y)
        before, seen = other.predict_proba(clips.X), []
        callback = calling(lambda: seen.append(other.predict_proba(clips.X)))
        model = dense(epochs=2, callbacks=callback).fit(clips.X, clips.y)
        assert len(seen) == 2
        np.testing.assert_array_equal(seen, [before] * 2)
        assert_equal_weights(model, dense(epochs=2).fit(clips.X, clips.y))

    def test_another_network_trains(self, calling, clips, dense):
        trained = []
        callback = calling(lambda: trained.append(dense(random_state=1).fit(clips.X, clips.y)))
        model = dense(epochs=2, callbacks=callback).fit(clips.X, clips.y)
        assert_equal_weights(model, dense(epochs=2).fit(clips.X, clips.y))
        for inner in trained:
            assert_equal_weights(inner, dense(random_state=1).fit(clips.X, clips.y))


class TestThreads:
    def test_four_predict_while_one_trains(self, clips, cnn):
        models = [cnn(random_state=i).fit(clips.X, clips.y) for i in range(4)]
        expected = [model.predict_proba(clips.X) for model in models]
        trained = cnn(epochs=4, random_state=9).fit(clips.X, clips.y)
        ended = threading.Event()

        def predict(i):
            results = [models[i].predict_proba(clips.X)]
            while not ended.wait(0.01):
                results.append(models[i].predict_proba(clips.X))
            return results

        with ThreadPoolExecutor(5) as pool:
            predicting = [pool.submit(predict, i) for i in range(4)]
            training = pool.submit(cnn(epochs=4, random_state=9).fit, clips.X, clips.y)
            try:
                meanwhile = training.result()
            finally:
                ended.set()
        assert_equal_weights(meanwhile, trained)
        for i, results in enumerate(predicting):
            for probabilities in results.result():
                np.testing.assert_array_equal(probabilities, expected[i])

    def test_fits_wait_for_each_other(self, clips, dense):
        seeds = range(3)
        expected = [dense(random_state=seed).fit(clips.X, clips.y) for seed in seeds]
        with ThreadPoolExecutor(3) as pool:
            fits = [pool.submit(dense(random_state=s).fit, clips.X, clips.y) for s in seeds]
        for fit, one in zip(fits, expected, strict=True):
            assert_equal_weights(fit.result(), one)


class TestGlobalState:
    def test_determinism_is_switched_back(self, clips, dense):
        from tensorflow.python.framework import config

        dense().fit(clips.X, clips.y)
        assert not config.is_op_determinism_enabled()

    def test_random_operations_without_a_seed_work_and_differ(self, clips, dense):
        import tensorflow as tf

        dense().fit(clips.X, clips.y)
        first, second = (tf.random.normal([8]).numpy() for _ in range(2))
        assert (first != second).any()

    def test_seeds_of_others_go_on(self, clips, dense):
        random.seed(5)
        np.random.seed(5)
        expected = random.random(), np.random.random()
        random.seed(5)
        np.random.seed(5)
        dense().fit(clips.X, clips.y).predict(clips.X)
        assert (random.random(), np.random.random()) == expected

    def test_the_environment_is_as_before(self, clips, dense):
        dense().fit(clips.X, clips.y)
        before = dict(os.environ)
        dense().fit(clips.X, clips.y)
        assert dict(os.environ) == before
        assert "TF_DETERMINISTIC_OPS" not in os.environ
