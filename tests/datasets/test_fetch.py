"""The fetchers against a server on this computer that serves tiny files, and fails on demand."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import time
import zipfile
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import numpy as np
import pooch
import pytest
import soundfile

from sklearn_ser import datasets
from sklearn_ser.datasets import _download, _sources, fetch_ravdess, get_data_home
from sklearn_ser.exceptions import CorpusError, CorpusNotFoundError

RAVDESS = ("03-01-05-02-01-01-07", "03-01-03-01-02-02-08")
CREMA_D = ("1001_DFA_ANG_XX", "1001_IEO_HAP_HI", "1002_TSI_SAD_XX")
TESS = ("OAF_back_angry", "YAF_dog_ps")
TABLES = {
    "SentenceFilenames.csv": b"Stimulus_Number,Filename\n1,1001_DFA_ANG_XX\n",
    "VideoDemographics.csv": b"ActorID,Age,Sex,Race,Ethnicity\n1001,51,Male,Caucasian,\n",
    "processedResults/summaryTable.csv": b"FileName,VoiceVote,VoiceLevel\n1001_DFA_ANG_XX,A,70\n",
}
QUICK = {"n_retries": 1, "delay": 0.0}


def wav(seed: int, rate: int = 16000) -> bytes:
    file = io.BytesIO()
    noise = np.random.default_rng(seed).normal(0, 0.1, rate // 10)
    soundfile.write(file, noise, rate, format="WAV")
    return file.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


class Handler(BaseHTTPRequestHandler):
    """Serve `contents`; `failures` holds, for each path, what to do before all goes well."""

    server: Server

    def do_GET(self):
        path = self.path.partition("?")[0]
        self.server.asked[path] += 1
        content = self.server.contents.get(path)
        failures = self.server.failures.get(path, [])
        failure = failures.pop(0) if failures else None
        if content is None or isinstance(failure, int):
            self.send_error(404 if content is None else failure)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if failure == "slow":
            time.sleep(0.5)
        changed = {"cut": content[: len(content) // 2], "wrong": content[::-1], "slow": b""}
        self.wfile.write(changed.get(failure, content))

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.contents: dict[str, bytes] = {}
        self.failures: dict[str, list[int | str]] = {}
        self.asked: Counter[str] = Counter()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("SKLEARN_SER_DATA", raising=False)
    server = Server()
    for name in ("ZENODO", "GITHUB_LFS", "GITHUB_RAW", "BOREALIS"):
        monkeypatch.setattr(_sources, name, f"{server.url}/{name.lower()}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def ravdess(server, monkeypatch):
    """A tiny archive of RAVDESS; `serve` puts another in its place, with its right sum."""

    def serve(archive: bytes) -> None:
        server.contents[path] = archive
        monkeypatch.setattr(_sources, "_RAVDESS_MD5", hashlib.md5(archive).hexdigest())
        monkeypatch.setattr(_sources, "_RAVDESS_BYTES", len(archive))

    path = "/zenodo/Audio_Speech_Actors_01-24.zip"
    clips = {f"Actor_{s[-2:]}/{s}.wav": wav(i, 48000) for i, s in enumerate(RAVDESS)}
    serve(zipped(clips))
    return SimpleNamespace(path=path, serve=serve, clips=clips)


@pytest.fixture
def crema_d(server, monkeypatch):
    """Three clips of CREMA-D and its tables; gives the clips' paths on the server."""
    rows = []
    for i, stem in enumerate(CREMA_D):
        content = wav(i)
        server.contents[f"/github_lfs/AudioWAV/{stem}.wav"] = content
        rows.append(f"{stem}\t{hashlib.sha256(content).hexdigest()}\t{len(content)}")
    server.contents |= {f"/github_raw/{name}": text for name, text in TABLES.items()}
    monkeypatch.setattr(_sources, "read_registry", lambda: "\n".join(rows) + "\n")
    return [f"/github_lfs/AudioWAV/{stem}.wav" for stem in CREMA_D]


