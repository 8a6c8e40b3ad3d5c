"""Neural networks beside bare Keras: training, one clip's prediction, memory, two workers.

The same networks on the same random data with the same epochs and batch size. Bare Keras has its
network compiled and traced before the clock starts; ours is timed as a user calls it: ``fit`` on
arrays, with checks, new weights, and six scores an epoch where bare Keras counts accuracy.

Run as ``python -m benchmarks.neural_network [--write]``; it takes some minutes.
"""

from __future__ import annotations

import os
import statistics
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import psutil
from joblib.externals.loky import get_reusable_executor
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from benchmarks._report import environment, table, write_section
from benchmarks._timing import alone, ratio, seconds
from sklearn_ser import CNN1DClassifier, CNN2DClassifier, DenseClassifier

BATCH_SIZE = 32
N_CLASSES = 8
ROUNDS = 5
CALLS = 100
FITS = 30
FITS_OF_KERAS = 12
FITS_BEFORE_MEMORY_COUNTS = 3
CNN2D = "CNN2DClassifier, mfcc-cnn2d"
GRID = {"filters": [(32, 64), (64, 128, 128)], "learning_rate": [0.001, 0.0003]}

Way = Callable[[], object]


@dataclass(frozen=True)
class Case:
    """One network, what it trains on, and for how long."""

    name: str
    network: Any
    shape: tuple[int, ...]

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Return random clips and their classes, all classes equally often."""
        X = np.random.default_rng(0).normal(size=self.shape).astype(np.float32)
        return X, np.arange(len(X)) % N_CLASSES


def cases() -> list[Case]:
    """Return a large network, a middling and a small one."""
    fixed: dict[str, Any] = {"batch_size": BATCH_SIZE, "random_state": 0}
    large = CNN2DClassifier.from_preset("mfcc-cnn2d", epochs=6, **fixed)
    return [
        Case(CNN2D, large, (200, 216, 30)),
        Case("CNN1DClassifier", CNN1DClassifier(epochs=10, **fixed), (300, 300, 20)),
        Case("DenseClassifier", DenseClassifier(epochs=50, **fixed), (1000, 768)),
    ]


def compiled(network: Any, *, jit_compile: bool | str = False) -> Any:
    """Build a fitted classifier's network anew, as bare Keras has it."""
    model = network.build_model()
    loss = "categorical_crossentropy"
    model.compile(network.optimizer, loss, metrics=["accuracy"], jit_compile=jit_compile)
    return model


def without_tuning(X: np.ndarray, targets: np.ndarray) -> Any:
    """Make a dataset that has no thread which tunes it."""
    import tensorflow as tf

    options = tf.data.Options()
    options.autotune.enabled = False
    rows = tf.data.Dataset.from_tensor_slices((X, targets)).shuffle(len(X))
    return rows.batch(BATCH_SIZE).prefetch(1).with_options(options)


def ways_to_fit(case: Case) -> dict[str, Way]:
    """Return ours and three ways of Keras, all of them warm."""
    X, y = case.data()
    targets = np.eye(N_CLASSES, dtype=np.float32)[y]
    network = case.network.fit(X, y)
    dataset = without_tuning(X, targets)
    plain, batched, default = (compiled(network, jit_compile=jit) for jit in (False, False, "auto"))
    settings = {"epochs": network.epochs, "verbose": 0}
    ways: dict[str, Way] = {
        "ours": lambda: network.fit(X, y),
        "arrays": lambda: plain.fit(X, targets, batch_size=BATCH_SIZE, **settings),
        "dataset": lambda: batched.fit(dataset, shuffle=False, **settings),
        "defaults": lambda: default.fit(X, targets, batch_size=BATCH_SIZE, **settings),
    }
    for way in ways.values():
        way()
    return ways


def in_turn(ways: dict[str, Way], rounds: int) -> dict[str, list[float]]:
    """Time all ways in every round, forwards and backwards in turn."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds):
        for name in list(ways)[:: -1 if number % 2 else 1]:
            times[name].append(seconds(ways[name]))
    return times


def fit_table(rounds: int = ROUNDS) -> str:
    """Compare training with bare Keras' own."""
    rows = []
    for case in cases():
        times = in_turn(ways_to_fit(case), rounds)
        ours = times.pop("ours")
        ratios = [ratio(ours, others) for others in times.values()]
        others = [f"{statistics.median(taken):.2f}" for taken in times.values()]
        size = f"{' x '.join(map(str, case.shape))}, {case.network.epochs} epochs"
        rows.append([case.name, size, f"{statistics.median(ours):.2f}", *others, *ratios])
    keras = ["Keras on arrays", "Keras on tf.data, no tuning", "Keras' defaults (jit auto)"]
    units = [f"{name}, s" for name in ("ours", *keras)]
    return table(["network", "data", *units, *(f"ours / {name}" for name in keras)], rows)


