"""The grid as people run it today: Optuna's GridSampler over (network, seed), each network built and trained with timm."""

import functools
import math
import time

import numpy as np
import optuna
import torch
from sides import say
from timm_peer import like
from torch.nn.functional import cross_entropy

from scaling.data import resize

CHUNK = 500  # images evaluated at a time


def search(study, jobs, lean):
    """Every trial of a study: its network, seed, accuracy on the validation images and seconds.

    Args:
        study: candidates, images, recipe and seeds.
        jobs: trials that train at a time, each on its share of the cores.
        lean: batches by indexing tensors, not from a DataLoader.
    """
    torch.set_num_threads(max(1, torch.get_num_threads() // jobs))
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    networks, done = study.space.candidates, []
    prepared = functools.cache(lambda side: _prepare(study.dataset, side))

    def objective(trial):
        index = trial.suggest_categorical("network", range(len(networks)))
        seed = trial.suggest_categorical("seed", range(study.spec.seeds))
        start = time.perf_counter()
        train, validation = prepared(networks[index].architecture.resolution)
        network = _train(study, networks[index], train, seed, _indexed if lean else _loaded)
        accuracy = _accuracy(network, *validation)
        found = {"network": networks[index].label, "seed": seed, "accuracy": accuracy, "seconds": time.perf_counter() - start}
        done.append(found)
        say(f"{len(done)} of {len(networks) * study.spec.seeds}: {found['network']} seed {seed}, {found['seconds']:.1f} s")
        return accuracy

    grid = {"network": range(len(networks)), "seed": range(study.spec.seeds)}
    asked = optuna.create_study(direction="maximize", sampler=optuna.samplers.GridSampler(grid, seed=0))
    asked.optimize(objective, n_trials=len(networks) * study.spec.seeds, n_jobs=jobs)
    return done


def _prepare(images, side):
    """((training images, labels), (validation images, labels)): floats, normalised by the training images."""
    train, validation = (resize(split.images, side) for split in (images.train, images.validation))
    mean, deviation = train.mean((0, 1, 2)), train.std((0, 1, 2))

    def tensors(images, labels):
        floats = torch.from_numpy(((images - mean) / deviation).astype(np.float32)).permute(0, 3, 1, 2)
        return floats.contiguous(memory_format=torch.channels_last), torch.from_numpy(labels.astype(np.int64))

    return tensors(train, images.train.labels), tensors(validation, images.validation.labels)


def _loaded(images, labels, size):
    """An epoch's batches as people get them, from a DataLoader, which collates them image by image."""
    images = torch.utils.data.TensorDataset(images, labels)
    return torch.utils.data.DataLoader(images, size, shuffle=True, drop_last=True)


def _indexed(images, labels, size):
    """An epoch's batches by plain indexing of the tensors in memory."""
    for chosen in torch.randperm(len(images))[: len(images) // size * size].split(size):
        yield images[chosen], labels[chosen]


def _train(study, candidate, images, seed, batches):
    """A candidate's network, trained by the study's recipe."""
    recipe, (images, labels) = study.recipe, images
    torch.manual_seed(seed)
    network = like(candidate.architecture, study.dataset.num_classes, images.shape[1], recipe.batch_norm_decay)
    network = network.to(memory_format=torch.channels_last).train()
    per_epoch = len(images) // recipe.batch
    optimizer, schedule = _optimizer(network, recipe, recipe.epochs * per_epoch)
    for _ in range(recipe.epochs):
        for batch, wanted in batches(images, labels, recipe.batch):
            batch = (_mirrored(batch) if recipe.flip else batch).contiguous(memory_format=torch.channels_last)
            loss = cross_entropy(network(batch), wanted, label_smoothing=recipe.label_smoothing)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
    return network


def _optimizer(network, recipe, steps):
    """SGD that decays kernels only, and its schedule: a linear warm-up, then a cosine to 0."""
    warmup = min(round(recipe.warmup * steps), steps - 1)

    def rate(step):
        if step < warmup:
            return step / warmup
        return 0.5 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup)))

    kernels = [one for one in network.parameters() if one.ndim > 1]
    others = [one for one in network.parameters() if one.ndim == 1]
    groups = [{"params": kernels, "weight_decay": recipe.weight_decay}, {"params": others, "weight_decay": 0.0}]
    nesterov = recipe.momentum > 0
    optimizer = torch.optim.SGD(groups, recipe.peak_rate, momentum=recipe.momentum, nesterov=nesterov)
    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, rate)


def _mirrored(batch):
    return torch.where(torch.rand(len(batch), 1, 1, 1) < 0.5, batch.flip(-1), batch)


def _accuracy(network, images, labels):
    network.eval()
    with torch.inference_mode():
        right = [
            network(some).argmax(1) == wanted for some, wanted in zip(images.split(CHUNK), labels.split(CHUNK), strict=True)
        ]
    return torch.cat(right).float().mean().item()
