"""Subtitles: what is said, by the minute, without markup and repeats."""

from __future__ import annotations

import pytest

from rag import LoadError
from rag.loaders import load_bytes

SRT = (
    "1\r\n00:00:01,000 --> 00:00:03,000\r\n<i>Welcome</i> to the hall.\r\n\r\n"
    "2\r\n00:00:03,500 --> 00:00:05,000\r\nIt opened in 1931.\r\n\r\n"
    "3\r\n00:00:09,000 --> 00:00:11,000\r\n{\\an8}The roof is made of copper.\r\n\r\n"
    "4\r\n00:03:02,000 --> 00:03:04,000\r\nThe tower has\r\nninety steps.\r\n"
)
VTT = (
    "WEBVTT\n\nNOTE made by hand\n\n"
    "00:01.000 --> 00:03.000 align:start\n<v Ada>Steam &amp; gears.\n\n"
    "00:03.000 --> 00:05.000\n<v Ada>Steam &amp; gears.\n<v Bo>And punched cards.\n\n"
    "01:00:00.000 --> 01:00:02.000\nThe end.\n"
)


def test_a_subrip_file_reads_as_text_by_minute() -> None:
    (document,) = load_bytes(SRT.encode(), "film.srt").documents
    assert document.text == (
        "## 00:00:00\n\nWelcome to the hall. It opened in 1931.\n\nThe roof is made of copper.\n\n"
        "## 00:03:00\n\nThe tower has ninety steps."
    )
    assert document.metadata["seconds"] == 184
    minute = document.text.index("## 00:03:00")
    assert document.pages == (0, minute, minute, minute), "silent minutes begin where the next one does"


def test_a_webvtt_file_names_speakers_and_says_repeats_once() -> None:
    (document,) = load_bytes(VTT.encode(), "talk.vtt").documents
    assert "Ada: Steam & gears.\n\nBo: And punched cards." in document.text
    assert document.text.count("Steam") == 1
    assert "NOTE" not in document.text
    assert document.text.endswith("## 01:00:00\n\nThe end.")
    assert len(document.pages) == 61


def test_a_file_without_times_is_refused() -> None:
    with pytest.raises(LoadError, match="no line with times"):
        load_bytes(b"Just words.", "film.srt")


def test_captions_that_roll_over_several_lines_are_said_once() -> None:
    cues = [["Aa", "Bb", "Cc"], ["Bb", "Cc", "Dd"], ["<v Ada Lund>Dd"], ["Ee", "Dd"], ["Ff"]]
    blocks = (f"00:0{n}.000 --> 00:0{n}.900\n" + "\n".join(lines) for n, lines in enumerate(cues))
    data = ("WEBVTT\n\n" + "\n\n".join(blocks)).encode()
    assert load_bytes(data, "a.vtt").documents[0].text == "## 00:00:00\n\nAa Bb Cc Dd Ee Dd Ff"


def test_a_speaker_of_two_names_has_a_paragraph() -> None:
    said = "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ada Lund>Shut the gate.\n\n"
    said += "00:02.000 --> 00:03.000\n<v Bo Ek>Why?\n"
    text = load_bytes(said.encode(), "a.vtt").documents[0].text
    assert text == "## 00:00:00\n\nAda Lund: Shut the gate.\n\nBo Ek: Why?"


def test_a_dash_or_a_voice_begins_what_another_person_says() -> None:
    said = "1\n00:00:01,000 --> 00:00:02,000\n- Who took it?\n- <i>Me.</i>\n\n"
    said += "2\n00:00:02,500 --> 00:00:03,000\n-I mean, we did\nlast night.\n\n"
    said += "3\n00:00:03,500 --> 00:00:04,000\nIt was\n-5 degrees.\n"
    text = load_bytes(said.encode(), "a.srt").documents[0].text
    assert text == "## 00:00:00\n\nWho took it?\n\nMe.\n\nI mean, we did last night. It was -5 degrees."
    voices = "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ada>Shut it.\n<v Bo>Why?\n"
    text = load_bytes(voices.encode(), "a.vtt").documents[0].text
    assert text == "## 00:00:00\n\nAda: Shut it.\n\nBo: Why?"
