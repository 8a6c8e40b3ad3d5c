"""Windows by name."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal

from sklearn_ser.utils._windows import get_window


@pytest.mark.parametrize("window", ["hann", ("kaiser", 8.0), 4.0])
def test_it_is_scipys_window(window):
    np.testing.assert_array_equal(get_window(window, 30), scipy.signal.get_window(window, 30))


def test_an_unknown_window_is_refused():
    with pytest.raises(ValueError, match="window"):
        get_window("haning", 30)
