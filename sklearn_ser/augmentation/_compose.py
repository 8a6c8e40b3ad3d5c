"""ChainAugmenter and RandomChoiceAugmenter: augmenters made of augmenters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from sklearn_ser.augmentation._base import Array, BaseAugmenter, Parameters, generator_of
from sklearn_ser.augmentation._callable import as_augmenter

__all__ = ["ChainAugmenter", "RandomChoiceAugmenter", "names_of"]


class _ComposedAugmenter(BaseAugmenter):
    """Parts with names, so that searches reach their parameters and reports tell them apart."""

    augmenters: Sequence[Any]

    @property
    def input_kind(self) -> str:  # type: ignore[override]
        """What the parts augment: "waveform" or "sequence"."""
        kinds = {part.input_kind for _, part in self._parts()}
        if len(kinds) != 1:
            told = ", ".join(f"{name} {part.input_kind}s" for name, part in self._parts())
            raise ValueError(
                f"{self._name} mixes augmenters of two kinds of input ({told}); make one of each "
                "kind, and wrap the classifier and the whole pipeline in turn."
            )
        return str(kinds.pop())

    @property
    def keeps_length(self) -> bool:  # type: ignore[override]
        """Whether all parts keep the length."""
        return all(part.keeps_length for _, part in self._parts())

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters, with those of the parts where deep.

        Parameters
        ----------
        deep : bool, default=True
            Add the parts under their names (``noise``, ``pitchshift``; of equal ones ``noise-1``,
            ``noise-2``) and their parameters (``noise__snr_db``).

        Returns
        -------
        dict of str to object
            Names and values.
        """
        params: dict[str, Any] = super().get_params(deep=False)
        for name, part in self._parts() if deep else ():
            params[name] = part
            params |= {f"{name}__{key}": value for key, value in part.get_params().items()}
        return params

    def set_params(self, **params: Any) -> Self:
        """Set parameters, also those of parts; a part's name replaces the part.

        Parameters
        ----------
        **params : dict
            Names as in :meth:`get_params`.

        Returns
        -------
        self
            The augmenter.
        """
        if "augmenters" in params:
            self.augmenters = params.pop("augmenters")
        names = [name for name, _ in self._parts()]
        if any(name in params for name in names):
            parts = zip(names, self.augmenters, strict=True)
            self.augmenters = [params.pop(name, part) for name, part in parts]
        super().set_params(**params)
        return self

    def _parts(self) -> list[tuple[str, Any]]:
        if not isinstance(self.augmenters, list | tuple) or not self.augmenters:
            raise ValueError(
                f"{self._name}: augmenters={self.augmenters!r} is not a list of one augmenter or "
                "more."
            )
        parts = [_checked_part(part, self._name) for part in self.augmenters]
        return list(zip(names_of(parts), parts, strict=True))


class ChainAugmenter(_ComposedAugmenter):
    """Apply augmenters one after another.

    All parameters are drawn first, from the clip as it came in.

    Parameters
    ----------
    augmenters : list of augmenters
        In order; functions are taken as by :func:`as_augmenter`. All of one input kind.
    probability : float, default=1.0
        Share of the copies that are changed at all; each part has its own besides.

    Attributes
    ----------
    input_kind : {"waveform", "sequence"}
        That of the parts.
    keeps_length : bool
        Whether all parts keep it.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser import ChainAugmenter, GainAugmenter, NoiseAugmenter
    >>> chain = ChainAugmenter([GainAugmenter(6.0), NoiseAugmenter((5, 20))])
    >>> chain.draw(np.ones(10), 16000, random_state=0)
    {'gain__gain_db': 6.0, 'noise__snr_db': 14.5..., 'noise__seed': 2195314465}
    >>> chain.set_params(noise__snr_db=10).get_params()["noise__snr_db"]
    10
    """

    def __init__(self, augmenters: Sequence[Any], *, probability: float = 1.0) -> None:
        self.augmenters = augmenters
        self.probability = probability

    def _draw(
        self, waveform: Array, sample_rate: Any, random_state: np.random.Generator
    ) -> Parameters:
        drawn: Parameters = {}
        for name, part in self._parts():
            of_part = part.draw(waveform, sample_rate, random_state)
            drawn |= {f"{name}__{key}": value for key, value in of_part.items()}
        return drawn

    def _apply(self, waveform: Array, sample_rate: Any, **parameters: Any) -> Array:
        for name, part in self._parts():
            waveform = part.apply(waveform, sample_rate, **_of_part(name, parameters))
        return waveform

    def _apply_many(
        self, waveform: Array, sample_rate: float | None, drawn: list[Parameters]
    ) -> list[Array]:
        """Share the first part's work: what the later ones are given differs."""
        (first, part), *rest = self._parts()
        begun = _applied(part, waveform, sample_rate, [_of_part(first, each) for each in drawn])
        for name, part in rest:
            begun = [
                part.apply(changed, sample_rate, **_of_part(name, each))
                for changed, each in zip(begun, drawn, strict=True)
            ]
        return begun


