"""How AudioClips show themselves in a notebook: players for the first few clips."""

from __future__ import annotations

import base64
import html
import io
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from sklearn_ser.exceptions import AudioError

if TYPE_CHECKING:
    from sklearn_ser.audio._clips import AudioClips

_CLIPS_SHOWN = 3
_LONGEST_PLAYER = 20.0  # seconds of a clip that are embedded in the page
_COLUMNS_SHOWN = 4


def players(clips: AudioClips) -> str:
    """Return HTML: the summary, and a row with a player for each of the first clips."""
    shown = range(min(_CLIPS_SHOWN, len(clips)))
    rows = "".join(f"<tr>{_row(clips, position)}</tr>" for position in shown)
    more = len(clips) - len(shown)
    rest = f"<p>... and {more} more</p>" if more else ""
    return f"<div><p>{html.escape(repr(clips))}</p><table>{rows}</table>{rest}</div>"


def _row(clips: AudioClips, position: int) -> str:
    cells = [str(position), *_facts(clips, position)]
    described = "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
    return f"{described}<td>{_player(clips, position)}</td>"


def _facts(clips: AudioClips, position: int) -> list[str]:
    table = clips.metadata
    if table is None:
        return [] if clips.paths is None else [str(clips.paths[position])]
    columns = [column for column in table.columns if column != "path"][:_COLUMNS_SHOWN]
    return [str(table[column].iloc[position]) for column in columns]


def _player(clips: AudioClips, position: int) -> str:
    try:
        waveform = clips[position]
    except AudioError as error:
        return html.escape(str(error))
    seconds = len(waveform) / clips.sample_rate
    part = waveform[: int(_LONGEST_PLAYER * clips.sample_rate)]
    stream = io.BytesIO()
    soundfile.write(stream, np.clip(part, -1, 1), clips.sample_rate, format="WAV")
    data = base64.b64encode(stream.getvalue()).decode()
    return f'<audio controls src="data:audio/wav;base64,{data}"></audio> {seconds:.2f} s'
