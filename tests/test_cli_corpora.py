from __future__ import annotations

import argparse
import json

import numpy as np
import pandas as pd
import pytest
from sklearn.utils import Bunch

from sklearn_ser import datasets
from sklearn_ser.audio import AudioClips, write_audio
from sklearn_ser.cli import _load, main
from sklearn_ser.exceptions import CorpusWarning

RATE = 8000
QUICK = ["--n-jobs", "1", "--sample-rate", str(RATE), "--pipelines", "mfcc-logreg"]


def make_bunch(speakers, corpus):
    """Tones: two words in both emotions, and two that belong to one; higher for anger."""
    rng = np.random.default_rng(0)
    rows = [
        {"speaker": f"{corpus}-{name}", "emotion": emotion, "sentence": said, "corpus": corpus}
        for name in speakers
        for emotion in ("angry", "calm")
        for said in ("both-1", "both-2", f"{emotion}-1", f"{emotion}-2", f"{emotion}-3")
    ]
    table = pd.DataFrame(rows)
    pitch = np.where(table["emotion"] == "angry", 600, 200) + rng.integers(0, 40, len(table))
    times = np.arange(RATE // 4) / RATE
    waves = 0.3 * np.sin(2 * np.pi * pitch[:, None] * times)
    waves += 0.02 * rng.normal(size=waves.shape)
    clips = AudioClips(waves, RATE, metadata=table)
    target = np.asarray(table["emotion"], dtype=object)
    return Bunch(data=clips, target=target, frame=table, filenames=np.array([]))


@pytest.fixture
def loaders(monkeypatch):
    """Loaders that note how they were called and give tones."""
    calls = {}

    def fake(corpus, speakers):
        def load(path, **options):
            calls[corpus] = (path, options)
            return make_bunch(speakers, corpus)

        return load

    monkeypatch.delenv("SKLEARN_SER_DATA", raising=False)
    for corpus, speakers in {"savee": "abc", "tess": "ab", "crema_d": "abcd"}.items():
        monkeypatch.setattr(datasets, f"load_{corpus}", fake(corpus, speakers), raising=False)
    monkeypatch.setattr(datasets, "load_corpora", fake("joined", "abcd"), raising=False)
    return calls


def benchmark(tmp_path, *command):
    options = [*QUICK, "--no-random-split", "--output", str(tmp_path / "out")]
    return main(["benchmark", *map(str, command), *options])


@pytest.mark.filterwarnings("default")
class TestBenchmark:
    def test_savee_is_scored_both_ways(self, loaders, tmp_path, capsys):
        assert benchmark(tmp_path, "--corpus", "savee", "--data", tmp_path) == 0
        printed = capsys.readouterr().out
        places = [
            printed.index(phrase)
            for phrase in (
                "SAVEE: 30 clips of 3 speakers",
                "Protocol loso: ",
                "Protocol loso-sentences: ",
                "Scores are over 12 of 30 clips",
                "Protocols side by side",
                "UAR % on the same 12",
                "Final model",
            )
        ]
        assert places == sorted(places)
        for protocol, n_tested in (("loso", 30), ("loso-sentences", 12)):
            folder = tmp_path / "out" / protocol
            assert (folder / "confusion.png").exists()
            results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
            assert results["settings"]["protocol"] == protocol
            assert results["settings"]["n_tested"] == n_tested
        assert (tmp_path / "out" / "model.joblib").exists()

    def test_tess_is_tuned_by_word_and_says_so(self, loaders, tmp_path, capsys):
        assert benchmark(tmp_path, "--corpus", f"tess={tmp_path}", "--clean") == 0
        printed = capsys.readouterr().out
        assert "Protocol tess-across: Train on one of TESS' two women" in printed
        assert "not grouped by speaker but by sentence" in " ".join(printed.split())
        assert "No interval is given: 2 speakers" in printed
        path, options = loaders["tess"]
        assert path == tmp_path
        assert options["clean"]
        assert options["target"] == "emotion"
        assert options["sample_rate"] == RATE

    def test_people_are_quoted_for_emotions_only(self, loaders, tmp_path, capsys):
        command = ["--corpus", "crema-d", "--data", tmp_path, "--protocol", "speakers"]
        assert benchmark(tmp_path, *command, "--folds", "2") == 0
        printed = capsys.readouterr().out
        assert "2 balanced folds of speakers" in printed
        assert "40.9" in printed
        args = argparse.Namespace(corpus=[("crema_d", "")], table=None, target="sex")
        assert _load.human_level(args) is None

    def test_several_corpora_are_joined(self, loaders, tmp_path, capsys):
        places = ["--corpus", f"tess={tmp_path}", "--corpus", f"savee={tmp_path / 'x'}"]
        assert benchmark(tmp_path, *places) == 0
        printed = capsys.readouterr().out
        assert "TESS + SAVEE: 40 clips" in printed
        assert "Protocol speakers: " in printed
        assert loaders["joined"][0] == {"tess": tmp_path, "savee": tmp_path / "x"}

    def test_folder_from_the_environment(self, loaders, tmp_path, monkeypatch):
        (tmp_path / "Tess").mkdir()
        monkeypatch.setenv("SKLEARN_SER_DATA", str(tmp_path))
        assert benchmark(tmp_path, "--corpus", "tess", "--protocol", "loso") == 0
        assert loaders["tess"][0] == tmp_path / "Tess"


class TestFindCorpora:
    def test_names_in_any_spelling(self, tmp_path):
        for name in ("CREMA-D", "ravdess", "SAVEE", "other"):
            (tmp_path / name).mkdir()
        (tmp_path / "tess").touch()
        found = _load.find_corpora(tmp_path)
        assert {name: path.name for name, path in found.items()} == {
            "crema_d": "CREMA-D",
            "ravdess": "ravdess",
            "savee": "SAVEE",
        }

    def test_no_such_folder(self, tmp_path):
        assert _load.find_corpora(tmp_path / "none") == {}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder with three clips of RAVDESS, two of which are its known pair."""
    monkeypatch.delenv("SKLEARN_SER_DATA", raising=False)
    rng = np.random.default_rng(0)
    wave = 0.1 * rng.normal(size=RATE)
    for name in ("03-01-03-01-02-01-07", "03-01-03-01-02-02-07", "03-01-05-01-01-01-07"):
        path = tmp_path / "ravdess" / "Actor_07" / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_audio(path, wave, RATE)
    return tmp_path


class TestCorpora:
    def test_found_and_not_found(self, home, capsys):
        assert main(["corpora", "--data-home", str(home)]) == 0
        printed = capsys.readouterr().out
        row = next(line for line in printed.splitlines() if line.strip().startswith("RAVDESS"))
        assert row.split() == ["RAVDESS", *["3", "1", "2", "2", "0.1", "1"], str(home / "ravdess")]
        assert "03-01-03-01-02-01-07 and 03-01-03-01-02-02-07 are one recording" in printed
        missing = printed[printed.index("Not found") :]
        assert all(name in missing for name in ("CREMA-D", "SAVEE", "TESS"))
        assert "RAVDESS" not in missing

    def test_check_counts_what_is_broken(self, home, capsys):
        whole = (home / "ravdess" / "Actor_07" / "03-01-05-01-01-01-07.wav").read_bytes()
        (home / "ravdess" / "03-01-06-01-01-01-07.wav").write_bytes(whole)
        (home / "ravdess" / "03-01-07-01-01-01-07.wav").write_text("no audio")
        assert main(["corpora", str(home / "ravdess"), "--check"]) == 0
        printed = capsys.readouterr().out
        row = next(line for line in printed.splitlines() if line.startswith("RAVDESS"))
        assert row.split()[1] == "3"
        assert row.split()[6] == "2"
        assert "clean=True left out 2 of 5 clips" in printed
        assert "Not found" not in printed

    def test_plot(self, home, capsys):
        picture = home / "new.png"
        assert main(["corpora", str(home / "ravdess"), "--plot", str(picture)]) == 0
        assert picture.read_bytes().startswith(b"\x89PNG")
        assert str(picture) in capsys.readouterr().out

    def test_environment(self, home, capsys, monkeypatch):
        monkeypatch.setenv("SKLEARN_SER_DATA", str(home))
        assert main(["corpora"]) == 0
        assert str(home / "ravdess") in capsys.readouterr().out

    def test_nowhere_to_look(self, monkeypatch, capsys):
        monkeypatch.delenv("SKLEARN_SER_DATA", raising=False)
        assert main(["corpora"]) == 0
        printed = capsys.readouterr().out
        assert printed.startswith("Not found")
        assert "zenodo.org" in printed

    def test_a_corpus_that_cannot_be_loaded(self, tmp_path, capsys):
        (tmp_path / "ravdess").mkdir()
        assert main(["corpora", "--data-home", str(tmp_path)]) == 1
        assert "it holds no audio file at all" in " ".join(capsys.readouterr().out.split())

    @pytest.mark.parametrize(
        ("command", "message"),
        [
            (["none"], "there is no folder"),
            (["."], "holds none of RAVDESS, CREMA-D, SAVEE, TESS and no audio file at all"),
            (["--data-home", "none"], "--data-home names none, which is no folder"),
            (["--plot", "x.png"], "no corpus was found that could be drawn"),
        ],
    )
    def test_errors(self, command, message, tmp_path, monkeypatch, capsys):
        monkeypatch.delenv("SKLEARN_SER_DATA", raising=False)
        monkeypatch.chdir(tmp_path)
        assert main(["corpora", *command]) == 2
        assert message in capsys.readouterr().err

    @pytest.mark.slow
    def test_all_four(self, corpora, capsys):
        assert main(["corpora", "--data-home", str(corpora)]) == 0
        printed = capsys.readouterr().out
        assert "Not found" not in printed
        assert "1076_MTI_SAD_XX has no sound" in printed


def test_warnings_of_a_loader_do_not_reach_the_terminal(home, capsys):
    with pytest.warns(CorpusWarning, match="one recording"):
        datasets.load_ravdess(home / "ravdess", in_memory=False)
    main(["corpora", "--data-home", str(home)])
    assert not capsys.readouterr().err
