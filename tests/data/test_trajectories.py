import json
import math
import warnings
from dataclasses import replace

import jaxtyping
import pytest
import torch

from symtutor import EQUATIONS, KS, Burgers, DamagedError, Equation, KdV, Trajectories, simulate
from symtutor import generator as private_stream
from symtutor import initial_condition as draw
from symtutor.files import write_sealed
from symtutor.numerics.spectral import unresolved

SMALL = {"points": 128, "frames": 6, "substeps": 40}


@pytest.fixture(scope="module")
def waves():
    return simulate(Burgers(), 5)


def short(**options):
    """A few frames of KdV that are cheap and resolved."""
    return simulate(replace(KdV(), duration=2.0), 3, **{**SMALL, **options})


def stream(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", EQUATIONS)
def test_the_kept_window_is_the_published_one(name):
    """Frame times from the table of settings: start of the window and its length."""
    start, window = {"ks": (72.1443, 28.0561), "burgers": (4.0223, 14.0782)}.get(
        name, (44.1767, 56.2249)
    )
    equation = EQUATIONS[name]
    times = (torch.arange(equation.frames) * equation.frame_time)[-equation.kept :]
    assert times[0].item() == pytest.approx(start, abs=1e-4)
    assert equation.kept * equation.frame_time == pytest.approx(window, abs=1e-4)


def test_a_data_set_has_its_window_grid_and_chart(waves):
    assert waves.u.shape == (5, 140, 256)
    assert waves.u.dtype == torch.float64
    assert waves.x[1].item() == pytest.approx(2 * math.pi / 256)
    chart = waves.chart()
    assert chart.scale[0] == pytest.approx(1 / (2 * math.pi))
    assert 1 / chart.scale[1] == pytest.approx(14.0782, abs=1e-4)
    assert chart.origin == (0.0, pytest.approx(4.0223, abs=1e-4), 0.0)
    inside = chart.inward(torch.stack([torch.zeros_like(waves.u)] * 2 + [waves.u], -1))
    assert inside[..., 2].square().mean().sqrt().item() == pytest.approx(1 / math.sqrt(12))


def test_all_times_start_at_the_initial_condition(waves):
    with pytest.warns(
        UserWarning, match="pass points=512"
    ):  # shocks are steepest before the window
        whole = simulate(Burgers(), 5, all_times=True)
    assert whole.u.shape[1] == 180
    assert whole.times[0] == 0
    assert torch.equal(whole.u[:, -140:], waves.u)
    assert torch.allclose(whole.u[:, 0], draw(Burgers(), 5, private_stream(0, "burgers/train")))


def test_a_seed_repeats_and_more_trajectories_keep_the_first(waves):
    again = simulate(Burgers(), 5)
    assert torch.equal(again.u, waves.u)
    assert torch.equal(simulate(Burgers(), 9).u[:5], waves.u)
    assert not torch.equal(simulate(Burgers(), 5, seed=1).u, waves.u)


def test_no_trajectory_is_in_two_splits_or_twice_in_one():
    splits = [simulate(Burgers(), 40, split=split).u[:, 0] for split in ("train", "valid", "test")]
    rows = torch.cat(splits).flatten(1)
    assert len(torch.unique(rows, dim=0)) == 120
    assert torch.pdist(rows).min() > 1e-3


def test_subsets_are_drawn_without_replacement(waves):
    picked = waves.take(4, seed=3)
    assert len(picked) == 4
    assert len(torch.unique(picked.u[:, 0], dim=0)) == 4
    assert all((row == waves.u).flatten(1).all(1).any() for row in picked.u)
    assert torch.equal(picked.u, waves.take(4, seed=3).u)
    assert torch.equal(waves.take(5, seed=1).u.sort(0).values, waves.u.sort(0).values)
    for bad in (0, 6):
        with pytest.raises(ValueError, match=f"cannot draw {bad} different trajectories from 5"):
            waves.take(bad)


def test_initial_conditions_follow_their_law():
    equation = EQUATIONS["kdv"]
    u = draw(equation, 400, stream())
    modes = torch.fft.rfft(u, norm="forward").abs()
    assert modes[:, 0].max() < 1e-14
    assert modes[:, 3:].max() < 1e-14  # periods 1 and 2 only
    assert modes[:, 1].mean() == pytest.approx(modes[:, 2].mean().item(), rel=0.1)
    assert u.square().mean().item() == pytest.approx(10 / 24, rel=0.1)  # P/24
    single = torch.fft.rfft(draw(EQUATIONS["nkdv"], 50, stream()), norm="forward").abs()
    assert single[:, 2:].max() < 1e-14


def test_burgers_starts_from_a_profile_of_twenty_in_the_logarithm():
    u = draw(Burgers(), 4, stream())
    k = torch.arange(129, dtype=torch.float64)
    coefficients = torch.fft.rfft(u)
    coefficients[:, 1:] /= 1j * k[1:]
    log = -torch.fft.irfft(coefficients) / (2 * 0.01)
    span = log.amax(-1) - log.amin(-1)
    assert torch.allclose(span, torch.full_like(span, 20), atol=1e-9)


@pytest.mark.parametrize("name", EQUATIONS)
def test_the_same_function_on_every_grid(name):
    equation = EQUATIONS[name]
    coarse, fine = draw(equation, 3, stream(), 64), draw(equation, 3, stream(), 512)
    assert torch.allclose(coarse, fine[:, ::8], atol=1e-12)


def test_a_finer_grid_changes_the_solution_little():
    coarse, fine = short(), short(points=256)
    assert coarse.equation.points == 128
    assert torch.allclose(coarse.u, fine.u[..., ::2], atol=1e-8)


def test_default_trajectories_are_resolved_and_coarse_ones_warn(waves):
    assert unresolved(waves.u).max() < 1e-6
    with pytest.warns(UserWarning, match=r"2 of 2 .* burgers.* 32 points.*pass points=64"):
        simulate(Burgers(), 2, points=32)


def test_kdv_is_resolved_by_its_256_points_and_not_by_128():
    early = replace(KdV(), duration=30.0, frames=4, kept=1, substeps=200)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        simulate(early, 2)
    with pytest.warns(UserWarning, match=r"pass points=256"):
        simulate(early, 2, points=128)


def test_saved_trajectories_come_back_bit_for_bit(tmp_path, waves):
    waves.save(tmp_path / "folder" / "waves.1")
    back = Trajectories.load(tmp_path / "folder" / "waves.1")
    assert torch.equal(back.u, waves.u)
    assert torch.equal(back.times, waves.times)
    assert back.equation == waves.equation
    assert (back.seed, back.split) == (0, "train")
    assert repr(back) == repr(waves)


def damage_tensors(base):
    path = base.with_suffix(".safetensors")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def truncate_tensors(base):
    path = base.with_suffix(".safetensors")
    path.write_bytes(path.read_bytes()[:-8])


def edit_seed(base):
    path = base.with_suffix(".json")
    path.write_text(path.read_text().replace('"seed": 0', '"seed": 1'))


def drop_tensors(base):
    base.with_suffix(".safetensors").unlink()


def drop_json(base):
    base.with_suffix(".json").unlink()


@pytest.mark.parametrize(
    "spoil", [damage_tensors, truncate_tensors, edit_seed, drop_tensors, drop_json]
)
def test_damaged_files_are_refused(tmp_path, waves, spoil):
    waves.save(tmp_path / "waves")
    spoil(tmp_path / "waves")
    with pytest.raises(DamagedError):
        Trajectories.load(tmp_path / "waves")


class Airy(Equation):
    name = "airy"
    order = 3

    def linear_symbol(self, k):
        return 1j * k**3

    def nonlinearity(self, band, state, t):
        return torch.zeros_like(state)

    def evolution(self, jet):
        return -jet["u_xxx"]


def test_a_users_equation_is_loaded_by_its_class(tmp_path):
    made = simulate(Airy(length=10.0), 2, frames=5, points=32)
    made.save(tmp_path / "airy")
    with pytest.raises(ValueError, match=r"'airy'.*kind="):
        Trajectories.load(tmp_path / "airy")
    with pytest.raises(ValueError, match="kind="):
        Trajectories.load(tmp_path / "airy", kind=KdV)
    back = Trajectories.load(tmp_path / "airy", kind=Airy)
    assert back.equation == made.equation
    assert torch.equal(back.u, made.u)


def test_a_description_without_its_parts_is_refused(tmp_path, waves):
    waves.save(tmp_path / "waves")
    described = json.loads((tmp_path / "waves.json").read_text())
    del described["split"]
    write_sealed(tmp_path / "waves.json", described)
    with pytest.raises(DamagedError, match="'split'"):
        Trajectories.load(tmp_path / "waves")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: simulate(Burgers(), 0), r"n of at least 1.*got n=0"),
        (lambda: simulate(Burgers(), 1, frames=1), "frames=1"),
        (lambda: simulate(KS(), 1, substeps=0), "got 0"),
        (lambda: simulate(Burgers(), 1, points=8), r"at least 13 points.*points=8"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_shapes_that_do_not_fit_and_infinite_values_are_refused(waves, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # the tests' own type checks
    with pytest.raises(ValueError, match=r"\(n, 139, 256\)"):
        replace(waves, times=waves.times[1:])
    with pytest.raises(ValueError, match="more substeps"):
        replace(waves, u=waves.u / 0)
    with pytest.raises(ValueError, match="not zero"):
        replace(waves, u=0 * waves.u).chart()
    with pytest.raises(ValueError, match="two frames"):
        replace(waves, u=waves.u[:, :1], times=waves.times[:1]).chart()
