import hashlib

import pytest
import torch

from symtutor import fan_out, generator


def test_a_seed_comes_from_the_digest_of_seed_and_name():
    digest = hashlib.sha256(b"7/data").hexdigest()
    assert fan_out(7, "data") == int(digest[:16], 16) // 2


def test_seeds_are_the_same_on_every_machine():
    assert fan_out(0, "data") == 736872305540241488


def test_seeds_and_names_give_different_streams_in_range():
    seeds = {fan_out(seed, name) for seed in range(50) for name in ("data", "batches", "")}
    assert len(seeds) == 150
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert max(seeds) > 2**62
    assert fan_out(1, "1") != fan_out(11, "")


def test_a_generator_is_private_and_repeatable():
    torch.manual_seed(0)
    state = torch.get_rng_state()
    first = torch.rand(100, generator=generator(3, "data"))
    assert torch.rand(100, generator=generator(3, "data")).equal(first)
    for other in (generator(3, "batches"), generator(4, "data")):
        assert (
            abs(torch.corrcoef(torch.stack([first, torch.rand(100, generator=other)]))[0, 1]) < 0.4
        )
    assert torch.get_rng_state().equal(state)


def test_an_unknown_device_is_refused():
    with pytest.raises(RuntimeError):
        generator(0, "data", "nonsense")
