"""Windows by name, without what takes half a second to import where none is asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["get_window"]


def get_window(window: Any, length: int) -> NDArray[np.float64]:
    """Return a window of ``scipy.signal.get_window``, as a period of it.

    Parameters
    ----------
    window : str, float or tuple
        What that function takes.
    length : int
        Number of samples.

    Returns
    -------
    ndarray of shape (length,), float64

    Raises
    ------
    TypeError, ValueError
        The window is not known.
    """
    import scipy.signal

    return np.asarray(scipy.signal.get_window(window, length, fftbins=True), dtype=np.float64)
