"""What the weights are known to be, and for whom they are no test."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sklearn_ser.embedding import encoder_card, refuse_heard_speakers
from sklearn_ser.embedding._weights import read_weights, write_weights
from sklearn_ser.exceptions import EncoderError


class TestCard:
    def test_everything_stands_in_it(self, voice_encoder):
        card = encoder_card(voice_encoder)
        assert card.startswith("Voice encoder 'tiny'\n--------------------\n")
        places = [
            card.index(phrase)
            for phrase in (
                "16 mel bands and as many pitches of speech at 16000 Hz; stage1 4, stage2 6,",
                "angry, happy, sad, and abstains below 40%",
                read_weights(voice_encoder).sha256,
                "Noise, heard by nobody.",
                "Contains information from no corpus at all.",
                "trained on 2: speaker-3, crema_d-1001",
                "chosen by 1: crema_d-1002",
                "elsewhere, zero-shot, emotions: UAR 42.0% [38.0%, 47.0%] accuracy 45.0%",
                "angry 70.0%, happy 46.0%, sad 10.0%",
                "female: UAR 44.0% accuracy 46.0%, male 40.0%",
                "crema_d, speakers: UAR 70.0%",
                "- Telling who lies.",
                "written_with sklearn_ser 0.1, keras 3.15.1, seed 7",
                "By nobody.",
                "epochs=0, mixup=0.2, front_end.n_bands=16",
            )
        ]
        assert "whitening" not in card
        assert "times its speed" not in card
        assert places == sorted(places)
        assert max(map(len, card.splitlines())) <= 90

    def test_what_is_not_known_is_left_out(self, voice_encoder, tmp_path):
        found = read_weights(voice_encoder)
        header = replace(found.header, card={})
        path = tmp_path / "a.encoder"
        write_weights(path, header, found.frames_graph, found.clip_graph)
        card = encoder_card(path)
        assert "What it is" in card
        assert "Licence" not in card
        assert "Scores" not in card
        refuse_heard_speakers(path, ["anybody"], "test")


class TestHeard:
    @pytest.mark.parametrize("speakers", [None, [], ["ravdess-01"], [3]])
    def test_strangers_are_welcome(self, speakers, voice_encoder):
        refuse_heard_speakers(voice_encoder, speakers, "test on them")

    @pytest.mark.parametrize("heard", ["speaker-3", "crema_d-1002"], ids=["trained", "chosen"])
    def test_whoever_had_a_say_is_not(self, heard, voice_encoder):
        message = (
            rf"'tiny' was trained on the voices of 1 of the speakers \({heard}\), so that it "
            r"cannot test on them: .* train-encoder --without-speakers .* benchmarks.encoder_folds"
        )
        with pytest.raises(EncoderError, match=message):
            refuse_heard_speakers(voice_encoder, ["ravdess-01", heard, heard], "test on them")
