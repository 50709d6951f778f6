"""A document and its writers: text, JSON, CSV."""

import json

import pytest

from scaling.report.document import Column, Document, Table, Values, view
from scaling.report.plain import as_csv, as_data, write_json
from scaling.report.text import say, show, write_text

COLUMNS = (
    Column(lambda row: row["name"], "network", "name", left=True),
    Column(lambda row: row["macs"], "MACs", "macs", "{:,}".format),
    Column(
        lambda row: row.get("accuracy"), "accuracy %", "accuracy", lambda value: "-" if value is None else f"{100 * value:.1f}"
    ),
    Column(lambda row: row["macs"] / 1000, key="ratio"),
    Column(lambda row: "yes", "only people read this"),
)
ROWS = ({"name": "small", "macs": 1000, "accuracy": 0.875}, {"name": "large", "macs": 2_000_000})
DOCUMENT = Document(
    (
        "Two networks.",
        Table(COLUMNS, ROWS, key="networks", section=lambda row: row["name"]),
        Table(COLUMNS, ROWS[:1], key="again", for_machines=True),
        Values({"seeds": 2}),
    )
)


def test_people_read_titles_and_formatted_values(capsys):
    write_text(DOCUMENT)
    lines = [line.strip() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert lines[0] == "Two networks."
    assert lines[1].startswith("network")
    assert lines[1].endswith("only people read this")
    assert lines[3].split() == ["small", "1,000", "87.5", "yes"]
    assert lines[-1].split() == ["large", "2,000,000", "-", "yes"]
    assert not any("again" in line or "seeds" in line for line in lines)


def test_machines_read_keys_and_unrounded_values(capsys):
    write_json(DOCUMENT)
    small = {"name": "small", "macs": 1000, "accuracy": 0.875, "ratio": 1.0}
    large = {"name": "large", "macs": 2_000_000, "accuracy": None, "ratio": 2000.0}
    assert json.loads(capsys.readouterr().out) == {"networks": [small, large], "again": [small], "seeds": 2}


def test_comma_separated_lines():
    assert as_csv(DOCUMENT.parts[1]) == "name,macs,accuracy,ratio\nsmall,1000,0.875,1.0\nlarge,2000000,,2000.0\n"


def test_a_view_shows_its_own_columns_and_those_of_every_table():
    columns = (Column(id, "a"), Column(id, "b", views=("plan",)), Column(id, "c", views=("plan", "result")))
    assert [one.title for one in view(columns, "plan")] == ["a", "b", "c"]
    assert [one.title for one in view(columns, "result")] == ["a", "c"]


def test_a_number_that_json_does_not_know_is_refused():
    assert as_data(Document((Values({"macs": 1}),))) == {"macs": 1}
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(Document((Values({"macs": float("nan")}),)))


def test_no_column_is_cut(capsys):
    columns = (Column(lambda row: "c" * 100, "a" * 100), Column(lambda row: "d" * 100, "b" * 100))
    show(Table(columns, [None]), "words")
    out = capsys.readouterr().out
    assert all(letter * 100 in out for letter in "abcd")
    assert out.endswith("words\n")


def test_lines_beside_an_answer_go_to_standard_error(capsys):
    say(["[bold] is no markup"])
    assert capsys.readouterr() == ("", "[bold] is no markup\n")
