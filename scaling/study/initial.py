"""Weights that trainings start from: found for each network of a study, told apart by what their files hold, fitted."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from scaling.arch import Architecture
from scaling.core.errors import SpecError
from scaling.core.files import user_path
from scaling.recipe.recipe import INIT_HASH, INIT_OF_EACH
from scaling.rules.releases import NAMES, architecture
from scaling.study.records import RecordFile, TrainingRecord
from scaling.study.trial import Trial, network_key
from scaling.weights.errors import printable
from scaling.weights.files import read_checkpoint
from scaling.weights.naming import source_of

if TYPE_CHECKING:
    from scaling.nets import Network

ENDINGS = (".safetensors", ".pth", ".pt", ".bin", ".ckpt")
"""Of files of weights in a folder; a file that is given by itself may have any."""


class Starting(Protocol):
    """A network of a study."""

    @property
    def architecture(self) -> Architecture:
        """What is trained."""

    @property
    def label(self) -> str:
        """Its name for people."""


class InitialWeights:
    """A file of weights, a folder with one for each network, or the run folder of trained networks.

    Args:
        place: its path, as people write it.

    Raises:
        SpecError: there is nothing.
    """

    def __init__(self, place: str) -> None:
        self.place = user_path(place)
        if not self.place.exists():
            raise SpecError(f"{self.place}: no weights to start from here: neither a file nor a folder")
        self.is_file = not self.place.is_dir()
        self._identities: dict[str, str] = {}
        self._networks: dict[tuple[str, str], Network] = {}
        self.remarks = [
            f"Trainings start from the weights {self.name}, each with a classifier of its own. Images are normalised by the "
            "training set's mean and deviation, not by those that the weights were trained with."
        ]
        """lines for people: this, and what the files leave open, once they are read"""

    @property
    def name(self) -> str:
        """Of the file or folder, without where it is."""
        return printable(self.place.resolve().name)

    @property
    def mark(self) -> str:
        """The `init` of the study's recipe."""
        return INIT_HASH + file_hash(self.place) if self.is_file else INIT_OF_EACH

    def identities(self, networks: Sequence[Starting], in_channels: int) -> Mapping[str, str]:
        """The `init` of each network by `network_key`, all of them read and found to fit.

        Args:
            networks: of a study.
            in_channels: of its images.

        Raises:
            SpecError: a network has no weights here.
            WeightsError: a file cannot be used, or is not of its network; the message names both.
            OSError: a file cannot be read.
        """
        for one in networks:
            key = network_key(one.architecture)
            if key not in self._identities:
                self._identities[key] = self._read(one, in_channels)
        return {key: self._identities[key] for key in (network_key(one.architecture) for one in networks)}

    def of(self, trial: Trial) -> Network:
        """The network that a trial starts from, with its own classifier, which is no part of the start."""
        return self._networks[network_key(trial.architecture), trial.recipe.init]

    def _read(self, network: Starting, in_channels: int) -> str:
        from scaling.weights.loading import from_run, kept_by_a_run, load

        path = self._file_of(network)
        found = read_checkpoint(path)
        tensors = from_run(found.tensors) if kept_by_a_run(found.tensors) else found.tensors
        identity = INIT_HASH + file_hash(path)
        named = dataclasses.replace(network.architecture, name=network.label)
        self._networks[network_key(named), identity] = load(named, tensors, path, in_channels=in_channels)
        said = [*found.remarks, *_of_torchvision(path, network)] if source_of(tensors) == "torchvision" else [*found.remarks]
        self.remarks += [line for line in said if line not in self.remarks]
        return identity

    def _file_of(self, network: Starting) -> Path:
        if self.is_file:
            return self.place
        if (self.place / "spec.json").exists():
            return _trained(self.place, network)
        stems = [network.architecture.name, *_released_names(network.architecture)]
        found = [
            path
            for stem in dict.fromkeys(stems)
            for path in sorted(self.place.iterdir())
            if path.name.startswith(f"{stem}.") and path.suffix in ENDINGS
        ]
        if not found:
            raise SpecError(
                f"{self.place}: no weights of {network.label}: it has no file {' or '.join(dict.fromkeys(stems))} "
                f"({', '.join(ENDINGS)})"
            )
        return found[0]


def file_hash(path: Path) -> str:
    """The first 16 digits of a file's SHA-256, as `sha256sum` has it.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:16]


def _weights_structure(network: Architecture) -> tuple[Any, ...]:
    """Equal where weights of one are weights of the other: images of any side will do."""
    return dataclasses.replace(network, resolution=1).structure


def _of_torchvision(path: Path, network: Starting) -> list[str]:
    """A line where a network differs from torchvision's of the same name in what no tensor holds."""
    from scaling.weights.loading import as_trained

    own = network.architecture
    theirs = as_trained(dataclasses.replace(own, name=next(iter(_released_names(own)), own.name)), "torchvision")
    differing = [
        words
        for words, same in (
            ("pad symmetrically", own.padding == theirs.padding),
            (
                f"have {theirs.batch_norm_epsilon:g} as batch norm's epsilon",
                own.batch_norm_epsilon == theirs.batch_norm_epsilon,
            ),
        )
        if not same
    ]
    if not differing:
        return []
    return [
        f"{path}: torchvision's networks {' and '.join(differing)}; {network.label} keeps its own. A baseline with "
        f'padding = "symmetric" and batch_norm_epsilon = {theirs.batch_norm_epsilon:g} is theirs.'
    ]


def _released_names(network: Architecture) -> list[str]:
    """What a network is called that is a released one, images of another side apart."""
    wanted = _weights_structure(network)
    return [name for name in NAMES if _weights_structure(architecture(name)) == wanted]


def _trained(folder: Path, network: Starting) -> Path:
    """The first training of a run's network of the same structure, with the nearest resolution; else of the run's best."""
    records = [one for one in RecordFile(folder / "trials.jsonl").read() if isinstance(one, TrainingRecord)]
    complete = {one.trial.id: one for one in records if one.outcome.accuracy is not None}.values()
    if not complete:
        raise SpecError(f"{folder}: no trial is finished; go on with the command that made it, or give other weights")
    wanted, side = _weights_structure(network.architecture), network.architecture.resolution
    alike = [one.trial for one in complete if _weights_structure(one.trial.architecture) == wanted]
    if alike:
        chosen = min(alike, key=lambda one: (abs(one.architecture.resolution - side), one.seed))
    else:
        accuracies: dict[str, list[float]] = {}
        for one in complete:
            accuracies.setdefault(network_key(one.trial.architecture), []).append(one.outcome.accuracy or 0.0)
        means = {key: sum(values) / len(values) for key, values in accuracies.items()}
        chosen = min((-means[network_key(one.trial.architecture)], one.trial.seed, one.id, one) for one in complete)[3].trial
    path = folder / "weights" / f"{chosen.id}.safetensors"
    if not path.is_file():
        raise SpecError(f"{path}: no weights here to start {network.label} from; they are kept where a run is trained")
    return path
