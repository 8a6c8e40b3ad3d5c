"""How networks train: early stopping, schedules, callbacks, warm starts and what is shown."""

from __future__ import annotations

import math
from importlib.util import find_spec

import numpy as np
import pytest

from sklearn_ser.exceptions import SpeakerWarning

pytestmark = pytest.mark.skipif(find_spec("keras") is None, reason="needs the extra keras")


def assert_equal_weights(one, other):
    for a, b in zip(one.weights_, other.weights_, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.fixture(scope="module")
def stopped(clips, dense):
    """Too large a step: the loss of the clips held out falls first and rises then."""
    settings = {"early_stopping": True, "n_iter_no_change": 3, "validation_fraction": 0.3}
    model = dense(epochs=60, learning_rate=0.1, batch_size=8, **settings)
    return model.fit(clips.X, clips.y, groups=clips.speakers)


class TestEarlyStopping:
    def test_it_stops_before_the_last_epoch(self, stopped):
        assert stopped.n_iter_ < 60
        assert stopped.n_iter_ == len(stopped.history_["loss"])

    def test_the_best_epoch_has_the_least_loss(self, stopped):
        assert stopped.best_epoch_ == np.argmin(stopped.history_["val_loss"])

    def test_it_waits_as_long_as_told(self, stopped):
        assert stopped.n_iter_ == stopped.best_epoch_ + 1 + 3

    def test_the_weights_of_the_best_epoch_are_kept(self, stopped, clips):
        held = stopped.validation_indices_
        codes = np.searchsorted(stopped.classes_, clips.y[held])
        loss = -np.log(stopped.predict_proba(clips.X[held])[np.arange(len(held)), codes]).mean()
        assert loss == pytest.approx(min(stopped.history_["val_loss"]), rel=1e-4)

    def test_whole_speakers_are_held_out(self, stopped, clips):
        held = stopped.validation_indices_
        trained = np.delete(clips.speakers, held)
        assert not set(clips.speakers[held]) & set(trained)
        assert 0.2 < len(held) / len(clips.y) < 0.4

    def test_the_best_weights_are_kept_where_no_epoch_is_left(self, clips, dense):
        model = dense(epochs=6, learning_rate=0.3, early_stopping=True, n_iter_no_change=50)
        model.fit(clips.X, clips.y, groups=clips.speakers)
        held = model.validation_indices_
        assert model.n_iter_ == 6
        assert model.best_epoch_ < 5
        accuracy = model.score(clips.X[held], clips.y[held])
        assert accuracy == pytest.approx(model.history_["val_accuracy"][model.best_epoch_])

    def test_without_groups_it_warns_and_draws(self, clips, dense):
        with pytest.warns(SpeakerWarning, match="no speakers are known"):
            model = dense(early_stopping=True).fit(clips.X, clips.y)
        _, counts = np.unique(clips.y[model.validation_indices_], return_counts=True)
        assert counts.tolist() == [3, 3, 3]

    def test_plain_fits_are_quiet(self, clips, dense):
        model = dense().fit(clips.X, clips.y)
        assert model.validation_indices_ is None
        assert model.best_epoch_ is None
        assert "val_loss" not in model.history_

    def test_what_is_held_out_does_not_change_the_weights(self, clips, cnn):
        """Nothing of those clips is trained on, not even by way of batch normalisation."""
        model = cnn(early_stopping=True).fit(clips.X, clips.y, groups=clips.speakers)
        X, y = clips.X.copy(), clips.y.copy()
        held = model.validation_indices_
        X[held] += 1000
        y[held] = np.roll(y[held], 1)
        other = cnn(early_stopping=True).fit(X, y, groups=clips.speakers)
        np.testing.assert_array_equal(other.validation_indices_, held)
        assert_equal_weights(model, other)

    def test_a_class_of_one_speaker_is_an_error(self, clips, dense):
        with pytest.raises(ValueError, match="cannot hold out whole groups"):
            dense(early_stopping=True).fit(clips.X, clips.speakers, groups=clips.speakers)


class TestAveragedWeights:
    def test_they_are_not_the_last_ones(self, clips, dense):
        """After one step the average is that step's weights, after more it lags behind."""
        settings = {"batch_size": 48, "learning_rate": 0.05, "dropout": 0.0}
        for epochs, is_same in ((1, True), (6, False)):
            last = dense(epochs=epochs, **settings).fit(clips.X, clips.y)
            average = dense(epochs=epochs, ema_momentum=0.9, **settings).fit(clips.X, clips.y)
            assert np.allclose(last.weights_[0], average.weights_[0], atol=1e-6) is is_same

    def test_early_stopping_judges_and_keeps_them(self, clips, dense):
        settings = {"early_stopping": True, "n_iter_no_change": 3, "validation_fraction": 0.3}
        model = dense(epochs=30, learning_rate=0.2, batch_size=8, ema_momentum=0.8, **settings)
        model.fit(clips.X, clips.y, groups=clips.speakers)
        held = model.validation_indices_
        codes = np.searchsorted(model.classes_, clips.y[held])
        loss = -np.log(model.predict_proba(clips.X[held])[np.arange(len(held)), codes]).mean()
        assert model.n_iter_ < 30
        assert loss == pytest.approx(min(model.history_["val_loss"]), rel=1e-4)
        assert model.best_epoch_ == np.argmin(model.history_["val_loss"])

    def test_the_next_fit_averages_anew(self, clips, dense):
        model = dense(epochs=2, ema_momentum=0.9)
        first = model.fit(clips.X, clips.y).weights_
        for a, b in zip(first, model.fit(clips.X, clips.y).weights_, strict=True):
            np.testing.assert_array_equal(a, b)


class TestSchedules:
    def test_cosine(self, clips, dense):
        model = dense(epochs=5, learning_rate=0.01, learning_rate_schedule="cosine")
        rates = model.fit(clips.X, clips.y).history_["learning_rate"]
        expected = [0.005 * (1 + math.cos(math.pi * (epoch + 0.5) / 5)) for epoch in range(5)]
        assert rates == pytest.approx(expected, rel=1e-5)

    def test_cosine_over_many_epochs_rises_first(self, clips, dense):
        model = dense(epochs=40, learning_rate=0.01, learning_rate_schedule="cosine", batch_size=48)
        rates = model.fit(clips.X, clips.y).history_["learning_rate"]
        assert rates[:2] == pytest.approx([0.0025, 0.0075])
        assert rates[2] == pytest.approx(0.01, rel=0.01)
        assert (np.diff(rates[2:]) < 0).all()
        assert rates[-1] < 1e-4

    def test_plateau_halves_a_rate_that_does_not_help(self, clips, dense):
        settings = {"learning_rate": 1e-5, "optimizer": "sgd", "weight_decay": 0.0}
        model = dense(epochs=9, learning_rate_schedule="plateau", n_iter_no_change=4, **settings)
        model.set_params(dropout=0.0, label_smoothing=0.0)
        # Keras asks for a gain of 1e-4, which a rate of 1e-5 cannot bring
        rates = model.fit(clips.X, clips.y).history_["learning_rate"]
        assert rates[0] == pytest.approx(1e-5)
        steps = np.array(rates[1:]) / rates[:-1]
        assert set(np.round(steps, 3)) == {0.5, 1.0}
        assert rates[2] == pytest.approx(1e-5)
        assert rates[3] == pytest.approx(5e-6)

    def test_a_rate_that_helps_stays(self, clips, dense):
        model = dense(epochs=4, learning_rate=0.01, learning_rate_schedule="plateau", dropout=0.0)
        rates = model.fit(clips.X, clips.y).history_["learning_rate"]
        assert rates == pytest.approx([0.01] * 4)

    def test_no_schedule_writes_no_rate(self, clips, dense):
        assert "learning_rate" not in dense().fit(clips.X, clips.y).history_

    def test_the_next_fit_begins_with_the_first_rate(self, clips, dense):
        model = dense(epochs=3, learning_rate_schedule="cosine")
        first = model.fit(clips.X, clips.y)
        weights = first.weights_
        again = model.fit(clips.X, clips.y)
        np.testing.assert_array_equal(weights[0], again.weights_[0])


class TestCallbacks:
    @pytest.fixture
    def counter(self):
        import keras

        class Counter(keras.callbacks.Callback):
            seen = []

            def __init__(self):
                super().__init__()
                self.n_epochs = 0

            def on_epoch_end(self, epoch, logs=None):
                self.n_epochs += 1
                self.seen.append((epoch, sorted(logs)))

        return Counter()

    def test_they_are_called(self, counter, clips, dense):
        dense(epochs=2, callbacks=counter).fit(clips.X, clips.y)
        names = ["accuracy", "f1", "loss", "precision", "recall", "uar"]
        assert counter.seen == [(0, names), (1, names)]

    def test_the_instance_that_was_given_stays_new(self, counter, clips, dense):
        model = dense(callbacks=[counter]).fit(clips.X, clips.y)
        assert model.callbacks == [counter]
        assert counter.n_epochs == 0
        assert counter.seen

    def test_they_may_stop_training(self, clips, dense):
        import keras

        stop = keras.callbacks.EarlyStopping(monitor="loss", patience=1, min_delta=10.0)
        model = dense(epochs=9, callbacks=[stop]).fit(clips.X, clips.y)
        assert model.n_iter_ == 2
        assert model.best_epoch_ is None

    @pytest.mark.parametrize("wrong", ["early", 3, print])
    def test_anything_else_is_refused(self, wrong, clips, dense):
        message = r"callbacks\[1\] is of type .*; give instances of keras.callbacks.Callback"
        with pytest.raises(TypeError, match=message):
            dense(callbacks=[None, wrong]).fit(clips.X, clips.y)

    def test_a_class_is_no_instance(self, counter, clips, dense):
        with pytest.raises(TypeError, match=r"callbacks\[0\] is of type type"):
            dense(callbacks=type(counter)).fit(clips.X, clips.y)


class TestWarmStart:
    def test_two_fits_go_on_as_one(self, clips, dense):
        model = dense(warm_start=True, epochs=3, learning_rate=0.01, dropout=0.0)
        first = model.fit(clips.X, clips.y).history_["loss"]
        both = model.fit(clips.X, clips.y).history_["loss"]
        assert both[:3] == first
        assert len(both) == model.n_iter_ == 6
        assert both[3] < first[2] < first[0]

    def test_the_state_of_the_optimiser_goes_on(self, clips, dense):
        """Of one batch an epoch nothing is drawn but its order, which does not matter."""
        whole = {"batch_size": 48, "dropout": 0.0, "learning_rate": 0.05}
        at_once = dense(epochs=4, **whole).fit(clips.X, clips.y)
        in_parts = dense(epochs=2, warm_start=True, **whole)
        in_parts.fit(clips.X, clips.y).fit(clips.X, clips.y)
        probabilities = in_parts.predict_proba(clips.X)
        np.testing.assert_allclose(probabilities, at_once.predict_proba(clips.X), atol=1e-5)

    def test_without_it_every_fit_begins_anew(self, clips, dense):
        model = dense(epochs=2)
        first = model.fit(clips.X, clips.y).weights_
        assert model.fit(clips.X, clips.y).n_iter_ == 2
        for a, b in zip(first, model.weights_, strict=True):
            np.testing.assert_array_equal(a, b)

    def test_the_best_epoch_is_counted_over_all_fits(self, clips, dense):
        model = dense(epochs=3, warm_start=True, early_stopping=True, n_iter_no_change=9)
        for _ in range(2):
            model.fit(clips.X, clips.y, groups=clips.speakers)
        assert model.n_iter_ == len(model.history_["val_loss"]) == 6
        assert model.best_epoch_ == 3 + np.argmin(model.history_["val_loss"][3:])

    def test_what_one_of_the_fits_did_not_measure_is_nan(self, clips, dense):
        model = dense(epochs=2, warm_start=True).fit(clips.X, clips.y)
        model.set_params(early_stopping=True, learning_rate_schedule="cosine")
        model.fit(clips.X, clips.y, groups=clips.speakers)
        for name in ("val_loss", "learning_rate"):
            assert np.isnan(model.history_[name]).tolist() == [True, True, False, False]
        model.set_params(early_stopping=False).fit(clips.X, clips.y)
        assert {len(values) for values in model.history_.values()} == {6}
        assert np.isnan(model.history_["val_uar"]).tolist() == [True] * 2 + [False] * 2 + [True] * 2

    def test_other_classes(self, clips, dense):
        model = dense(warm_start=True).fit(clips.X, clips.y)
        message = r"classes of the fit before, \['angry', 'calm', 'sad'\], got \['a', 'b'\]"
        with pytest.raises(ValueError, match=message):
            model.fit(clips.X, np.tile(["a", "b"], 24))

    def test_another_shape(self, clips, dense):
        model = dense(warm_start=True).fit(clips.X, clips.y)
        with pytest.raises(ValueError, match=r"input_shape was \(6, 3\) and is \(5, 3\)\. Set"):
            model.fit(clips.X[:, :5], clips.y)

    def test_another_network(self, clips, dense):
        model = dense(warm_start=True).fit(clips.X, clips.y).set_params(hidden_units=(4,))
        with pytest.raises(ValueError, match=r"but hidden_units was \(8,\) and is \(4,\)\. Set"):
            model.fit(clips.X, clips.y)

    def test_how_it_trains_may_change(self, clips, dense):
        model = dense(warm_start=True).fit(clips.X, clips.y)
        model.set_params(epochs=2, learning_rate=0.5, batch_size=4)
        assert model.fit(clips.X, clips.y).n_iter_ == 3

    def test_a_refused_fit_leaves_the_network(self, clips, dense):
        model = dense(warm_start=True).fit(clips.X, clips.y)
        before = model.predict_proba(clips.X)
        with pytest.raises(ValueError, match="A warm start needs the classes"):
            model.fit(clips.X, np.tile(["a", "b"], 24))
        np.testing.assert_array_equal(model.predict_proba(clips.X), before)

    def test_a_plain_fit_keeps_no_state_of_the_optimiser(self, clips, dense):
        assert dense().fit(clips.X, clips.y)._optimizer_state is None


class TestVerbose:
    def test_nothing_by_default(self, clips, dense, capfd):
        dense(epochs=2).fit(clips.X, clips.y).predict(clips.X)
        assert capfd.readouterr() == ("", "")

    def test_a_bar_of_epochs(self, clips, dense, capfd):
        dense(epochs=2, verbose=1).fit(clips.X, clips.y)
        out, err = capfd.readouterr()
        assert "epochs: 100%" in err
        assert "2/2" in err
        assert "uar=" in err
        assert out == ""

    def test_the_bar_shows_the_clips_held_out(self, clips, dense, capfd):
        model = dense(early_stopping=True, verbose=1)
        model.fit(clips.X, clips.y, groups=clips.speakers)
        assert "val_uar=" in capfd.readouterr().err

    def test_lines_of_keras(self, clips, dense, capfd):
        dense(epochs=2, verbose=2).fit(clips.X, clips.y)
        out, err = capfd.readouterr()
        assert "Epoch 2/2" in out
        assert out.count("accuracy: ") == 2
        assert err == ""


def test_warm_starts_hold_out_the_same_speakers(clips, dense):
    X, y = clips.X, clips.y
    groups = np.arange(len(y)) // 4
    network = dense(early_stopping=True, warm_start=True, random_state=None, epochs=1)
    held = [network.fit(X, y, groups=groups).validation_indices_.tolist() for _ in range(4)]
    assert held == [held[0]] * 4


def test_warm_starts_train_in_another_order(clips, dense):
    X, y = clips.X, clips.y
    network = dense(warm_start=True, epochs=1).fit(X, y)
    losses = network.fit(X, y).history_["loss"]
    fresh = dense(epochs=2).fit(X, y)
    assert losses[0] == fresh.history_["loss"][0]
    assert losses[1] != fresh.history_["loss"][1]


def test_diverged_training_is_an_error_and_leaves_the_old_model(clips, dense):
    X, y = clips.X, clips.y
    network = dense(epochs=2).fit(X, y)
    before = network.predict_proba(X)
    with pytest.raises(ValueError, match=r"diverged: the loss is .* lower the learning"):
        network.set_params(learning_rate=1e30, optimizer="sgd", epochs=5).fit(X * 1e6, y)
    np.testing.assert_array_equal(network.predict_proba(X), before)