def predict_table(calls: int = CALLS) -> str:
    """Time the prediction of one clip by the largest network."""
    case = cases()[0]
    X, y = case.data()
    network = clone(case.network).set_params(epochs=1).fit(X, y)
    model, clip = network.build_model(), X[:1]
    ways: dict[str, Way] = {
        "ours: predict_proba(clip)": lambda: network.predict_proba(clip),
        "Keras: model.predict(clip)": lambda: model.predict(clip, verbose=0),
        "Keras: model(clip)": lambda: model(clip, training=False),
    }
    in_turn(ways, 3)
    times = in_turn(ways, calls)
    header = [f"one clip, {case.name}", "median, ms", "9 of 10 within, ms"]
    return table(header, [[name, *milliseconds(taken)] for name, taken in times.items()])


def milliseconds(times: list[float]) -> list[str]:
    """Median and ninth decile."""
    return [f"{1000 * value:.1f}" for value in np.quantile(times, [0.5, 0.9])]


def memory_of_ours(fits: int) -> list[float]:
    """Resident megabytes after each fit of a new classifier."""
    case = cases()[1]
    X, y = case.data()
    return resident(lambda: clone(case.network).set_params(epochs=1).fit(X, y), fits)


def memory_of_keras(fits: int) -> list[float]:
    """Resident megabytes after each fit of a network that Keras has just built."""
    case = cases()[1]
    X, y = case.data()
    targets = np.eye(N_CLASSES, dtype=np.float32)[y]
    network = clone(case.network).set_params(epochs=1).fit(X, y)
    settings = {"batch_size": BATCH_SIZE, "epochs": 1, "verbose": 0}
    return resident(lambda: compiled(network).fit(X, targets, **settings), fits)


def resident(work: Way, times: int) -> list[float]:
    """Megabytes of the process after each call."""
    process = psutil.Process()
    megabytes = []
    for _ in range(times):
        work()
        megabytes.append(process.memory_info().rss / 2**20)
    return megabytes


def memory_table(fits: int = FITS, fits_of_keras: int = FITS_OF_KERAS) -> str:
    """Tell how much memory each further fit keeps."""
    taken = {
        "ours": alone(memory_of_ours, fits),
        "Keras, built anew for each fit": alone(memory_of_keras, fits_of_keras),
    }
    header = [f"{cases()[1].name}, one epoch", "fits", "first, MB", "third, MB", "last, MB"]
    header += ["MB a fit after the third", "MB a fit in the last half"]
    return table(header, [[name, *growth(values)] for name, values in taken.items()])


def growth(values: list[float]) -> list[str]:
    """Describe how the resident megabytes grew."""
    third, middle = FITS_BEFORE_MEMORY_COUNTS - 1, len(values) // 2
    ends = [f"{values[place]:.0f}" for place in (0, third, -1)]
    return [str(len(values)), *ends, slope(values[third:]), slope(values[middle:])]


def slope(values: list[float]) -> str:
    """Megabytes from first to last, a step."""
    return f"{(values[-1] - values[0]) / (len(values) - 1):.2f}"


def search(n_jobs: int, epochs: int) -> tuple[float, float]:
    """Return the seconds of a search, and of its fits together as each has counted them."""
    case = Case("search", CNN1DClassifier(epochs=epochs, random_state=0), (480, 200, 20))
    X, y = case.data()
    searching = GridSearchCV(case.network, GRID, cv=3, n_jobs=n_jobs, refit=False)
    taken = seconds(lambda: searching.fit(X, y))
    get_reusable_executor().shutdown(wait=True)  # idle workers would hold this process for minutes
    return taken, 3 * float(searching.cv_results_["mean_fit_time"].sum())


def search_table(epochs: int = 32) -> str:
    """Compare a search in one process with one in two workers, their start included."""
    one, two = (alone(search, n_jobs, epochs) for n_jobs in (1, 2))
    rows = [
        [jobs, f"{total:.1f}", f"{fits:.1f}", f"{one[0] / total:.2f}"]
        for jobs, (total, fits) in ((1, one), (2, two))
    ]
    return table(["n_jobs", "search, s", "its 12 fits together, s", "times as fast"], rows)


def main() -> None:
    """Measure all four and print the tables."""
    text = "\n\n".join(
        [
            f"`fit`: medians of {ROUNDS} rounds in turn, batches of {BATCH_SIZE}; "
            "jit_compile=False but for Keras' defaults.",
            fit_table(),
            f"Prediction: {CALLS} calls in turn, warm.",
            predict_table(),
            "Resident memory; each row in a process of its own.",
            memory_table(),
            "`GridSearchCV`, 4 candidates, 3 folds; one process computes with all cores, each of "
            "two workers with its share of them; their start is in the time.",
            search_table(),
            environment("tensorflow", "keras", "scikeras", "scikit-learn", "numpy"),
        ]
    )
    print(text)
    if "--write" in sys.argv:
        write_section("python -m benchmarks.neural_network", text)


if __name__ == "__main__":
    main()