@pytest.fixture
def tess(server):
    """Two clips of TESS and their record; gives the record, to be changed and served again."""
    files = []
    for number, stem in enumerate(TESS, start=11):
        content = wav(number)
        server.contents[f"/borealis/access/datafile/{number}"] = content
        files.append(entry(f"{stem}.wav", number, content))
    files.append(entry("readme.txt", 99, b"never fetched"))
    return serve_record(server, files)


def entry(name: str, number: int, content: bytes, folder: str | None = None) -> dict:
    """One file of a record, as the Dataverse API describes it."""
    md5 = hashlib.md5(content).hexdigest()
    return {
        "label": name,
        "restricted": False,
        **({"directoryLabel": folder} if folder else {}),
        "dataFile": {
            "id": number,
            "filename": name,
            "filesize": len(content),
            "md5": md5,
            "checksum": {"type": "MD5", "value": md5},
        },
    }


def serve_record(server, files: list[dict]) -> dict:
    record = {"status": "OK", "data": {"id": 1, "latestVersion": {"files": files}}}
    server.contents["/borealis/datasets/:persistentId"] = json.dumps(record).encode()
    return record


def names_in(folder) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


class TestHome:
    def test_what_is_given_comes_first(self, monkeypatch, tmp_path):
        monkeypatch.setenv("SKLEARN_SER_DATA", "/elsewhere")
        assert get_data_home(tmp_path) == tmp_path

    def test_then_the_environment(self, monkeypatch, tmp_path):
        monkeypatch.setenv("SKLEARN_SER_DATA", str(tmp_path))
        assert get_data_home() == tmp_path

    def test_then_the_cache(self, monkeypatch):
        monkeypatch.delenv("SKLEARN_SER_DATA", raising=False)
        assert get_data_home() == pooch.os_cache("sklearn_ser")

    def test_tilde_is_the_home_folder(self, monkeypatch, tmp_path):
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("USERPROFILE", str(tmp_path))
        assert get_data_home("~/corpora") == tmp_path / "corpora"

    def test_nothing_is_made(self, tmp_path):
        assert not get_data_home(tmp_path / "new").exists()


