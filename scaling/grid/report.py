"""A search's result in the order to read it: tables and sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scaling.analysis.changes import Lead
from scaling.analysis.ranking import Ranking
from scaling.analysis.stability import Stability
from scaling.analysis.surface import Fitted
from scaling.grid.findings import Scaled, direct, findings, luck_said, references_said, surface_said, trainings_said
from scaling.grid.result import Collected, DirectLead
from scaling.grid.study import Study
from scaling.grid.tables import Row, leads_table, origin, ranking_table, test_table
from scaling.study.provenance import mixed_origins
from scaling.study.run import Run


def search_parts(
    study: Study,
    run: Run,
    collected: Collected,
    ranking: Ranking | None,
    fitted: Fitted | None,
    rows: Sequence[Row],
    stability: Stability | None,
) -> list[Any]:
    """The ranking and what it says."""
    table = ranking_table(rows)
    if ranking is None:
        return [table, *trainings_said(collected.trainings, collected.seeds)]
    pictures = study.pictures
    scaled = Scaled(study.spec.baseline, study.spec.lattice, pictures.num_classes, pictures.in_channels)
    said = findings(scaled, ranking, collected.winner(ranking), stability, collected.trainings, collected.seeds)
    mixed = mixed_origins(run.origins(study.all_trials()))
    return [
        table,
        *said,
        *(surface_said(fitted) if fitted is not None else []),
        *references_said(study.space.candidates),
        *([mixed] if mixed else []),
    ]


def test_parts(rows: Sequence[Row], leads: Sequence[Lead], lead: DirectLead | None, stability: Stability | None) -> list[Any]:
    """What the test images say; nothing where none were looked at."""
    if not any(row.test for row in rows):
        return []
    parts: list[Any] = ["\nTest images, looked at after the choice:", test_table(rows)]
    if leads:
        names = {row.candidate.label: origin(row.candidate) for row in rows}
        parts += ["The best minus each reference, paired over the test images, p also after Holm over all of them:"]
        parts += [leads_table(leads, names), luck_said(stability)]
    return [*parts, *direct(lead)]
