"""A corpus at one glance: who says what how often, for how long and how loud."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sklearn_ser.plotting._picture import PictureMixin

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["CorpusSummaryDisplay"]

_BLUE = "#3b6ea8"
_INK = "#06204a"
# Beyond these the numbers in the cells, or the names beside them, would run into each other.
_MOST_ROWS_WITH_COUNTS = 30
_MOST_NAMES = 40
# Less than the last bit of 16 makes: a codec decodes silence to such noise, not to zeros.
_SILENT_BELOW_DBFS = -100.0


class CorpusSummaryDisplay(PictureMixin):
    """Clips by class and speaker, durations and levels of a corpus, in one figure.

    Unequal classes, speakers who lack one, clips without sound and classes that a loudness meter
    could tell apart are seen here before any model is trained. Make one with :meth:`from_bunch`.

    Parameters
    ----------
    labels : array-like of shape (n_clips,)
        Class of each clip.
    speakers : array-like of shape (n_clips,) or None
        Speaker of each clip; None where they are not known.
    durations : array-like of shape (n_clips,)
        Length of each clip in seconds.
    levels : array-like of shape (n_clips,)
        Level of each clip in dBFS, 20 log10 of the root mean square; -inf for silence.
    title : str, default=None
        Title of the figure.

    Attributes
    ----------
    axes_ : dict of str to matplotlib Axes
        The four pictures "counts", "classes", "durations" and "levels", once drawn.
    figure_ : matplotlib Figure
        The figure, once drawn.

    Examples
    --------
    >>> from sklearn_ser.datasets import make_emotional_speech
    >>> from sklearn_ser.plotting import CorpusSummaryDisplay
    >>> bunch = make_emotional_speech(n_speakers=2, n_repetitions=1, random_state=0)
    >>> display = CorpusSummaryDisplay.from_bunch(bunch, title="Synthetic")
    >>> sorted(display.axes_)
    ['classes', 'counts', 'durations', 'levels']
    """

    def __init__(
        self,
        labels: Any,
        speakers: Any,
        durations: Any,
        levels: Any,
        *,
        title: str | None = None,
    ) -> None:
        self.labels = labels
        self.speakers = speakers
        self.durations = durations
        self.levels = levels
        self.title = title

    @classmethod
    def from_bunch(cls, bunch: Any, *, title: str | None = None) -> CorpusSummaryDisplay:
        """Measure and draw what a loader returned.

        Parameters
        ----------
        bunch : Bunch
            With `data` and `target`, as from :func:`~sklearn_ser.datasets.load_ravdess`. Clips
            that are not in memory are decoded one after the other.
        title : str, default=None
            Title of the figure.

        Returns
        -------
        CorpusSummaryDisplay
            The figure, drawn.

        Raises
        ------
        ValueError
            If `bunch` holds no clips.
        """
        clips = bunch.data
        if not len(clips):
            raise ValueError("bunch holds no clips: there is nothing to draw.")
        measured = [(len(wave) / clips.sample_rate, _level(wave)) for wave in clips]
        durations, levels = np.array(measured).T
        return cls(bunch.target, clips.speakers, durations, levels, title=title).plot()

    def plot(self) -> CorpusSummaryDisplay:
        """Draw the figure.

        Returns
        -------
        CorpusSummaryDisplay
            The display itself, with `axes_` and `figure_`.
        """
        counts = self._counts()
        self.figure_ = _new_figure(len(counts), len(counts.columns))
        mosaic: Any = [["counts", "classes"], ["counts", "durations"], ["counts", "levels"]]
        widths = [max(0.7, 0.12 * len(counts.columns)), 1]
        self.axes_: dict[str, Axes] = self.figure_.subplot_mosaic(mosaic, width_ratios=widths)
        _draw_counts(self.axes_["counts"], counts)
        self._draw_classes(self.axes_["classes"], counts)
        self._draw_durations(self.axes_["durations"])
        self._draw_levels(self.axes_["levels"], list(counts.columns))
        for name in ("classes", "durations", "levels"):
            self.axes_[name].spines[["top", "right"]].set_visible(False)
        self.figure_.suptitle("\n".join(filter(None, [self.title, self._sizes()])), fontsize=12)
        return self

    def _counts(self) -> pd.DataFrame:
        """Clips of each speaker (rows) and class (columns)."""
        labels = pd.Series(np.asarray(self.labels).astype(str), name="class")
        if self.speakers is None:
            return labels.value_counts().sort_index().to_frame("all").T
        speakers = pd.Series(np.asarray(self.speakers).astype(str), name="speaker")
        return pd.crosstab(speakers, labels)

    def _sizes(self) -> str:
        n_speakers = 0 if self.speakers is None else len(set(self.speakers))
        of = f" of {n_speakers} speakers" if n_speakers else ""
        minutes = np.sum(self.durations) / 60
        return f"{len(self.durations)} clips{of}, {minutes:.1f} minutes"

    def _draw_classes(self, ax: Axes, counts: pd.DataFrame) -> None:
        clips = counts.sum(axis=0)
        bars = ax.barh(list(clips.index), clips.to_numpy(), color=_BLUE)
        ax.bar_label(bars, padding=3, fontsize=8)
        ax.invert_yaxis()
        ax.margins(x=0.12)
        ax.set_xlabel("clips")
        ax.tick_params(axis="y", length=0)

    def _draw_durations(self, ax: Axes) -> None:
        durations = np.asarray(self.durations)
        ax.hist(durations, bins=min(40, max(5, len(durations) // 10)), color=_BLUE)
        ax.axvline(float(np.median(durations)), color=_INK, linestyle="--", linewidth=1)
        ax.set_xlabel(
            f"seconds: {durations.min():.2f} to {durations.max():.2f}, "
            f"median {np.median(durations):.2f}"
        )
        ax.set_ylabel("clips")

    def _draw_levels(self, ax: Axes, classes: list[str]) -> None:
        labels, levels = np.asarray(self.labels).astype(str), np.asarray(self.levels)
        sounding = levels > _SILENT_BELOW_DBFS
        ax.boxplot(
            [levels[(labels == name) & sounding] for name in classes],
            orientation="horizontal",
            widths=0.6,
            medianprops={"color": _INK},
            flierprops={"markersize": 2, "markeredgecolor": _BLUE},
        )
        ax.set_yticks(range(1, len(classes) + 1), classes)
        ax.invert_yaxis()
        ax.tick_params(axis="y", length=0)
        silent = np.count_nonzero(~sounding)
        ax.set_xlabel("level (dBFS)" + (f"; {silent} without sound" if silent else ""))


def _level(waveform: np.ndarray) -> float:
    power = np.mean(np.square(waveform, dtype=np.float64)) if len(waveform) else 0.0
    return 10 * float(np.log10(power)) if power > 0 else -np.inf


def _new_figure(n_rows: int, n_columns: int) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    height = min(14.0, max(7.5, 1.5 + 0.24 * n_rows))
    figure = Figure(figsize=(max(10.0, 4 + 0.9 * n_columns), height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _draw_counts(ax: Axes, counts: pd.DataFrame) -> None:
    values = counts.to_numpy()
    ax.imshow(values, cmap="Blues", vmin=0, vmax=1.8 * values.max(), aspect="auto")
    if len(counts) <= _MOST_ROWS_WITH_COUNTS:
        for (row, column), clips in np.ndenumerate(values):
            ax.text(column, row, str(clips), ha="center", va="center", color=_INK, fontsize=8)
    every = -(-len(counts) // _MOST_NAMES)
    places = np.arange(0, len(counts), every)
    ax.set_yticks(places, [str(name) for name in counts.index[places]], fontsize=8)
    ax.set_xticks(
        range(len(counts.columns)), list(counts.columns), rotation=45, ha="right", fontsize=9
    )
    ax.set_title(_range_of_counts(values), fontsize=10)
    ax.set_xticks(np.arange(len(counts.columns) - 1) + 0.5, minor=True)
    ax.grid(which="minor", axis="x", color="white", linewidth=1)
    ax.tick_params(which="both", length=0)
    ax.spines[:].set_visible(False)


def _range_of_counts(values: np.ndarray) -> str:
    low, high = values.min(), values.max()
    each = f"{low}" if low == high else f"{low} to {high}"
    return f"clips by speaker and class ({each} in a cell)"
