"""How AudioClips show themselves in a notebook: players for the first few clips."""

from __future__ import annotations

import base64
import html
import io
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import soundfile

from sklearn_ser.audio._store import Waveform
from sklearn_ser.exceptions import AudioError

if TYPE_CHECKING:
    from sklearn_ser.audio._clips import AudioClips

_CLIPS_SHOWN = 3
_LONGEST_PLAYER = 20.0  # seconds of a clip that are embedded in the page
_COLUMNS_SHOWN = 4


def players(clips: AudioClips) -> str:
    """Return HTML: the summary, and a row with a player for each of the first clips."""
    shown = range(min(_CLIPS_SHOWN, len(clips)))
    table = _facts(clips[: len(shown)])
    head = "".join(f"<th>{html.escape(str(name))}</th>" for name in ["", *table.columns])
    rows = "".join(f"<tr>{_row(clips, i, table.iloc[i].tolist())}</tr>" for i in shown)
    more = len(clips) - len(shown)
    rest = f"<p>... and {more} more</p>" if more else ""
    return (
        f"<div><p>{html.escape(repr(clips))}</p><table><tr>{head}<th>seconds</th><th></th></tr>"
        f"{rows}</table>{rest}</div>"
    )


def _facts(clips: AudioClips) -> pd.DataFrame:
    """Return what tells the clips apart: the first columns of their table, or their paths."""
    table = clips.metadata
    if table is None:
        paths = [] if clips.paths is None else [("path", clips.paths)]
        return pd.DataFrame(dict(paths), index=range(len(clips)))
    return table[[name for name in table.columns if name != "path"][:_COLUMNS_SHOWN]]


def _row(clips: AudioClips, position: int, facts: list[object]) -> str:
    cells = [str(position), *map(str, facts)]
    try:
        waveform = clips[position]
    except AudioError as error:
        cells += ["", str(error)]
        return "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
    cells.append(f"{len(waveform) / clips.sample_rate:.2f}")
    described = "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
    return f"{described}<td>{_player(waveform, clips.sample_rate)}</td>"


def _player(waveform: Waveform, sample_rate: int) -> str:
    part = waveform[: int(_LONGEST_PLAYER * sample_rate)]
    stream = io.BytesIO()
    soundfile.write(stream, np.clip(part, -1, 1), sample_rate, format="WAV")
    data = base64.b64encode(stream.getvalue()).decode()
    return f'<audio controls src="data:audio/wav;base64,{data}"></audio>'
