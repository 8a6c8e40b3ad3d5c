"""Predictions as text: for eyes, for spreadsheets and for programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pandas as pd

__all__ = ["FORMATS", "format_predictions"]

_UNSURE = "unsure"  # in the place of a label that is not given


def format_predictions(table: pd.DataFrame, kind: str = "text", *, about: str = "") -> str:
    r"""Write the table of :func:`predict_files` as text.

    Parameters
    ----------
    table : DataFrame
        The table.
    kind : {"text", "csv", "json"}, default="text"
        Aligned lines; comma-separated values with a header; or a list of objects, in which what
        is missing is null.
    about : str, default=""
        What must be said beside the labels, such as :func:`known_limits`; below the lines of
        "text". The other kinds have the column "note".

    Returns
    -------
    str
        Lines, the last one ended.

    Raises
    ------
    ValueError
        If the kind is not known.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_ser.inference import format_predictions
    >>> row = {"file": "a.wav", "label": "calm", "confidence": 0.75, "error": None}
    >>> print(format_predictions(pd.DataFrame([row])), end="")
    a.wav  calm  75.0%
    """
    if kind not in FORMATS:
        raise ValueError(f"kind must be one of {', '.join(FORMATS)}, got {kind!r}.")
    text = FORMATS[kind](table)
    return f"{text}\n{about}\n" if about and kind == "text" else text


def _as_text(table: pd.DataFrame) -> str:
    rows = table.to_dict("records")
    names = max((len(row["file"]) for row in rows), default=0)
    labels = max((len(_label(row)) for row in rows if not _failed(row)), default=0)
    return "".join(f"{row['file']:<{names}}  {_answer(row, labels)}\n" for row in rows)


def _failed(row: dict[Any, Any]) -> bool:
    return not pd.isna(row["error"])


def _label(row: dict[Any, Any]) -> str:
    return _UNSURE if pd.isna(row["label"]) else str(row["label"])


def _answer(row: dict[Any, Any], width: int) -> str:
    if _failed(row):
        return f"error: {row['error']}"
    parts = [f"{_label(row):<{width}}"]
    if not pd.isna(row["confidence"]):
        parts.append(f"{row['confidence']:.1%}")
    named = [name for name in row if name.startswith("p_")]
    if named:
        parts.append("(" + ", ".join(f"{name[2:]} {row[name]:.1%}" for name in named) + ")")
    return "  ".join(parts).rstrip()


def _as_csv(table: pd.DataFrame) -> str:
    return str(table.to_csv(index=False))


def _as_json(table: pd.DataFrame) -> str:
    rows = json.loads(table.to_json(orient="records", double_precision=15))
    return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"


FORMATS: dict[str, Callable[[pd.DataFrame], str]] = {
    "text": _as_text,
    "csv": _as_csv,
    "json": _as_json,
}
