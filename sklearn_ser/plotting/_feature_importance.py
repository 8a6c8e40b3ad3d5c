"""What a model owes to each family of features, drawn for reading."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sklearn_ser.model_selection import feature_importance_report
from sklearn_ser.plotting._picture import PictureMixin

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.container import BarContainer
    from matplotlib.figure import Figure, SubFigure

__all__ = ["FeatureImportanceDisplay"]

_INK = "#06204a"
_BLUE = "#3b6ea8"
_PALE = "#a9c1dc"
_GRAY = "#8a93a0"

_NEEDED = ("importance_mean", "importance_std", "importance_low", "importance_high")


class FeatureImportanceDisplay(PictureMixin):
    """Bars of the recall that is lost without each family of features, with intervals.

    The most important family stands on top. A line at the end of a bar is the interval over
    speakers, or where there is none two standard deviations over the repeats; a bar whose line
    reaches zero is pale. Make one from a report, or with :meth:`from_estimator`.

    Parameters
    ----------
    report : DataFrame
        As :func:`~sklearn_ser.model_selection.feature_importance_report` returns it.
    title : str, default=None
        Title of the picture, above its summary.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes of the picture, once drawn.
    bars_ : matplotlib BarContainer
        The bars, once drawn, the most important first.
    figure_ : matplotlib Figure
        Figure that contains the picture, once drawn.

    Raises
    ------
    ValueError
        If `report` is no such table, or has no row.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_ser.plotting import FeatureImportanceDisplay
    >>> report = pd.DataFrame(
    ...     {
    ...         "n_features": [120, 20],
    ...         "importance_mean": [0.18, 0.01],
    ...         "importance_std": [0.01, 0.01],
    ...         "importance_low": [0.12, -0.02],
    ...         "importance_high": [0.23, 0.03],
    ...     },
    ...     index=pd.Index(["cepstrum", "pitch"], name="family"),
    ... )
    >>> display = FeatureImportanceDisplay(report, title="Mine").plot()
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['cepstrum (120)', 'pitch (20)']
    """

    def __init__(self, report: pd.DataFrame, *, title: str | None = None) -> None:
        self.report = report
        self.title = title
        _check_report(report)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        title: str | None = None,
        ax: Axes | None = None,
        **options: Any,
    ) -> FeatureImportanceDisplay:
        """Measure and draw what an unfitted classifier owes to its families of features.

        Parameters
        ----------
        estimator : classifier
            Unfitted.
        X : AudioClips, DataFrame or other clips
            What it takes.
        y : array-like of shape (n_clips,)
            The labels.
        title : str, default=None
            Title of the picture.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure of its own, apart from pyplot.
        **options : dict
            All else that :func:`~sklearn_ser.model_selection.feature_importance_report` takes.

        Returns
        -------
        FeatureImportanceDisplay
            The picture, drawn; its `report` is the table.

        Examples
        --------
        >>> from sklearn_ser import make_ser_pipeline
        >>> from sklearn_ser.datasets import make_emotional_speech
        >>> from sklearn_ser.plotting import FeatureImportanceDisplay
        >>> speech = make_emotional_speech(n_speakers=2, n_repetitions=1, random_state=0)
        >>> display = FeatureImportanceDisplay.from_estimator(
        ...     make_ser_pipeline("mfcc", "logreg"), speech.data, speech.target, n_repeats=1
        ... )
        >>> list(display.report.index)
        ['mfcc']
        """
        return cls(feature_importance_report(estimator, X, y, **options), title=title).plot(ax=ax)

    def plot(self, *, ax: Axes | None = None) -> FeatureImportanceDisplay:
        """Draw the bars.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure of its own, apart from pyplot.

        Returns
        -------
        FeatureImportanceDisplay
            The display itself, with `ax_`, `bars_` and `figure_`.
        """
        ordered = self.report.sort_values("importance_mean", ascending=False, kind="stable")
        self.ax_ = _new_axes(len(ordered)) if ax is None else ax
        self.figure_: Figure | SubFigure = self.ax_.figure
        points = 100 * ordered["importance_mean"].to_numpy(dtype=float)
        low, high = _intervals(ordered)
        places = np.arange(len(ordered))
        colors = [_BLUE if end > 0 else _PALE for end in low]
        self.bars_: BarContainer = self.ax_.barh(places, points, height=0.7, color=colors)
        self.ax_.hlines(places, low, high, color=_INK, linewidth=1.2)
        ends = np.maximum(high, np.maximum(points, 0))
        self._write_numbers(ordered, places, ends)
        self._set_limits(min(low.min(), 0.0), ends.max())
        self._write_labels(ordered, places)
        return self

    def _write_numbers(self, ordered: pd.DataFrame, places: Any, ends: Any) -> None:
        for place, end, text in zip(places, ends, _numbers(ordered), strict=True):
            self.ax_.annotate(
                text, (end, place), (5, 0), textcoords="offset points", va="center",
                fontsize=8, color=_INK,
            )  # fmt: skip

    def _set_limits(self, lowest: float, highest: float) -> None:
        """Leave room for the numbers behind the bars."""
        span = max(highest - lowest, 1e-9)
        behind = 0.45 if "alone" in self.report else 0.12
        self.ax_.set_xlim(lowest - 0.02 * span, highest + behind * span)

    def _write_labels(self, ordered: pd.DataFrame, places: Any) -> None:
        self.ax_.axvline(0, color=_GRAY, linewidth=1)
        self.ax_.set_yticks(places, _names(ordered))
        self.ax_.set_ylim(len(places) - 0.4, -0.6)  # the most important on top
        self.ax_.set_xlabel(f"UAR lost without the family (points)\n{self._legend()}")
        self.ax_.set_title("\n".join(filter(None, [self.title, self._summary()])), fontsize=12)
        self.ax_.spines[["top", "right", "left"]].set_visible(False)
        self.ax_.spines["bottom"].set_color(_GRAY)
        self.ax_.tick_params(color=_GRAY)
        self.ax_.tick_params(axis="y", length=0)

    def _legend(self) -> str:
        has_interval = self.report["importance_low"].notna().all()
        of_what = "95 % interval over speakers" if has_interval else "two deviations over repeats"
        alone = "; alone: UAR of a model of this family only" if "alone" in self.report else ""
        return f"line: {of_what}{alone}"

    def _summary(self) -> str:
        known = self.report.attrs
        if "uar" not in known:
            return ""
        return (
            f"UAR {100 * known['uar']:.1f} % of the whole on {known['n_speakers']} unseen voices "
            f"(chance {100 * known['chance_level']:.1f} %)"
        )


def _check_report(report: Any) -> None:
    columns = getattr(report, "columns", ())
    missing = [name for name in _NEEDED if name not in columns]
    if missing:
        raise ValueError(
            f"report lacks {', '.join(missing)}; give the DataFrame that "
            "feature_importance_report returns."
        )
    if not len(report):
        raise ValueError("report has no row: there is no family to draw.")


def _intervals(ordered: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the lines in points: over speakers, or else over the repeats."""
    points = (100 * ordered[name].to_numpy(dtype=float) for name in _NEEDED)
    mean, deviation, low, high = points
    low = np.where(np.isnan(low), mean - 2 * deviation, low)
    high = np.where(np.isnan(high), mean + 2 * deviation, high)
    return low, high


def _numbers(ordered: pd.DataFrame) -> list[str]:
    points = [f"{100 * value:.1f}" for value in ordered["importance_mean"]]
    if "alone" not in ordered:
        return points
    return [
        f"{lost}   (alone {100 * value:.1f} %)"
        for lost, value in zip(points, ordered["alone"], strict=True)
    ]


def _names(ordered: pd.DataFrame) -> list[str]:
    if "n_features" not in ordered:
        return [str(name) for name in ordered.index]
    pairs = zip(ordered.index, ordered["n_features"], strict=True)
    return [f"{name} ({number})" for name, number in pairs]


def _new_axes(n_families: int) -> Axes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, max(2.4, 0.36 * n_families + 1.4)), layout="constrained")
    FigureCanvasAgg(figure)
    return figure.add_subplot()