class RandomChoiceAugmenter(_ComposedAugmenter):
    """Apply one of several augmenters, chosen anew for every copy.

    Parameters
    ----------
    augmenters : list of augmenters
        Those to choose from; functions are taken as by :func:`as_augmenter`. All of one input
        kind.
    weights : list of float, default=None
        How often each is chosen, in any unit; None chooses all alike.
    probability : float, default=1.0
        Share of the copies that are changed at all.

    Attributes
    ----------
    input_kind : {"waveform", "sequence"}
        That of the parts.
    keeps_length : bool
        Whether all parts keep it.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser import GainAugmenter, RandomChoiceAugmenter, TimeShiftAugmenter
    >>> either = RandomChoiceAugmenter([GainAugmenter(), TimeShiftAugmenter()], weights=[1, 3])
    >>> either.draw(np.ones(10), 16000, random_state=0)
    {'choice': 1, 'timeshift__seconds': -0.115...}
    """

    def __init__(
        self,
        augmenters: Sequence[Any],
        weights: Sequence[float] | None = None,
        *,
        probability: float = 1.0,
    ) -> None:
        self.augmenters = augmenters
        self.weights = weights
        self.probability = probability

    def _draw(
        self, waveform: Array, sample_rate: Any, random_state: np.random.Generator
    ) -> Parameters:
        parts = self._parts()
        choice = int(random_state.choice(len(parts), p=self._shares(len(parts))))
        name, part = parts[choice]
        of_part = part.draw(waveform, sample_rate, generator_of(random_state))
        return {"choice": choice} | {f"{name}__{key}": value for key, value in of_part.items()}

    def _apply(self, waveform: Array, sample_rate: Any, *, choice: int, **parameters: Any) -> Array:
        name, part = self._parts()[choice]
        result: Array = part.apply(waveform, sample_rate, **_of_part(name, parameters))
        return result

    def _apply_many(
        self, waveform: Array, sample_rate: float | None, drawn: list[Parameters]
    ) -> list[Array]:
        """Share work among the copies for which the same augmenter was chosen."""
        results = [waveform.copy() for _ in drawn]
        for choice, (name, part) in enumerate(self._parts()):
            places = [i for i, each in enumerate(drawn) if each.get("choice") == choice]
            of_part = [_of_part(name, drawn[place]) for place in places]
            changed = _applied(part, waveform, sample_rate, of_part)
            for place, copy in zip(places, changed, strict=True):
                results[place] = copy
        return results

    def _shares(self, n_parts: int) -> list[float] | None:
        if self.weights is None:
            return None
        weights = np.asarray(self.weights, dtype=float)
        is_sound = weights.shape == (n_parts,) and np.isfinite(weights).all()
        if not is_sound or weights.min() < 0 or weights.sum() == 0:
            raise ValueError(
                f"{self._name}: weights={self.weights!r} are not {n_parts} numbers from 0 on, one "
                "an augmenter, of which one is above 0."
            )
        return list(weights / weights.sum())


def _checked_part(part: Any, owner: str) -> BaseAugmenter:
    augmenter: BaseAugmenter = as_augmenter(part)
    lacking = [
        name
        for name in ("draw", "apply", "get_params", "input_kind", "keeps_length")
        if not hasattr(augmenter, name)
    ]
    if lacking:
        raise TypeError(
            f"{owner}: {type(part).__name__} lacks {', '.join(lacking)}; derive it from "
            "BaseAugmenter, or give a function of samples= and sample_rate=."
        )
    return augmenter


def _applied(
    part: Any, waveform: Array, sample_rate: float | None, drawn: list[Parameters]
) -> list[Array]:
    """Apply several draws of one part, which may be no augmenter of ours."""
    if isinstance(part, BaseAugmenter):
        return part._apply_many(waveform, sample_rate, drawn)
    return [part.apply(waveform, sample_rate, **each) for each in drawn]


def names_of(parts: list[BaseAugmenter]) -> list[str]:
    """Name parts by their classes; equal ones are numbered as in scikit-learn's pipelines."""
    names = [type(part).__name__.lower().removesuffix("augmenter") for part in parts]
    totals, seen = Counter(names), Counter[str]()
    numbered = []
    for name in names:
        seen[name] += 1
        numbered.append(f"{name}-{seen[name]}" if totals[name] > 1 else name)
    return numbered


def _of_part(name: str, parameters: Parameters) -> Parameters:
    prefix = f"{name}__"
    return {
        key.removeprefix(prefix): value
        for key, value in parameters.items()
        if key.startswith(prefix)
    }