class TestRavdess:
    def test_fetches_unpacks_and_loads(self, server, ravdess, tmp_path):
        bunch = fetch_ravdess(data_home=tmp_path, sample_rate=8000)
        assert bunch.target.tolist() == ["angry", "happy"]
        assert bunch.sample_rate == 8000
        assert names_in(tmp_path) == {f"ravdess/{name}" for name in ravdess.clips}

    def test_second_call_asks_nobody(self, server, ravdess, tmp_path):
        fetch_ravdess(data_home=tmp_path)
        fetch_ravdess(data_home=tmp_path)
        assert server.asked == {ravdess.path: 1}

    def test_environment_is_the_default(self, server, ravdess, tmp_path, monkeypatch):
        monkeypatch.setenv("SKLEARN_SER_DATA", str(tmp_path))
        data, target = fetch_ravdess(return_X_y=True)
        assert len(data) == len(target) == 2

    def test_archive_fetched_by_hand_is_used(self, server, ravdess, tmp_path):
        (tmp_path / "Audio_Speech_Actors_01-24.zip").write_bytes(server.contents[ravdess.path])
        assert len(fetch_ravdess(data_home=tmp_path).data) == 2
        assert not server.asked

    def test_absent_and_not_to_be_downloaded(self, server, ravdess, tmp_path):
        with pytest.raises(CorpusNotFoundError, match=r"no recordings in .*ravdess.*Zenodo"):
            fetch_ravdess(data_home=tmp_path / "home", download_if_missing=False)
        assert not server.asked
        assert not (tmp_path / "home").exists()

    def test_present_and_not_to_be_downloaded(self, server, ravdess, tmp_path):
        fetch_ravdess(data_home=tmp_path)
        assert len(fetch_ravdess(data_home=tmp_path, download_if_missing=False).data) == 2

    def test_misspelt_option_is_told_before_the_download(self, server, ravdess, tmp_path):
        with pytest.raises(TypeError, match="smaple_rate"):
            fetch_ravdess(data_home=tmp_path, smaple_rate=8000)
        assert not server.asked

    @pytest.mark.parametrize("failure", ["cut", "wrong", 500, 503, 429])
    def test_what_may_pass_is_tried_again(self, server, ravdess, tmp_path, failure):
        server.failures[ravdess.path] = [failure]
        assert len(fetch_ravdess(data_home=tmp_path, **QUICK).data) == 2
        assert server.asked[ravdess.path] == 2

    @pytest.mark.parametrize(
        ("failure", "cause"),
        [
            ("cut", "the connection broke off"),
            ("wrong", "its md5 is .* instead of"),
            (500, "the server answered 500"),
        ],
    )
    def test_what_stays_is_named(self, server, ravdess, tmp_path, failure, cause):
        server.failures[ravdess.path] = [failure] * 9
        with pytest.raises(CorpusNotFoundError, match=rf"RAVDESS: 1 of 1 .*01-24.zip \({cause}"):
            fetch_ravdess(data_home=tmp_path, **QUICK)
        assert server.asked[ravdess.path] == 2
        assert names_in(tmp_path) == set()

    @pytest.mark.parametrize("code", [403, 404, 410])
    def test_what_cannot_pass_is_not_tried_again(self, server, ravdess, tmp_path, code):
        server.failures[ravdess.path] = [code] * 9
        with pytest.raises(CorpusNotFoundError, match=f"the server answered {code}"):
            fetch_ravdess(data_home=tmp_path, **QUICK)
        assert server.asked[ravdess.path] == 1

    def test_slow_server(self, server, ravdess, tmp_path, monkeypatch):
        monkeypatch.setattr(_download, "TIMEOUT", 0.1)
        server.failures[ravdess.path] = ["slow"] * 9
        with pytest.raises(CorpusNotFoundError, match=r"no answer for 0\.1 seconds"):
            fetch_ravdess(data_home=tmp_path, n_retries=0)
        assert names_in(tmp_path) == set()

    def test_server_down(self, server, ravdess, tmp_path):
        server.shutdown()
        server.server_close()
        with pytest.raises(CorpusNotFoundError, match=r"\(no connection: [^:]*refused\)"):
            fetch_ravdess(data_home=tmp_path, **QUICK)

    def test_each_wait_is_twice_the_one_before(self, server, ravdess, tmp_path, monkeypatch):
        waits: list[float] = []
        monkeypatch.setattr(_download, "time", SimpleNamespace(sleep=waits.append))
        server.failures[ravdess.path] = [500] * 9
        with pytest.raises(CorpusNotFoundError, match="500"):
            fetch_ravdess(data_home=tmp_path, n_retries=3, delay=0.5)
        assert waits == [0.5, 1.0, 2.0]

    def test_home_is_a_file(self, server, ravdess, tmp_path):
        (tmp_path / "home").write_text("in the way")
        with pytest.raises(OSError, match="home"):
            fetch_ravdess(data_home=tmp_path / "home")
        assert not server.asked

    def test_disk_that_fails_is_no_matter_of_the_server(
        self, server, ravdess, tmp_path, monkeypatch
    ):
        def fill(*_, **__):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(_download, "_download", fill)
        with pytest.raises(OSError, match=r"01-24.zip cannot be written: No space.*data_home"):
            fetch_ravdess(data_home=tmp_path)

    def test_folder_with_something_else_in_it_is_left_alone(self, server, ravdess, tmp_path):
        (tmp_path / "ravdess").mkdir()
        (tmp_path / "ravdess" / "notes.txt").write_text("mine")
        with pytest.raises(CorpusNotFoundError, match="holds files but no recordings"):
            fetch_ravdess(data_home=tmp_path)
        assert (tmp_path / "ravdess" / "notes.txt").read_text() == "mine"

    def test_evil_archive_leaves_nothing(self, server, ravdess, tmp_path):
        ravdess.serve(zipped({**ravdess.clips, "../escape.wav": b"out"}))
        with pytest.raises(CorpusError, match=r"'\.\./escape\.wav'.*nothing was unpacked"):
            fetch_ravdess(data_home=tmp_path / "home")
        assert names_in(tmp_path) == {"home/Audio_Speech_Actors_01-24.zip"}

    @pytest.mark.parametrize("options", [{"n_retries": -1}, {"n_retries": 1.5}, {"delay": -1}])
    def test_impossible_settings(self, tmp_path, options):
        with pytest.raises(ValueError, match=next(iter(options))):
            fetch_ravdess(data_home=tmp_path, **options)

    def test_progress_is_shown_when_asked_for(self, server, ravdess, tmp_path, capsys):
        fetch_ravdess(data_home=tmp_path / "loud", verbose=1)
        assert "100%" in capsys.readouterr().err
        fetch_ravdess(data_home=tmp_path / "quiet")
        assert capsys.readouterr().err == ""


