"""JAX as the environment has it: settings that change what is computed are kept from doing so, and asked for as they were."""

import os
import re
import subprocess
import sys

import jax
import jax.numpy as jnp
import pytest

from scaling.core.errors import UserError
from scaling.train import jax_start


def test_settings_are_ours_within_and_the_users_after(monkeypatch):
    before = {name: getattr(jax.config, name) for name in jax_start.SETTINGS if hasattr(jax.config, name)}
    try:
        jax.config.update("jax_enable_x64", True)
        jax.config.update("jax_random_seed_offset", 7)
        jax.config.update("jax_numpy_rank_promotion", "raise")
        with jax_start.own_settings():
            assert jnp.ones(1, float).dtype == jnp.float32
            assert (jnp.ones((2, 3)) + jnp.ones(3)).shape == (2, 3)
            inside = jax.random.normal(jax.random.key(1), (3,)).tolist()
        assert jnp.ones(1, float).dtype == jnp.float64
        assert jax.config.jax_random_seed_offset == 7
        assert jax.config.jax_numpy_rank_promotion == "raise"
    finally:
        for name, value in before.items():
            if getattr(jax.config, name) != value:
                jax.config.update(name, value)
    assert jax.random.normal(jax.random.key(1), (3,)).tolist() == inside


def test_every_setting_is_one_of_this_jax_at_its_default():
    program = (
        "import jax\n"
        "from scaling.train.jax_start import SETTINGS, _read\n"
        "found = {name: _read(jax.config, name) for name in SETTINGS}\n"
        "print({name: own for name, own in found.items() if SETTINGS[name] not in (own, 'allow')})"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JAX_")}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "{}\n"


def test_a_setting_that_this_jax_lacks_is_passed_over(monkeypatch):
    monkeypatch.setattr(jax_start, "SETTINGS", {"jax_of_another_release": 1, "jax_enable_x64": False})
    with jax_start.own_settings():
        pass


@pytest.mark.parametrize("error", [RuntimeError("Unable to initialize 'tpu'\nmore"), AssertionError(), ValueError("odd")])
def test_a_device_that_is_not_there_is_one_line(monkeypatch, error):
    def refuse():
        raise error

    monkeypatch.setattr(jax, "local_devices", refuse)
    monkeypatch.setenv("JAX_PLATFORMS", "tpu")
    told = str(error).split("\n")[0] or "no such device on this machine"
    with pytest.raises(UserError, match=rf"JAX cannot start as the environment asks: {told}; set here: .*JAX_PLATFORMS=tpu"):
        jax_start.start_jax()


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("JAX_PLATFORMS", "cuda", "JAX cannot start as the environment asks: .*JAX_PLATFORMS=cuda"),
        ("JAX_ENABLE_X64", "maybe", "invalid truth value 'maybe'"),
        ("JAX_DEFAULT_DEVICE", "cpu:7", "jax.default_device must be"),
        ("XLA_FLAGS", "--xla_force_host_platform_device_count=x", "it does not understand XLA_FLAGS=--xla_force"),
        (
            "XLA_FLAGS",
            "--nonsense=1",
            "Unknown flag in XLA_FLAGS: --nonsense=1; correct XLA_FLAGS or unset it",
        ),
    ],
)
def test_environments_that_jax_refuses_are_refused_in_one_line(name, value, told):
    program = (
        "from scaling.train.jax_start import start_jax\n"
        "from scaling.core.errors import UserError\n"
        "try: start_jax()\n"
        "except UserError as error: print('refused:', error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, name: value}, capture_output=True, text=True, check=True
    )
    assert re.search(rf"refused: .*{told}", done.stdout), done
