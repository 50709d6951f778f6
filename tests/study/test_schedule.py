"""Schedules on many workers: simple ones by hand, laws over random ones."""

import dataclasses
import itertools
import json
import random

import pytest
from made_up_study import trials

from scaling.core.errors import UserError
from scaling.report.document import Document
from scaling.report.plain import as_data
from scaling.study.estimate import Pace
from scaling.study.schedule import Span, planned, simulated, with_schedule

SPEED = Pace(10.0, 1e-6, "here")


def test_each_job_goes_to_the_worker_that_is_free_first():
    made = simulated([5, 3, 2, 4], workers=2, start=1)
    assert made.spans == (Span(0, 0, 6, 1), Span(1, 0, 4, 1), Span(1, 4, 7, 1), Span(0, 6, 11, 1))
    assert made.seconds == 11
    assert made.last_wave == 6
    assert made.busy_seconds == 18
    assert made.training_share(6) == (5 + 3 + 1) / 12
    assert simulated([], 3).seconds == 0


@pytest.mark.parametrize("seed", range(50))
def test_laws_of_schedules(seed):
    chosen = random.Random(seed)
    seconds = sorted((chosen.expovariate(1 / 100) for _ in range(chosen.randrange(1, 60))), reverse=True)
    workers, start = chosen.randrange(1, 20), chosen.choice([0.0, 5.0])
    made = simulated(seconds, workers, start)
    took = [start + one for one in seconds]
    assert made.busy_seconds == pytest.approx(sum(took))
    least = max(max(took), sum(took) / workers)
    assert least <= made.seconds * (1 + 1e-12)
    assert made.seconds <= (4 / 3) * least + 1e-9 + min(took)  # longest first, Graham's bound loosely
    for worker in range(workers):  # one at a time
        own = [one for one in made.spans if one.worker == worker]
        assert all(before.end <= after.begin for before, after in itertools.pairwise(own))
    busy = sum(min(one.end, made.last_wave) - min(one.begin, made.last_wave) for one in made.spans)
    assert busy == pytest.approx(workers * made.last_wave)  # nobody idles while a job waits


def test_seeds_of_a_network_are_parted_where_workers_would_be_idle():
    asked = trials(8)  # four networks, two seeds each
    assert len(planned(asked, 1, SPEED).spans) == 4
    assert len(planned(asked, 8, SPEED).spans) == 8


def test_a_stated_time_is_the_mean_of_the_trainings():
    made = planned(trials(8), 1, SPEED, mean_seconds=100.0)
    assert made.seconds == pytest.approx(800 + 4 * made.spans[0].start)


def test_a_dry_run_says_hours_and_money():
    asked = trials(8)
    document = with_schedule(
        Document(()), asked, None, {"name": "ray", "workers": 2, "price": 3.0, "trial_minutes": 60.0}, SPEED
    )
    data = as_data(document)["schedule"]
    assert data["workers"] == 2
    assert data["worker_hours"] == pytest.approx(8, rel=0.01)
    assert data["price"] == pytest.approx(3 * data["worker_hours"])
    assert json.loads(json.dumps(data)) == data
    assert any("At 3 a worker and hour that is " in part for part in document.parts if isinstance(part, str))
    alone = with_schedule(Document(()), asked, None, {"name": "ray"}, SPEED)
    assert alone.parts == ("With --workers N the schedule on so many workers is simulated.",)
    assert with_schedule(Document(()), asked, None, {}, SPEED) == Document(())
    with pytest.raises(UserError, match="price: of no use to the engine local"):
        with_schedule(Document(()), asked, None, {"price": 3.0}, SPEED)


def test_flags_of_a_dry_run_are_refused_without_one():
    from scaling.study.engines.asked import engine_options

    with pytest.raises(UserError, match="--trial-minutes has no use without --dry-run"):
        engine_options(None, {"name": "ray", "trial_minutes": 5.0})
    with pytest.raises(UserError, match="workers: of no use to the engine local; --engine names another"):
        engine_options(None, {"workers": 5})


def test_a_specification_says_where_it_is_trained_and_flags_say_otherwise(tmp_path):
    from scaling.core.errors import SpecError
    from scaling.study.engines.asked import engine_options

    path = tmp_path / "mine.toml"
    path.write_text('[engine]\nname = "slurm"\npartition = "gpu"\ngpus = 1\noptions = ["--account=vision"]\n')
    found = engine_options(str(path), {"partition": "large"})
    assert (found.name, found.partition, found.gpus, found.options) == ("slurm", "large", 1.0, ("--account=vision",))
    assert dataclasses.asdict(engine_options(str(path), {"name": "local"}))["name"] == "local"
    path.write_text('[engine]\nname = "slurm"\nparttition = "gpu"\n')
    with pytest.raises(SpecError, match="engine: unknown key 'parttition'"):
        engine_options(str(path), {})
    path.write_text("[engine]\nbeat_seconds = 0\n")
    with pytest.raises(SpecError, match=r"beat_seconds must be above 0, got 0"):
        engine_options(str(path), {})
