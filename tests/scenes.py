"""Colour pictures that nobody has to license: a sky, hills, a house and a tree, drawn by NumPy."""

import numpy as np


def scenes(count, side, seed=0):
    """uint8 (count, side, side, 3): smooth gradients, edges, texture and noise, no two alike."""
    random = np.random.default_rng(seed)
    return np.stack([_scene(random, side) for _ in range(count)])


def awkward(count, side, seed=0):
    """Scenes with what goes wrong first: saturated ones, ones of little contrast, with a constant channel, and noise alone."""
    random = np.random.default_rng(seed)
    pictures = scenes(count, side, seed).astype(float)
    pictures[0::5] = (pictures[0::5] - 128) * 2.5 + 128
    pictures[1::5] = pictures[1::5] * 0.2 + 90
    pictures[2::5, ..., 1] = 77
    pictures[3::5] = random.integers(0, 256, pictures[3::5].shape)
    return np.clip(pictures, 0, 255).astype(np.uint8)


def _scene(random, side):
    down, across = np.mgrid[:side, :side] / side
    horizon = random.uniform(0.4, 0.65)
    skies = ((70, 140, 225), (250, 215, 165)), ((50, 40, 110), (250, 130, 80)), ((120, 140, 165), (220, 220, 215))
    sky, light = np.array(skies[random.integers(3)]) + random.uniform(-15, 5, 3)
    picture = sky + (light - sky) * (down / horizon).clip(0, 1)[..., None] ** 2
    sun = np.hypot(across - random.uniform(0.1, 0.9), down - horizon * random.uniform(0.2, 0.7))
    picture += np.exp(-((sun / 0.06) ** 4))[..., None] * (255 - picture)
    for depth in (0.0, 0.12, 0.25):
        waves = sum(random.normal(0, 0.1 / rate) * np.sin(rate * across * 6 + random.uniform(0, 6)) for rate in (1, 2, 5, 11))
        ground = np.array([60 + 300 * depth * random.random(), 90 + 160 * depth, 80 - 160 * depth]) * random.uniform(0.6, 1.3)
        shade = (
            1
            + 0.25 * np.sin(40 * (across + depth) * random.uniform(0.5, 2)) * random.random()
            + random.normal(0, 0.1, down.shape)
        )
        hill = down > horizon + depth + waves
        picture[hill] = (ground * shade[..., None])[hill]
    left, top, size = random.uniform(0.1, 0.6), horizon + 0.05, random.uniform(0.18, 0.3)
    wall = (abs(across - left - size / 2) < size / 2) & (abs(down - top - size / 2) < size / 2)
    roof = (down < top) & (top - down < size * 0.5 - abs(across - left - size / 2))
    window = (abs(across - left - size * 0.3) < size * 0.13) & (abs(down - top - size * 0.4) < size * 0.15)
    door = (abs(across - left - size * 0.7) < size * 0.12) & (abs(down - top - size * 0.7) < size * 0.3)
    for place, colour in (
        (wall, random.uniform(140, 240, 3)),
        (roof, (150, 50, 40)),
        (window, (40, 60, 90)),
        (door, (90, 60, 30)),
    ):
        picture[place] = colour
    trunk = random.uniform(0.7, 0.9)
    picture[(abs(across - trunk) < 0.02) & (abs(down - horizon - 0.15) < 0.15)] = (80, 55, 35)
    leaves = np.hypot(across - trunk, down - horizon) + random.normal(0, 0.02, down.shape) < 0.12
    picture[leaves] = np.array([40, 110, 40]) * random.uniform(0.7, 1.3)
    return np.clip(picture + random.normal(0, random.choice([1, 4]), picture.shape), 0, 255).astype(np.uint8)