class TestCremaD:
    def test_fetches_and_loads(self, server, crema_d, tmp_path):
        bunch = datasets.fetch_crema_d(data_home=tmp_path)
        assert bunch.target.tolist() == ["angry", "happy", "sad"]
        clips = {f"crema_d/AudioWAV/{stem}.wav" for stem in CREMA_D}
        assert names_in(tmp_path) == clips | {f"crema_d/{name}" for name in TABLES}

    def test_second_call_asks_nobody(self, server, crema_d, tmp_path):
        datasets.fetch_crema_d(data_home=tmp_path)
        asked = server.asked.copy()
        datasets.fetch_crema_d(data_home=tmp_path)
        assert server.asked == asked

    def test_only_the_file_that_failed_is_repeated(self, server, crema_d, tmp_path):
        server.failures[crema_d[1]] = [404]
        with pytest.raises(
            CorpusNotFoundError,
            match=rf"1 of 6 files .*: AudioWAV/{CREMA_D[1]}\.wav \(the server answered 404",
        ):
            datasets.fetch_crema_d(data_home=tmp_path, **QUICK)
        datasets.fetch_crema_d(data_home=tmp_path, **QUICK)
        assert [server.asked[path] for path in crema_d] == [1, 2, 1]

    @pytest.mark.parametrize("harm", ["cut", "turned", "pointer"])
    def test_only_what_is_wrong_is_repeated(self, server, crema_d, tmp_path, harm):
        datasets.fetch_crema_d(data_home=tmp_path)
        clip = tmp_path / "crema_d" / "AudioWAV" / f"{CREMA_D[0]}.wav"
        whole = clip.read_bytes()
        pointer = b"version https://git-lfs.github.com/spec/v1\n"
        clip.write_bytes({"cut": whole[:99], "turned": whole[::-1], "pointer": pointer}[harm])
        datasets.fetch_crema_d(data_home=tmp_path)
        assert clip.read_bytes() == whole
        assert [server.asked[path] for path in crema_d] == [2, 1, 1]

    def test_clip_elsewhere_or_in_another_format_counts(self, server, crema_d, tmp_path):
        folder = tmp_path / "crema_d" / "mine"
        folder.mkdir(parents=True)
        (folder / f"{CREMA_D[0]}.wav").write_bytes(server.contents[crema_d[0]])
        soundfile.write(folder / f"{CREMA_D[1]}.flac", np.zeros(1600) + 0.1, 16000)
        (folder / "summaryTable.csv").write_bytes(TABLES["processedResults/summaryTable.csv"])
        assert len(datasets.fetch_crema_d(data_home=tmp_path).data) == 3
        assert [server.asked[path] for path in crema_d] == [0, 0, 1]
        assert server.asked["/github_raw/processedResults/summaryTable.csv"] == 0

    def test_broken_clip_elsewhere_is_mended_there(self, server, crema_d, tmp_path):
        folder = tmp_path / "crema_d" / "mine"
        folder.mkdir(parents=True)
        (folder / f"{CREMA_D[0]}.wav").write_bytes(b"broken")
        datasets.fetch_crema_d(data_home=tmp_path)
        assert (folder / f"{CREMA_D[0]}.wav").read_bytes() == server.contents[crema_d[0]]
        assert not (tmp_path / "crema_d" / "AudioWAV" / f"{CREMA_D[0]}.wav").exists()

    def test_table_cut_off_is_noticed_without_a_sum(self, server, crema_d, tmp_path):
        server.failures["/github_raw/VideoDemographics.csv"] = ["cut"] * 9
        with pytest.raises(CorpusNotFoundError, match=r"VideoDemographics\.csv \(the connection"):
            datasets.fetch_crema_d(data_home=tmp_path, **QUICK)

    def test_empty_table_is_none(self, server, crema_d, tmp_path):
        server.contents["/github_raw/SentenceFilenames.csv"] = b""
        with pytest.raises(CorpusNotFoundError, match=r"SentenceFilenames\.csv \(it is empty\)"):
            datasets.fetch_crema_d(data_home=tmp_path, **QUICK)

    def test_gives_up_when_the_server_is_the_cause(self, server, monkeypatch, tmp_path):
        rows = [f"1001_DFA_ANG_{i:02d}\t{'0' * 64}\t10" for i in range(200)]
        monkeypatch.setattr(_sources, "read_registry", lambda: "\n".join(rows))
        with pytest.raises(CorpusNotFoundError, match=r"and \d+ more\. After these, 1\d\d more"):
            datasets.fetch_crema_d(data_home=tmp_path, **QUICK)
        assert server.asked.total() < 30

    def test_nothing_is_there_and_nothing_to_be_downloaded(self, server, crema_d, tmp_path):
        with pytest.raises(CorpusNotFoundError, match=r"CREMA-D is not there.*GitHub"):
            datasets.fetch_crema_d(data_home=tmp_path, download_if_missing=False)
        assert not server.asked

    def test_progress_counts_files(self, server, crema_d, tmp_path, capsys):
        datasets.fetch_crema_d(data_home=tmp_path, verbose=1)
        assert "Fetching CREMA-D: 100%" in capsys.readouterr().err

    def test_registry_lists_every_clip(self):
        files = _sources.crema_d_files()
        clips = [file for file in files if file.checksum]
        assert len(clips) == len({file.name for file in clips}) == 7442
        assert len({file.name[9:13] for file in clips}) == 91
        assert all(len(file.checksum) == len("sha256:") + 64 for file in clips)
        assert {file.name for file in files} - {file.name for file in clips} == set(TABLES)


