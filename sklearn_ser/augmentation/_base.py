"""BaseAugmenter: what every augmenter has in common, and the checks around it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from sklearn_ser.audio._clips import AudioClips
from sklearn_ser.augmentation._ranges import check_range
from sklearn_ser.exceptions import AudioError

__all__ = ["Array", "BaseAugmenter", "Parameters", "RandomState", "generator_of"]

Array = NDArray[np.float32]
Parameters = dict[str, Any]  # names and plain numbers
RandomState = int | np.random.Generator | None

_FORMS = {
    "waveform": (1, "one waveform, a 1-D array (n_samples,)"),
    "sequence": (2, "one clip's sequence, a 2-D array (n_frames, n_coefs)"),
}


class BaseAugmenter(ABC, BaseEstimator):
    """Base of all augmenters: draws its parameters, applies them, and checks what came out.

    Augmenters have parameters like any estimator, so that `clone`, `set_params` and searches
    know them. They have neither `fit` nor `transform`: a pipeline refuses them, and no clip that
    is scored can be augmented by mistake.

    One that you write yourself gives `_draw(waveform, sample_rate, random_state)`, which returns
    a dict of numbers, at least one, and `_apply(waveform, sample_rate, **parameters)`, which
    returns a new array; `_strength` reads a number or a range. Where it has a parameter
    `probability`, that is obeyed here.

    Attributes
    ----------
    input_kind : {"waveform", "sequence"}
        What is augmented: a waveform (n_samples,), or features (n_frames, n_coefs) of one clip.
    keeps_length : bool
        Whether the result must be as long as what was given.

    See Also
    --------
    as_augmenter : Makes one of a function.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser.augmentation import BaseAugmenter
    >>> class Reverser(BaseAugmenter):
    ...     def _draw(self, waveform, sample_rate, random_state):
    ...         return {"sign": int(random_state.choice([-1, 1]))}
    ...     def _apply(self, waveform, sample_rate, *, sign):
    ...         return sign * waveform[::-1]
    >>> Reverser().augment(np.arange(3.0), 16000, random_state=1)
    array([-2., -1., -0.], dtype=float32)
    """

    input_kind: ClassVar[str] = "waveform"
    keeps_length: ClassVar[bool] = True

    def augment(
        self, waveform: Any, sample_rate: float | None = None, random_state: RandomState = None
    ) -> Array:
        """Draw parameters, apply them and check the result.

        Parameters
        ----------
        waveform : ndarray of shape (n_samples,) or (n_frames, n_coefs)
            Floats of any width: one waveform or one sequence, as `input_kind` says.
        sample_rate : float, default=None
            Rate of the waveform in Hz; sequences need none.
        random_state : int, numpy.random.Generator or None, default=None
            Where the parameters come from. The same seed gives the same result to the bit.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_frames, n_coefs), float32
            A new, contiguous array. A stretch may change ``n_samples``.

        Raises
        ------
        AudioError
            The input is of the wrong kind; or a result is not finite, has another shape where
            it must not, or the augmenter changed its input.
        ValueError
            A parameter makes no sense; the message shows the mend.
        """
        return self.augment_many(waveform, sample_rate, [random_state])[0]

    def augment_many(
        self, waveform: Any, sample_rate: float | None, random_states: Iterable[RandomState]
    ) -> list[Array]:
        """Augment one clip several times and share the work among the copies.

        Parameters
        ----------
        waveform : ndarray of shape (n_samples,) or (n_frames, n_coefs)
            One waveform or one sequence.
        sample_rate : float or None
            Rate of the waveform in Hz; sequences need none.
        random_states : iterable of int, numpy.random.Generator or None
            One a copy.

        Returns
        -------
        list of ndarray
            To the bit what :meth:`augment` gives for each of them.
        """
        given = np.array(self._checked(waveform, sample_rate))  # ours: the caller's stays as it is
        drawn = [self.draw(given, sample_rate, generator_of(seed)) for seed in random_states]
        before = given.copy()
        with np.errstate(over="ignore", invalid="ignore"):  # told as an error below
            results = self._apply_many(given, sample_rate, drawn)
        if not np.array_equal(given, before):
            raise AudioError(
                f"{self._name} changed its input in place; let it work on a copy "
                "(waveform = waveform.copy()) and return that."
            )
        return [self._checked_result(result, given) for result in results]

    def draw(
        self, waveform: Any, sample_rate: float | None, random_state: RandomState
    ) -> Parameters:
        """Draw what :meth:`apply` is to do, and report it.

        Parameters
        ----------
        waveform : ndarray of shape (n_samples,) or (n_frames, n_coefs)
            The clip.
        sample_rate : float or None
            Rate of a waveform in Hz.
        random_state : int, numpy.random.Generator or None
            Where the numbers come from.

        Returns
        -------
        dict of str to number
            Fit for JSON or a row of a table. An empty one means: leave the clip as it is.
        """
        random_state = generator_of(random_state)
        probability = self._checked_probability()
        given = self._checked(waveform, sample_rate)
        if probability < 1 and random_state.random() >= probability:
            return {}
        return self._draw(given, sample_rate, random_state)

    def apply(self, waveform: Any, sample_rate: float | None, **parameters: Any) -> Array:
        """Apply what was drawn.

        Parameters
        ----------
        waveform : ndarray of shape (n_samples,) or (n_frames, n_coefs)
            The clip.
        sample_rate : float or None
            Rate of a waveform in Hz.
        **parameters : dict
            From :meth:`draw`; without any the result is a copy.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_frames, n_coefs), float32
            A new array.
        """
        given = self._checked(waveform, sample_rate)
        return self._apply(given, sample_rate, **parameters) if parameters else given.copy()

    @abstractmethod
    def _draw(
        self, waveform: Array, sample_rate: Any, random_state: np.random.Generator
    ) -> Parameters:
        """Return the parameters, one at least."""

    @abstractmethod
    def _apply(self, *args: Any, **kwargs: Any) -> Array:
        """Return a new array, from the waveform, its rate and, by name, the parameters."""

    def _apply_many(
        self, waveform: Array, sample_rate: float | None, drawn: list[Parameters]
    ) -> list[Array]:
        """Apply several draws to one clip; for those that can share work."""
        return [self.apply(waveform, sample_rate, **parameters) for parameters in drawn]

    @property
    def _name(self) -> str:
        return type(self).__name__

    def _checked_probability(self) -> float:
        value = getattr(self, "probability", 1.0)
        if not isinstance(value, Real) or isinstance(value, bool) or not 0 <= float(value) <= 1:
            raise ValueError(
                f"{self._name}: probability={value!r} is not a number between 0 and 1; 0.5 leaves "
                "every other copy as it is."
            )
        return float(value)

    def _strength(
        self, name: str, *, low: float = -np.inf, high: float = np.inf, hint: str = ""
    ) -> tuple[float, float]:
        """Return a parameter, a number or a pair (low, high), as a pair of finite numbers."""
        hint = hint or "Give a number, or a pair (low, high) to draw from."
        return check_range(getattr(self, name), name, self._name, low=low, high=high, hint=hint)

    def _checked(self, waveform: Any, sample_rate: Any) -> Array:
        """Return the input as contiguous float32, itself where it is so."""
        n_dims, form = _FORMS[self.input_kind]
        samples = _as_array(waveform)
        if samples.ndim != n_dims or samples.dtype.kind != "f":
            raise AudioError(f"{self._name} takes {form} of floats; got {_told(samples)}.{_MEND}")
        if not samples.size:
            raise AudioError(f"{self._name} got an empty array of shape {samples.shape}.")
        with np.errstate(over="ignore"):
            samples = np.ascontiguousarray(samples, dtype=np.float32)
        if not np.isfinite(samples).all():
            raise AudioError(f"{self._name} got NaN or infinity; mend or leave out the clip.")
        if self.input_kind == "waveform":
            _check_rate(sample_rate, self._name)
        return samples

    def _checked_result(self, result: Any, given: Array) -> Array:
        result = _as_array(result)
        if result.dtype.kind != "f" or result.ndim != given.ndim or not result.size:
            raise AudioError(
                f"{self._name} returned {_told(result)} for {_told(given)}; it must return floats "
                "of that form."
            )
        if self.keeps_length and result.shape != given.shape:
            raise AudioError(
                f"{self._name} returned shape {result.shape} for {given.shape}, yet its "
                "keeps_length is True: cut or pad the result, or set keeps_length = False."
            )
        with np.errstate(over="ignore"):
            result = np.array(result, dtype=np.float32, order="C", ndmin=1)
        if not np.isfinite(result).all():
            raise AudioError(f"{self._name} returned NaN or infinity; weaken or mend it.")
        return result


_MEND = (
    " Waveforms of integers are scaled to [-1, 1] by AudioClips; a set of clips is augmented clip "
    "by clip; effects on sound take waveforms, SpecAugmenter takes sequences."
)


def generator_of(random_state: Any) -> np.random.Generator:
    """Return a generator from a seed, from itself or from nothing."""
    is_seed = isinstance(random_state, Integral) and not isinstance(random_state, bool)
    if random_state is None or isinstance(random_state, np.random.Generator) or is_seed:
        return np.random.default_rng(random_state)
    raise TypeError(
        f"random_state={random_state!r} is neither None nor an int nor a numpy.random.Generator; "
        "make one with numpy.random.default_rng(seed)."
    )


def _as_array(value: Any) -> NDArray[Any]:
    """Return an array, of objects where it is a set of clips or ragged."""
    if isinstance(value, AudioClips):  # not to decode them all for an error
        return np.empty(len(value), dtype=object)
    try:
        return np.asarray(value)
    except ValueError:
        return np.empty(0, dtype=object)


def _told(samples: NDArray[Any]) -> str:
    return f"shape {samples.shape} and dtype {samples.dtype}"


def _check_rate(sample_rate: Any, owner: str) -> None:
    if not isinstance(sample_rate, Real) or not 0 < float(sample_rate) < np.inf:
        raise ValueError(
            f"{owner}: sample_rate={sample_rate!r} is not a positive number of samples a second; "
            "give the waveform's rate, such as 16000."
        )
