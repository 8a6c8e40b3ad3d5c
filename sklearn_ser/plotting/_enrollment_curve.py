"""The score on new speakers against how many of their clips were enrolled, drawn for reading."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from sklearn_ser.model_selection import EnrollmentCurve, enrollment_curve
from sklearn_ser.plotting._picture import PictureMixin
from sklearn_ser.speakers._information import ENROLLED, NONE, OWN_CLIPS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.lines import Line2D

__all__ = ["EnrollmentCurveDisplay"]

_INK = "#06204a"
_BLUE = "#3b6ea8"
_PALE = "#a9c1dc"
_ORANGE = "#d9662b"
_GRAY = "#8a93a0"

# Left of the curve what needs nothing of the speaker, right of it what needs the whole call.
_GAP = 1.0


class EnrollmentCurveDisplay(PictureMixin):
    """Score of new speakers by the number of enrolled clips, between knowing nothing and all.

    On the left, what is reached with nothing known of the speaker; in the middle, with so and so
    many enrolled clips, none of which is scored; on the right and set apart, the transductive
    score, for which each speaker is standardised by all own clips of the call. Bars and band are
    95 % intervals over speakers. Make one with :meth:`from_estimator`, or of the result of
    :func:`~sklearn_ser.model_selection.enrollment_curve`.

    Parameters
    ----------
    curve : EnrollmentCurve
        The scores.
    title : str, default=None
        Title of the picture, above its summary.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes of the picture, once drawn.
    line_ : matplotlib Line2D
        The curve over the enrolled clips, once drawn.
    figure_ : matplotlib Figure
        Figure that contains the picture, once drawn.

    Examples
    --------
    >>> from sklearn_ser import make_ser_pipeline
    >>> from sklearn_ser.datasets import make_emotional_speech
    >>> from sklearn_ser.plotting import EnrollmentCurveDisplay
    >>> speech = make_emotional_speech(n_speakers=3, n_repetitions=1, random_state=0)
    >>> model = make_ser_pipeline("mfcc", "logreg", standardize="speaker")
    >>> display = EnrollmentCurveDisplay.from_estimator(
    ...     model, speech.data, speech.target, n_clips=[2, 4], n_draws=2
    ... )
    >>> display.ax_.get_ylabel()
    'UAR on new speakers (%)'
    """

    def __init__(self, curve: EnrollmentCurve, *, title: str | None = None) -> None:
        self.curve = curve
        self.title = title

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
    ) -> EnrollmentCurveDisplay:
        """Score a pipeline by the number of enrolled clips, and draw it.

        Parameters
        ----------
        estimator : Pipeline
            An unfitted pipeline with a :class:`~sklearn_ser.SpeakerStandardizer`.
        X : AudioClips
            Clips with their speakers.
        y : array-like of shape (n_clips,)
            The labels.
        title : str, default=None
            Title of the picture.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure of its own, apart from pyplot.
        **options : dict
            Handed to :func:`~sklearn_ser.model_selection.enrollment_curve`.

        Returns
        -------
        EnrollmentCurveDisplay
            The picture, drawn.
        """
        return cls(enrollment_curve(estimator, X, y, **options), title=title).plot(ax=ax)

    def plot(self, *, ax: Axes | None = None) -> EnrollmentCurveDisplay:
        """Draw the curve.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure of its own, apart from pyplot.

        Returns
        -------
        EnrollmentCurveDisplay
            The display itself, with `ax_`, `line_` and `figure_`.
        """
        self.ax_ = _new_axes() if ax is None else ax
        self.figure_: Figure | SubFigure = self.ax_.figure
        nothing, enrolled, own = (self._rows(kind) for kind in (NONE, ENROLLED, OWN_CLIPS))
        self._draw_points(nothing, -_GAP - len(nothing) + 1, _GRAY)
        self._draw_curve(enrolled, nothing)
        self._draw_points(own, len(enrolled) - 1 + _GAP, _ORANGE)
        self._draw_edges(len(enrolled))
        self._write_labels(nothing, enrolled, own)
        return self

    def _rows(self, kind: str) -> pd.DataFrame:
        table = self.curve.table
        rows: pd.DataFrame = table[table["speaker_information"] == kind]
        return rows

    def _draw_points(self, rows: pd.DataFrame, first: float, color: str) -> None:
        percent = 100 * rows[["uar", "uar_low", "uar_high"]].to_numpy(dtype=float)
        for place, (score, low, high) in enumerate(percent):
            reach = [[score - low], [high - score]]
            style: dict[str, Any] = {"color": color, "capsize": 3, "elinewidth": 1}
            self.ax_.errorbar([first + place], [score], yerr=reach, fmt="o", **style)
            self._write_score(first + place, score, color)

    def _draw_curve(self, enrolled: pd.DataFrame, nothing: pd.DataFrame) -> None:
        places = range(len(enrolled))
        scores = 100 * enrolled["uar"]
        self.ax_.fill_between(
            places,
            100 * enrolled["uar_low"],
            100 * enrolled["uar_high"],
            color=_PALE,
            alpha=0.4,
            linewidth=0,
        )
        self.line_: Line2D = self.ax_.plot(places, scores, "o-", color=_BLUE)[0]
        for place, score in zip(places, scores, strict=True):
            self._write_score(place, score, _INK)
        style: dict[str, Any] = {"color": _GRAY, "linewidth": 1, "linestyle": (0, (4, 3))}
        self.ax_.axhline(100 * nothing["uar"].iloc[0], **style)

    def _write_score(self, place: float, score: float, color: str) -> None:
        from matplotlib.patheffects import withStroke

        self.ax_.annotate(
            f"{score:.1f}",
            (place, score),
            (0, 7),
            textcoords="offset points",
            ha="center",
            fontsize=8,
            color=color,
            path_effects=[withStroke(linewidth=3, foreground="white")],
        )

    def _draw_edges(self, n_enrolled: int) -> None:
        for edge in (-_GAP / 2, n_enrolled - 1 + _GAP / 2):
            self.ax_.axvline(edge, color=_GRAY, linewidth=0.8)

    def _write_labels(
        self, nothing: pd.DataFrame, enrolled: pd.DataFrame, own: pd.DataFrame
    ) -> None:
        left = [-_GAP - place for place in range(len(nothing))][::-1]
        places = [*left, *range(len(enrolled)), *(len(enrolled) - 1 + _GAP for _ in own.index)]
        names = [
            *("\n".join(features.rsplit(" ", 1)) for features in nothing["features"]),
            *(f"{n:g}" for n in enrolled["n_clips"]),
            *(f"own {n:g}\nof the call" for n in own["n_clips"]),
        ]
        self.ax_.set_xticks(places, names)
        for label in self.ax_.get_xticklabels():
            label.set_fontsize(8 if "\n" in label.get_text() else 10)
        self.ax_.set_xlim(min(places) - 0.6, max(places) + 0.6)
        self.ax_.set_xlabel("enrolled clips of each new speaker")
        self._write_zone(min(places) - 0.5, "nothing known")
        self._write_zone(-0.4, "enrolled, none of them scored")
        self._write_zone(len(enrolled) - 1 + _GAP / 2 + 0.1, "transductive")
        self.ax_.set_ylabel("UAR on new speakers (%)")
        self.ax_.set_title("\n".join(filter(None, [self.title, self._summary()])), fontsize=11)
        self.ax_.spines[["top", "right"]].set_visible(False)
        self.ax_.spines[["left", "bottom"]].set_color(_GRAY)
        self.ax_.tick_params(color=_GRAY)
        self.ax_.tick_params(axis="x", length=0)

    def _write_zone(self, left: float, text: str) -> None:
        style: dict[str, Any] = {"fontsize": 8, "color": _GRAY, "va": "bottom"}
        self.ax_.text(left, 0.015, text, transform=self.ax_.get_xaxis_transform(), **style)

    def _summary(self) -> str:
        curve = self.curve
        return (
            f"{curve.n_scored} clips of {curve.n_speakers} new speakers, {curve.n_draws} draws, "
            f"chance {100 * curve.chance_level:.1f} %"
        )


def _new_axes() -> Axes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.0, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    return figure.add_subplot()