class TestTess:
    def test_fetches_and_loads(self, server, tess, tmp_path):
        bunch = datasets.fetch_tess(data_home=tmp_path)
        assert len(bunch.data) == 2
        kept = {"dataverse_record.json", *(f"{stem}.wav" for stem in TESS)}
        assert names_in(tmp_path / "tess") == kept

    def test_second_call_asks_nobody(self, server, tess, tmp_path):
        datasets.fetch_tess(data_home=tmp_path)
        asked = server.asked.copy()
        datasets.fetch_tess(data_home=tmp_path)
        assert server.asked == asked

    def test_folders_and_plain_md5_of_older_servers(self, server, tess, tmp_path):
        files = tess["data"]["latestVersion"]["files"]
        files[0]["directoryLabel"] = "OAF angry"
        del files[0]["dataFile"]["checksum"], files[0]["label"]
        serve_record(server, files)
        assert len(datasets.fetch_tess(data_home=tmp_path).data) == 2
        assert (tmp_path / "tess" / "OAF angry" / "OAF_back_angry.wav").is_file()

    def test_wrong_sum_is_named(self, server, tess, tmp_path):
        server.failures["/borealis/access/datafile/12"] = ["wrong"] * 9
        with pytest.raises(CorpusNotFoundError, match=r"YAF_dog_ps\.wav \(its md5 is"):
            datasets.fetch_tess(data_home=tmp_path, **QUICK)
        server.failures.clear()
        assert len(datasets.fetch_tess(data_home=tmp_path).data) == 2
        assert server.asked["/borealis/access/datafile/11"] == 1

    def test_archive_in_the_record_is_unpacked_once(self, server, tmp_path):
        packed = zipped({f"{stem}.wav": wav(i) for i, stem in enumerate(TESS)})
        server.contents["/borealis/access/datafile/5"] = packed
        serve_record(server, [entry("TESS.zip", 5, packed)])
        for _ in range(2):
            assert len(datasets.fetch_tess(data_home=tmp_path).data) == 2
        assert server.asked["/borealis/access/datafile/5"] == 1

    @pytest.mark.parametrize(
        "answer",
        [b"<html>", b"[]", b'{"data": {}}', b'{"data": {"latestVersion": {"files": [1]}}}'],
    )
    def test_answer_that_is_no_record(self, server, tess, tmp_path, answer):
        whole = server.contents["/borealis/datasets/:persistentId"]
        server.contents["/borealis/datasets/:persistentId"] = answer
        with pytest.raises(CorpusError, match="is no Dataverse record"):
            datasets.fetch_tess(data_home=tmp_path)
        server.contents["/borealis/datasets/:persistentId"] = whole
        assert len(datasets.fetch_tess(data_home=tmp_path).data) == 2

    def test_record_without_recordings(self, server, tmp_path):
        serve_record(server, [entry("readme.txt", 1, b"text")])
        with pytest.raises(CorpusError, match=r"no recording of TESS, only readme\.txt"):
            datasets.fetch_tess(data_home=tmp_path)

    @pytest.mark.parametrize("name", ["../evil.wav", "/evil.wav", "C:\\evil.wav", "..\\evil.wav"])
    def test_record_cannot_name_a_place_outside(self, server, tmp_path, name):
        serve_record(server, [entry(name, 1, b"text")])
        with pytest.raises(CorpusError, match="could be written outside its folder"):
            datasets.fetch_tess(data_home=tmp_path)
        assert names_in(tmp_path) == set()


