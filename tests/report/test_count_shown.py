"""How far something is: lines now and then where there is no terminal."""

import re

from scaling.report import count_shown


def test_lines_now_and_then_and_at_the_end(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(count_shown.time, "monotonic", lambda: now[0])
    with count_shown.count_shown("images stored") as report:
        for done in range(100, 1101, 100):
            report(done, 1100)
            now[0] += 2
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "images stored: 400 of 1,100, 14 s left",
        "images stored: 700 of 1,100, 8 s left",
        "images stored: 1,000 of 1,100, 2 s left",
        "images stored: 1,100 of 1,100",
    ]


def test_nothing_is_said_of_what_is_done_already(capsys):
    with count_shown.count_shown("images stored") as report:
        report(70, 70)
    assert capsys.readouterr().err == ""


def test_a_terminal_has_a_bar(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    with count_shown.count_shown("images stored") as report:
        report(0, 2000)
        report(1000, 2000)
    assert re.search(r"images stored .*1000/2000", capsys.readouterr().err)
