"""How a network's loss and scores went from epoch to epoch, drawn for reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sklearn_ser.plotting._fitted_network import find_network
from sklearn_ser.plotting._picture import PictureMixin
from sklearn_ser.utils._names import did_you_mean

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.lines import Line2D

__all__ = ["TrainingHistoryDisplay"]

_INK = "#06204a"
_BLUE = "#3b6ea8"
_ORANGE = "#d9662b"
_GRAY = "#8a93a0"

_HELD_OUT = "val_"  # how Keras begins the names of what it counts on clips held out
_RATE = "learning_rate"
_SCORES = ("accuracy", "uar", "precision", "recall", "f1")
_LABELS = {
    "loss": "loss",
    "accuracy": "accuracy",
    "uar": "unweighted average recall (UAR)",
    "precision": "precision (mean over classes)",
    "recall": "recall (mean over classes)",
    "f1": "F1 (mean over classes)",
    _RATE: "learning rate",
}
_MOST_IN_A_ROW = 3
_MOST_RATES_AS_TICKS = 6


class TrainingHistoryDisplay(PictureMixin):
    """Curves of loss and scores over the epochs, with the epoch whose weights were kept.

    Where the curve of the training clips goes on to improve and that of the clips held out does
    not, the network learns its training voices by heart. Make one from a fitted network, or from
    a pipeline or search that holds one, with :meth:`from_estimator`.

    Parameters
    ----------
    history : mapping of str to sequence of float
        One value an epoch for each name, as in a network's ``history_``. What was counted on
        clips held out has the same name with ``val_`` before it.
    best_epoch : int, default=None
        Epoch, counted from 0, whose weights were kept; None marks none.
    n_classes : int, default=None
        Number of classes, from which the level of chance of the UAR follows; None draws none.
    title : str, default=None
        Title of the figure, above its summary.

    Attributes
    ----------
    axes_ : dict of str to matplotlib Axes
        The picture of each metric, once drawn.
    figure_ : matplotlib Figure
        Figure that contains the pictures, once drawn.
    lines_ : dict of str to matplotlib Line2D
        The curves by their name in the history, once drawn.

    Raises
    ------
    TypeError
        If `history` is no mapping.
    ValueError
        If it holds no epochs, its curves differ in length, or there is no such best epoch.

    Examples
    --------
    >>> from sklearn_ser.plotting import TrainingHistoryDisplay
    >>> history = {"loss": [1.4, 0.9, 0.6], "val_loss": [1.5, 1.2, 1.3]}
    >>> display = TrainingHistoryDisplay(history, best_epoch=1).plot(metrics="loss")
    >>> sorted(display.lines_)
    ['loss', 'val_loss']
    """

    def __init__(
        self,
        history: Mapping[str, Sequence[float]],
        *,
        best_epoch: int | None = None,
        n_classes: int | None = None,
        title: str | None = None,
    ) -> None:
        self.history = _check_history(history)
        self.best_epoch = best_epoch
        self.n_classes = n_classes
        self.title = title
        self._check_best_epoch()

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        metrics: str | Sequence[str] = ("loss", "uar"),
        title: str | None = None,
        ax: Axes | Sequence[Axes] | None = None,
    ) -> TrainingHistoryDisplay:
        """Draw the history of a fitted network.

        Parameters
        ----------
        estimator : estimator
            A fitted network, or a fitted pipeline, search or other estimator that holds one.
        metrics : str or sequence of str, default=("loss", "uar")
            What to draw, a picture each: names in ``history_`` without ``val_``, such as "loss",
            "uar", "accuracy", "precision", "recall", "f1" and, with a schedule, "learning_rate".
        title : str, default=None
            Title of the figure.
        ax : matplotlib Axes or sequence of them, default=None
            Axes to draw on, one a metric; None makes a figure of its own, apart from pyplot.

        Returns
        -------
        TrainingHistoryDisplay
            The curves, drawn.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ValueError
            If it holds no network with a history, or more than one; or if there is no such
            metric.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn_ser import DenseClassifier
        >>> from sklearn_ser.plotting import TrainingHistoryDisplay
        >>> network = DenseClassifier(epochs=3, random_state=0).fit(*load_iris(return_X_y=True))
        >>> TrainingHistoryDisplay.from_estimator(network).figure_.get_suptitle()
        '3 epochs'
        """
        network = find_network(estimator)
        display = cls(
            network.history_,
            best_epoch=getattr(network, "best_epoch_", None),
            n_classes=len(network.classes_) if hasattr(network, "classes_") else None,
            title=title,
        )
        return display.plot(metrics=metrics, ax=ax)

    def plot(
        self,
        *,
        metrics: str | Sequence[str] = ("loss", "uar"),
        ax: Axes | Sequence[Axes] | None = None,
    ) -> TrainingHistoryDisplay:
        """Draw the curves.

        Parameters
        ----------
        metrics : str or sequence of str, default=("loss", "uar")
            What to draw, a picture each.
        ax : matplotlib Axes or sequence of them, default=None
            Axes to draw on, one a metric; None makes a figure of its own, apart from pyplot.

        Returns
        -------
        TrainingHistoryDisplay
            The display itself, with `axes_`, `figure_` and `lines_`.

        Raises
        ------
        ValueError
            If the history has no such metric, or there are not as many axes as metrics.
        """
        names = self._check_metrics(metrics)
        pictures = self._new_axes(len(names)) if ax is None else _check_axes(ax, names)
        self.axes_: dict[str, Axes] = dict(zip(names, pictures, strict=True))
        self.figure_: Figure | SubFigure = pictures[0].figure
        self.lines_: dict[str, Line2D] = {}
        for name in names:
            self._draw(name)
        self._draw_legend()
        return self

    def _plot_for_notebook(self) -> None:
        """Draw what was not asked for by name: the usual metrics, or else the first."""
        usual = [name for name in ("loss", "uar") if name in self.history]
        self.plot(metrics=usual or next(iter(self._metrics())))

    def _metrics(self) -> list[str]:
        return [name for name in self.history if not name.startswith(_HELD_OUT)]

    def _n_epochs(self) -> int:
        return len(next(iter(self.history.values())))

    def _check_best_epoch(self) -> None:
        if self.best_epoch is not None and not 0 <= self.best_epoch < self._n_epochs():
            raise ValueError(
                f"best_epoch={self.best_epoch} is none of the {self._n_epochs()} epochs of the "
                "history, which are counted from 0."
            )

    def _check_metrics(self, metrics: str | Sequence[str]) -> list[str]:
        names = [metrics] if isinstance(metrics, str) else list(dict.fromkeys(metrics))
        if not names:
            raise ValueError("metrics is empty: name one at least, such as 'loss'.")
        for name in names:
            self._check_metric(name)
        return names

    def _check_metric(self, name: str) -> None:
        known = self._metrics()
        if name in known:
            return
        if str(name).removeprefix(_HELD_OUT) in known:
            raise ValueError(
                f"metrics: {name!r} is drawn together with "
                f"{name.removeprefix(_HELD_OUT)!r}; name that."
            )
        raise ValueError(
            f"metrics: the history has no {name!r}, it has {', '.join(known)}."
            f"{did_you_mean(name, known)}"
        )

    def _new_axes(self, n_pictures: int) -> list[Axes]:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine

        columns = 2 if n_pictures == 4 else min(n_pictures, _MOST_IN_A_ROW)
        rows = -(-n_pictures // columns)
        size = (max(4.6 * columns, 6.0), 3.6 * rows + 0.5)
        figure = Figure(figsize=size, layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08))
        FigureCanvasAgg(figure)
        figure.suptitle("\n".join(filter(None, [self.title, self._summary()])), fontsize=12)
        return [figure.add_subplot(rows, columns, place + 1) for place in range(n_pictures)]

    def _summary(self) -> str:
        epochs = f"{self._n_epochs()} epoch{'s' if self._n_epochs() > 1 else ''}"
        if self.best_epoch is None:
            return epochs
        summary = f"{epochs}, weights of epoch {self.best_epoch + 1} kept"
        if f"{_HELD_OUT}uar" not in self.history:
            return summary
        uar = self.history[f"{_HELD_OUT}uar"][self.best_epoch]
        return f"{summary}: UAR {100 * uar:.1f} % on the clips held out"

    def _draw(self, name: str) -> None:
        ax = self.axes_[name]
        self._draw_frame(ax)
        held_out = f"{_HELD_OUT}{name}"
        self._draw_curve(ax, name, "training", _BLUE)
        if held_out in self.history:
            self._draw_curve(ax, held_out, "held out", _ORANGE)
        if name == "uar" and self.n_classes:
            self._draw_chance(ax, self.n_classes)
        self._mark_best_epoch(ax, held_out if held_out in self.history else name)
        self._scale(ax, name)
        ax.set_title(_LABELS.get(name, name), loc="left", fontsize=11, color=_INK)

    def _draw_frame(self, ax: Axes) -> None:
        from matplotlib.ticker import MaxNLocator

        ax.set_xlabel("epoch")
        ax.set_xlim(0.5, self._n_epochs() + 0.5)
        ax.xaxis.set_major_locator(MaxNLocator(8, integer=True, steps=[1, 2, 5, 10]))
        ax.spines[["top", "right"]].set_visible(False)
        ax.spines[["left", "bottom"]].set_color(_GRAY)
        ax.tick_params(color=_GRAY)
        ax.grid(axis="y", color="#e6e9ee", linewidth=0.8)
        ax.set_axisbelow(True)

    def _draw_curve(self, ax: Axes, name: str, label: str, color: str) -> None:
        style: dict[str, Any] = {"label": label, "color": color}
        if name == _RATE:
            style = {"color": _INK, "drawstyle": "steps-mid"}
        if self._n_epochs() == 1:
            style["marker"] = "o"  # a line through one point is not seen
        epochs = range(1, self._n_epochs() + 1)
        (self.lines_[name],) = ax.plot(epochs, self.history[name], linewidth=2, **style)

    def _draw_chance(self, ax: Axes, n_classes: int) -> None:
        ax.axhline(1 / n_classes, color=_GRAY, linewidth=1, linestyle=(0, (2, 2)))
        ax.annotate(
            f"chance (1 of {n_classes})",
            xy=(1, 1 / n_classes),
            xycoords=ax.get_yaxis_transform(),
            xytext=(0, -3),
            textcoords="offset points",
            ha="right",
            va="top",
            fontsize=8,
            color=_GRAY,
        )

    def _mark_best_epoch(self, ax: Axes, name: str) -> None:
        if self.best_epoch is None:
            return
        epoch, value = self.best_epoch + 1, self.history[name][self.best_epoch]
        label = f"best epoch: {epoch}"
        ax.axvline(epoch, color=_INK, linewidth=1, linestyle="--", zorder=1, label=label)
        if name == _RATE:
            return
        color = self.lines_[name].get_color()
        ax.plot([epoch], [value], "o", color=color, markersize=8, markeredgecolor="white")
        _write_value(ax, epoch, value, color, above=name.removeprefix(_HELD_OUT) not in _SCORES)

    def _scale(self, ax: Axes, name: str) -> None:
        if name in _SCORES:
            ax.set_ylim(0, 1)
        elif name == _RATE:
            _scale_rates(ax, sorted(set(self.history[name])))
        elif name == "loss":
            ax.set_ylim(bottom=0)

    def _draw_legend(self) -> None:
        for name in sorted(self.axes_, key=lambda name: name == _RATE):
            if self.axes_[name].get_legend_handles_labels()[0]:
                self.axes_[name].legend(frameon=False, fontsize=9)
                return


def _write_value(ax: Axes, epoch: int, value: float, color: Any, *, above: bool) -> None:
    """Write beside a best point: above the lowest loss or below the highest score is room."""
    from matplotlib.patheffects import withStroke

    ax.annotate(
        f"{value:.2f}",
        (epoch, value),
        (0, 9 if above else -9),
        textcoords="offset points",
        ha="center",
        va="bottom" if above else "top",
        color=color,
        fontweight="bold",
        path_effects=[withStroke(linewidth=3, foreground="white")],
    )


def _scale_rates(ax: Axes, rates: list[float]) -> None:
    ax.set_yscale("log")
    ax.margins(y=0.1)
    if len(rates) <= _MOST_RATES_AS_TICKS:
        ax.set_yticks(rates, [f"{rate:.2g}" for rate in rates])
        ax.set_yticks([], minor=True)


def _check_history(history: Any) -> dict[str, list[float]]:
    if not isinstance(history, Mapping):
        mend = "history.history" if hasattr(history, "history") else "a fitted network's history_"
        raise TypeError(
            f"history must map names to one value an epoch, got {type(history).__name__}; "
            f"give {mend}."
        )
    curves = {name: list(values) for name, values in history.items()}
    lengths = {name: len(values) for name, values in curves.items()}
    if not any(lengths.values()):
        raise ValueError("history holds no epochs: there is nothing to draw.")
    if len(set(lengths.values())) > 1:
        raise ValueError(f"history must hold as many epochs for every name, got {lengths}.")
    return curves


def _check_axes(ax: Axes | Sequence[Axes], names: list[str]) -> list[Axes]:
    pictures: list[Axes] = list(np.ravel(np.asarray(ax, dtype=object)))
    if len(pictures) != len(names):
        raise ValueError(
            f"ax: {len(names)} metrics ({', '.join(names)}) need as many axes, got {len(pictures)}."
        )
    return pictures