class TestSavee:
    @pytest.fixture
    def archive(self, tmp_path, monkeypatch):
        monkeypatch.delenv("SKLEARN_SER_DATA", raising=False)
        path = tmp_path / "AudioData.zip"
        path.write_bytes(zipped({"AudioData/DC/a01.wav": wav(1), "AudioData/JE/su15.wav": wav(2)}))
        return path

    def test_unpacks_the_users_archive(self, archive, tmp_path):
        bunch = datasets.fetch_savee(archive, data_home=tmp_path / "home")
        assert len(bunch.data) == 2
        assert archive.is_file()

    def test_then_it_is_there(self, archive, tmp_path):
        datasets.fetch_savee(archive, data_home=tmp_path / "home")
        archive.unlink()
        assert len(datasets.fetch_savee(data_home=tmp_path / "home").data) == 2
        assert len(datasets.fetch_savee(archive, data_home=tmp_path / "home").data) == 2

    def test_archive_in_the_home_is_found(self, archive, tmp_path):
        assert len(datasets.fetch_savee(data_home=tmp_path).data) == 2

    def test_without_archive_the_registration_is_explained(self, tmp_path):
        with pytest.raises(CorpusNotFoundError, match=r"SAVEE is not there.*register at"):
            datasets.fetch_savee(data_home=tmp_path)

    def test_archive_that_does_not_exist(self, tmp_path):
        with pytest.raises(CorpusNotFoundError, match=r"no archive .*other\.zip.*register at"):
            datasets.fetch_savee(tmp_path / "other.zip", data_home=tmp_path)

    def test_archive_that_is_none(self, archive, tmp_path):
        archive.write_bytes(b"<html>Please register</html>")
        with pytest.raises(CorpusError, match="is no zip archive that can be unpacked"):
            datasets.fetch_savee(archive, data_home=tmp_path / "home")
        assert names_in(tmp_path) == {"AudioData.zip"}
