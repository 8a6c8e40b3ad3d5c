from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.utils import Bunch

from sklearn_ser.audio import AudioClips
from sklearn_ser.plotting import CorpusSummaryDisplay


def make_bunch(n_speakers=3, speakers=True, silent=False):
    rate = 1000
    labels = np.tile(np.array(["angry", "sad"], dtype=object), 2 * n_speakers)
    waves = [np.full(rate * (1 + place % 2), 0.1) for place in range(len(labels))]
    if silent:
        waves[0] = np.zeros(rate)
        waves[1] = np.full(rate, 1e-9)
    table = {"speaker": np.repeat([f"s-{n}" for n in range(n_speakers)], 4)} if speakers else {}
    metadata = pd.DataFrame(table, index=range(len(labels)))
    return Bunch(data=AudioClips(waves, rate, metadata=metadata), target=labels)


def test_measures_what_is_there():
    display = CorpusSummaryDisplay.from_bunch(make_bunch(), title="Mine")
    assert display.durations.tolist() == [1.0, 2.0] * 6
    assert display.levels == pytest.approx(-20.0)
    assert display.figure_.get_suptitle() == "Mine\n12 clips of 3 speakers, 0.3 minutes"
    assert [bar.get_width() for bar in display.axes_["classes"].patches] == [6, 6]
    assert [text.get_text() for text in display.axes_["counts"].texts] == ["2"] * 6
    names = [label.get_text() for label in display.axes_["counts"].get_yticklabels()]
    assert names == ["s-0", "s-1", "s-2"]
    assert "1.00 to 2.00, median 1.50" in display.axes_["durations"].get_xlabel()


def test_silence_is_counted_and_not_drawn():
    display = CorpusSummaryDisplay.from_bunch(make_bunch(silent=True))
    assert display.axes_["levels"].get_xlabel() == "level (dBFS); 2 without sound"


def test_without_speakers():
    display = CorpusSummaryDisplay.from_bunch(make_bunch(speakers=False))
    assert "speakers" not in display.figure_.get_suptitle()
    assert [text.get_text() for text in display.axes_["counts"].texts] == ["6", "6"]


def test_many_speakers_stay_readable():
    display = CorpusSummaryDisplay.from_bunch(make_bunch(n_speakers=91))
    assert not display.axes_["counts"].texts
    assert len(display.axes_["counts"].get_yticklabels()) <= 40


def test_no_clips():
    bunch = Bunch(data=AudioClips([], 16000), target=np.array([]))
    with pytest.raises(ValueError, match="bunch holds no clips"):
        CorpusSummaryDisplay.from_bunch(bunch)


@pytest.mark.parametrize(("name", "start"), [("a.png", b"\x89PNG"), ("a.svg", b"<?xml")])
def test_save(tmp_path, name, start):
    display = CorpusSummaryDisplay.from_bunch(make_bunch())
    assert display.save(tmp_path / name).read_bytes().startswith(start)


def test_notebooks_show_it():
    made = CorpusSummaryDisplay.from_bunch(make_bunch())
    again = CorpusSummaryDisplay(made.labels, made.speakers, made.durations, made.levels)
    assert again._repr_png_().startswith(b"\x89PNG")


def test_leaves_pyplot_alone():
    script = (
        "import sys; from sklearn_ser.plotting import CorpusSummaryDisplay as C\n"
        "assert 'matplotlib' not in sys.modules\n"
        "C(['a', 'b'], None, [1.0, 2.0], [-20.0, -30.0]).plot()\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
