"""A run looked at while another process works on it."""

import json
import os
import platform

from made_up_study import CONFIG, trials
from made_up_worker import outcome_of

from scaling.study.engines.work_folder import Beat, WorkFolder, WorkSetup
from scaling.study.live import live_lines
from scaling.study.provenance import provenance
from scaling.study.run import Run


def test_who_trains_and_how_far_each_worker_is(tmp_path):
    one, other = trials(2)
    with Run(tmp_path).opened(CONFIG) as run:
        run.record(one, outcome_of(one), provenance("here"))
        work = WorkFolder(tmp_path)
        work.prepare(WorkSetup("images", {}))
        work.ask(other)
        work.begin("a", [other.id]).write_beat(Beat(7, other.id, 1, 0.25))
        work.begin("b", [other.id])
        first, *rest = live_lines(tmp_path)
    assert first.startswith(f"This run is being trained (process {os.getpid()} on {platform.node()} since ")
    assert first.endswith("): 1 training recorded so far.")
    assert rest == [f"  a: trial {other.id}, epoch 1 of 1, training accuracy 25.0%", "  b: starting"]
    assert live_lines(tmp_path) == []


def test_a_process_that_was_killed_trains_nothing(tmp_path):
    (tmp_path / "lock").write_text(f"process 4194304 on {platform.node()} since 2020")  # no system has so many
    assert live_lines(tmp_path) == []
    (tmp_path / "lock").write_text("")
    (tmp_path / "lease.json").write_text(json.dumps({"owner": "process 1 on another since 2020"}))
    assert live_lines(tmp_path)[0].startswith("This run is being trained (process 1 on another since 2020): 0 trainings")
