"""The report of a benchmark, as text for a terminal of 100 columns."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pandas as pd

from sklearn_ser.model_selection._information import apart
from sklearn_ser.speakers._information import NONE, OWN_CLIPS

if TYPE_CHECKING:
    from sklearn_ser.model_selection._result import BenchmarkResult

_WIDTH = 96

_TOLD = {
    NONE: "Nothing is known of the speaker but the clip in question:",
    OWN_CLIPS: "Transductive: each speaker standardised by own clips of the fold, without labels. "
    "Not to be\ncompared with scores that need no such clips:",
}


def format_report(result: BenchmarkResult) -> str:
    """Lay out all that a reader of a benchmark should see, the honest score first."""
    best = result.best_
    sections = [
        ("Scores on unseen speakers", _scores(result)),
        ("What a random split of clips would have claimed", _claims(result)),
        ("Choice", _choice(result)),
        (f"Classes, in % ({best})", _table(_only(result.per_class, best))),
        (f"Speakers, in % ({best})", _table(_only(result.per_speaker, best))),
        (f"Most confused ({best})", _confused(_only(result.confused, best))),
        ("Notes", "\n".join(_wrapped(note) for note in result.notes)),
    ]
    return "\n\n".join(f"{title}\n{_ruled(title)}\n{text}" for title, text in sections if text)


def _ruled(title: str) -> str:
    return "-" * len(title)


def _wrapped(text: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent="* ", subsequent_indent="  ")


def _percent(share: Any) -> str:
    return "" if pd.isna(share) else f"{100 * share:.1f}"


def _scores(result: BenchmarkResult) -> str:
    tables = _by_information(result.table, lambda table: _score_rows(table, result))
    return f"{_protocol(result)}\n\n{tables}"


def _by_information(table: pd.DataFrame, lay_out: Callable[[pd.DataFrame], str]) -> str:
    """Lay out scores of one kind of information about the speakers at a time."""
    parts = list(apart(table))
    if [kind for kind, _ in parts] == [NONE]:
        return lay_out(table)
    return "\n\n".join(f"{_TOLD[kind]}\n\n{lay_out(rows)}" for kind, rows in parts)


def _score_rows(table: pd.DataFrame, result: BenchmarkResult) -> str:
    frame = pd.DataFrame(
        {
            **_information_column(table),
            "UAR %": table["uar"].map(_percent),
            "95 % interval": _interval(table),
            "accuracy %": table["accuracy"].map(_percent),
            "macro-F1 %": table["macro_f1"].map(_percent),
            "fit s": table["fit_seconds"].map(lambda s: "" if pd.isna(s) else f"{s:.2f}"),
            "predict ms/clip": table["predict_ms"].map(lambda s: "" if pd.isna(s) else f"{s:.2f}"),
        }
    )
    frame.loc["chance level"] = {"UAR %": _percent(result.chance_level)}
    if result.human_level is not None:
        frame.loc["people"] = {"accuracy %": _percent(result.human_level)}
    return str(frame.rename_axis(None).fillna("").to_string())


def _information_column(table: pd.DataFrame) -> dict[str, Any]:
    """Say what is known of the speaker, where that is anything."""
    known = table["speaker_information"]
    return {} if (known == NONE).all() else {"known of the speaker": known}


def _protocol(result: BenchmarkResult) -> str:
    settings = result.settings
    tuning = f"parameters chosen for {settings['scoring']} on {settings['n_inner']} inner folds"
    lines = [
        f"{settings['n_outer']} folds, each of speakers whom no model has heard that is asked "
        f"about them; {tuning if _was_tuned(result) else 'nothing was tuned'}."
    ]
    if "protocol" in settings:
        lines.insert(0, f"Protocol {settings['protocol']}: {settings['description']}")
        lines += filter(None, [settings["citation"]])
    return "\n".join(textwrap.fill(line, _WIDTH) for line in lines)


def _was_tuned(result: BenchmarkResult) -> bool:
    return bool(result.table["inner_score"].notna().any())


def _interval(table: pd.DataFrame) -> list[str]:
    bounds = zip(table["uar_low"], table["uar_high"], strict=True)
    return ["-" if pd.isna(low) else f"{_percent(low)} to {_percent(high)}" for low, high in bounds]


def _claims(result: BenchmarkResult) -> str:
    if "random_uar" not in result.table:
        return ""
    why = (
        "Here clips of the same speakers stand on both sides, in tuning too. This is no result: "
        "it says how much of such claims is knowing the voices."
    )
    table = result.table.dropna(subset="random_uar")
    return textwrap.fill(why, _WIDTH) + "\n\n" + _by_information(table, _claim_rows)


def _claim_rows(table: pd.DataFrame) -> str:
    frame = pd.DataFrame(
        {
            **_information_column(table),
            "UAR %": table["random_uar"].map(_percent),
            "accuracy %": table["random_accuracy"].map(_percent),
            "UAR too high by": (table["random_uar"] - table["uar"]).map(
                lambda points: f"{100 * points:+.1f} points"
            ),
        }
    )
    return str(frame.rename_axis(None).to_string())


def _choice(result: BenchmarkResult) -> str:
    if not _was_tuned(result):
        return _no_choice(result)
    named = result.table.dropna(subset="inner_score")
    best = [_best_of_kind(kind, rows) for kind, rows in apart(named)]
    return "\n".join([*best, "Parameters chosen:", *_params(result)])


def _best_of_kind(kind: str, rows: pd.DataFrame) -> str:
    score = _percent(float(rows["inner_score"].max()))
    told = "" if kind == NONE else f" that are told of the speaker: {kind}"
    return (
        f"{rows['inner_score'].idxmax()} is best on the inner folds ({score} %), among "
        f"{rows['n_candidates'].sum()} candidates of {len(rows)} pipeline(s){told}."
    )


def _no_choice(result: BenchmarkResult) -> str:
    if len(result.table) == 1:
        return ""
    return textwrap.fill(
        "Nothing was tuned, so no inner folds tell which pipeline is best, and the speakers who "
        f"were asked about must not: what follows is about the first, {result.best_}.",
        _WIDTH,
    )


def _params(result: BenchmarkResult) -> list[str]:
    by_speaker = result.folds[result.folds["split"] == "speakers"]
    lines = []
    for name, folds in by_speaker.groupby("pipeline", sort=False):
        for params, times in Counter(folds["params"]).most_common():
            chosen = format_params(json.loads(params))
            lines.append(f"  {name}, {times} of {len(folds)} folds: {chosen}")
    return lines


def format_params(params: dict[str, Any]) -> str:
    """Write parameters shortly, without the names of the steps."""
    listed = [f"{name.rpartition('__')[2]}={value}" for name, value in params.items()]
    return ", ".join(listed) or "nothing to tune"


def _only(frame: pd.DataFrame, pipeline: str) -> pd.DataFrame:
    return frame[frame["pipeline"] == pipeline].drop(columns="pipeline")


def _table(frame: pd.DataFrame) -> str:
    """Lay out a table whose numbers with a fraction are shares."""
    return str(frame.to_string(index=False, float_format=_percent))


def _confused(pairs: pd.DataFrame) -> str:
    if not len(pairs):
        return "None: every clip was recognised."
    return "\n".join(
        f"{pair.true} taken for {pair.predicted} {pair.times} times ({_percent(pair.rate)} %), "
        f"the other way {pair.reverse_count} times ({_percent(pair.reverse_rate)} %)"
        for pair in pairs.rename(columns={"count": "times"}).itertuples()
    ).replace("( %)", "")
