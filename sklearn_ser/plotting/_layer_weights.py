"""How much each layer of an encoder counts in a network that weighs them, drawn for reading."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sklearn_ser.plotting._fitted_network import find_network
from sklearn_ser.plotting._picture import PictureMixin

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.container import BarContainer
    from matplotlib.figure import Figure, SubFigure

__all__ = ["LayerWeightsDisplay"]

_INK = "#06204a"
_BLUE = "#3b6ea8"
_PALE = "#a9c1dc"
_GRAY = "#8a93a0"

_MOST_WITH_PERCENT = 16
_TOLERANCE = 1e-3


class LayerWeightsDisplay(PictureMixin):
    """Bars of the layers' weights beside the line where all would be equal.

    The heaviest layer stands out; layers below the line count for less than in a plain mean. Make
    one from a fitted network, or from a pipeline or search that holds one, with
    :meth:`from_estimator`.

    Parameters
    ----------
    layer_weights : array-like of shape (n_layers,)
        Weights that sum to 1, as in a network's ``layer_weights_``.
    layers : sequence of int or str, default=None
        Names of the layers; None counts them from 1.
    title : str, default=None
        Title of the picture, above its summary.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes of the picture, once drawn.
    bars_ : matplotlib BarContainer
        The bars, once drawn.
    figure_ : matplotlib Figure
        Figure that contains the picture, once drawn.

    Raises
    ------
    ValueError
        If the weights are no row of numbers from 0 that sum to 1, or there are more or fewer names
        than weights.

    Examples
    --------
    >>> from sklearn_ser.plotting import LayerWeightsDisplay
    >>> display = LayerWeightsDisplay([0.2, 0.5, 0.3], title="Three blocks").plot()
    >>> print(display.ax_.get_title())
    Three blocks
    3 layers, the heaviest is 2 with 50.0 %
    """

    def __init__(
        self,
        layer_weights: Any,
        *,
        layers: Sequence[int | str] | None = None,
        title: str | None = None,
    ) -> None:
        self.layer_weights = _check_weights(layer_weights)
        self.layers = layers
        self.title = title
        self._check_layers()

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        layers: Sequence[int | str] | None = None,
        title: str | None = None,
        ax: Axes | None = None,
    ) -> LayerWeightsDisplay:
        """Draw the weights of a fitted network.

        Parameters
        ----------
        estimator : estimator
            A fitted :class:`~sklearn_ser.LayerWeightedClassifier`, or a
            :class:`~sklearn_ser.CNN2DClassifier` fitted with ``layer_weights=True``; or a fitted
            pipeline, search or other estimator that holds one.
        layers : sequence of int or str, default=None
            Names of the layers, where they are not blocks 1 to n; None counts them from 1.
        title : str, default=None
            Title of the picture.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure of its own, apart from pyplot.

        Returns
        -------
        LayerWeightsDisplay
            The picture, drawn.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ValueError
            If it holds no network, more than one, or one that weighs no layers.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_ser import LayerWeightedClassifier
        >>> from sklearn_ser.plotting import LayerWeightsDisplay
        >>> X = np.random.default_rng(0).normal(size=(20, 4, 8))
        >>> network = LayerWeightedClassifier(epochs=1, random_state=0).fit(X, [0, 1] * 10)
        >>> len(LayerWeightsDisplay.from_estimator(network).bars_)
        4
        """
        network = find_network(estimator)
        if not hasattr(network, "layer_weights_"):
            raise ValueError(
                f"{type(network).__name__} weighs no layers. Fit a LayerWeightedClassifier, or a "
                "CNN2DClassifier with layer_weights=True."
            )
        return cls(network.layer_weights_, layers=layers, title=title).plot(ax=ax)

    def plot(self, *, ax: Axes | None = None) -> LayerWeightsDisplay:
        """Draw the bars.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure of its own, apart from pyplot.

        Returns
        -------
        LayerWeightsDisplay
            The display itself, with `ax_`, `bars_` and `figure_`.
        """
        self.ax_ = _new_axes(len(self.layer_weights)) if ax is None else ax
        self.figure_: Figure | SubFigure = self.ax_.figure
        percent = 100 * self.layer_weights
        colors = [_BLUE if place == percent.argmax() else _PALE for place in range(len(percent))]
        self.bars_: BarContainer = self.ax_.bar(range(len(percent)), percent, color=colors)
        self._draw_equal_weights()
        if len(percent) <= _MOST_WITH_PERCENT:
            self._write_percent()
        self._write_labels()
        return self

    def _check_layers(self) -> None:
        if self.layers is not None and len(self.layers) != len(self.layer_weights):
            raise ValueError(
                f"layers names {len(self.layers)} layers, but there are "
                f"{len(self.layer_weights)} weights."
            )

    def _names(self) -> list[str]:
        layers = range(1, len(self.layer_weights) + 1) if self.layers is None else self.layers
        return [str(layer) for layer in layers]

    def _write_percent(self) -> None:
        from matplotlib.patheffects import withStroke

        white = [withStroke(linewidth=3, foreground="white")]  # keeps the dashed line away
        style: dict[str, Any] = {"fontsize": 8, "color": _INK, "path_effects": white}
        self.ax_.bar_label(self.bars_, fmt="%.1f", padding=2, **style)

    def _draw_equal_weights(self) -> None:
        equal = 100 / len(self.layer_weights)
        style: dict[str, Any] = {"color": _GRAY, "linewidth": 1, "linestyle": (0, (4, 3))}
        self.ax_.axhline(equal, **style, label=f"all equal: {equal:.1f} %")
        self.ax_.set_ylim(0, 1.25 * max(100 * self.layer_weights))
        self.ax_.legend(frameon=False, fontsize=9, loc="upper right")

    def _write_labels(self) -> None:
        names = self._names()
        every = -(-len(names) // 24)
        self.ax_.set_xticks(range(0, len(names), every), names[::every])
        self.ax_.set_xlabel("layer")
        self.ax_.set_ylabel("weight (%)")
        self.ax_.set_title("\n".join(filter(None, [self.title, self._summary()])), fontsize=12)
        self.ax_.spines[["top", "right"]].set_visible(False)
        self.ax_.spines[["left", "bottom"]].set_color(_GRAY)
        self.ax_.tick_params(color=_GRAY)
        self.ax_.tick_params(axis="x", length=0)

    def _summary(self) -> str:
        n_layers = len(self.layer_weights)
        heaviest = int(self.layer_weights.argmax())
        percent = 100 * self.layer_weights[heaviest]
        layers = f"{n_layers} layer{'s' if n_layers > 1 else ''}"
        return f"{layers}, the heaviest is {self._names()[heaviest]} with {percent:.1f} %"


def _check_weights(layer_weights: Any) -> NDArray[np.float64]:
    weights = np.asarray(layer_weights, dtype=np.float64)
    if weights.ndim != 1 or not len(weights):
        raise ValueError(
            f"layer_weights must be one weight a layer, got an array of shape {weights.shape}; "
            "give a fitted network's layer_weights_."
        )
    if not (weights >= 0).all() or abs(weights.sum() - 1) > _TOLERANCE:
        raise ValueError(
            f"layer_weights must be numbers from 0 that sum to 1, got {weights.min():g} to "
            f"{weights.max():g} with a sum of {weights.sum():g}; give a fitted network's "
            "layer_weights_, which are a softmax already."
        )
    return weights


def _new_axes(n_layers: int) -> Axes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(min(12.0, max(5.0, 0.5 * n_layers + 1)), 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    return figure.add_subplot()
