from __future__ import annotations

import statistics
import subprocess
import sys
from itertools import pairwise

import pytest

pytest.importorskip("tensorflow")
pytest.importorskip("psutil")

FITS = 12
FITS_BEFORE_IT_COUNTS = 4
MOST_MEGABYTES_A_FIT = 1.0  # a network that is built anew keeps some 7 MB

FIT_OFTEN = f"""
import numpy as np, psutil
from sklearn_ser import CNN1DClassifier

X = np.random.default_rng(0).normal(size=(64, 60, 13)).astype(np.float32)
y = np.arange(64) % 4
for seed in range({FITS}):
    CNN1DClassifier(filters=(16, 32), epochs=1, random_state=seed).fit(X, y).predict(X)
    print(psutil.Process().memory_info().rss / 2**20)
"""

FIT_WITHOUT_COLLECTOR = f"""
import gc
import numpy as np, psutil
from sklearn_ser import DenseClassifier

X = np.random.default_rng(0).normal(size=(2**12, 2**10)).astype(np.float32)  # 16 MB
y = np.arange(len(X)) % 2
gc.disable()
for seed in range({FITS}):
    DenseClassifier(hidden_units=(4,), epochs=1, batch_size=512, random_state=seed).fit(X, y)
    print(psutil.Process().memory_info().rss / 2**20)
"""


def growth_of_a_fit(script: str) -> float:
    """Run a script that prints its megabytes after each fit; return what a usual fit keeps.

    The median, since the allocator keeps a buffer for itself now and then.
    """
    command = [sys.executable, "-c", script]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    megabytes = [float(line) for line in printed.splitlines()][FITS_BEFORE_IT_COUNTS - 1 :]
    return statistics.median(b - a for a, b in pairwise(megabytes))


@pytest.mark.slow
def test_fits_give_their_memory_back():
    assert growth_of_a_fit(FIT_OFTEN) <= MOST_MEGABYTES_A_FIT


@pytest.mark.slow
def test_clips_do_not_wait_for_the_garbage_collector():
    """A cycle that holds the clips of a fit would keep 16 MB, until a collection of all objects."""
    assert growth_of_a_fit(FIT_WITHOUT_COLLECTOR) <= MOST_MEGABYTES_A_FIT
