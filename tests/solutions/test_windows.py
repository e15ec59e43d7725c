"""Windows: what may be in a batch, what may not, and how much work one is."""

import jaxtyping
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from symtutor.solutions import Versions, Windows


def numbered(n=5, made=3, time=60, rows=None):
    """Solutions whose values tell trajectory, version and row: 10000 n + 1000 v + row."""
    n_axis, v_axis = torch.arange(n)[:, None, None, None], torch.arange(made)[:, None, None]
    u = 10000 * n_axis + 1000 * v_axis + torch.arange(time)[:, None] + torch.zeros(8)
    whole = torch.tensor([0, time]).expand(n, made, 2).clone()
    if rows is not None:
        whole[:, 1:] = torch.tensor(rows)
    return Versions(u.float(), whole, 0.0)


def told(values):
    """Trajectory, version and row of every frame."""
    number = values[..., 0]
    return (number // 10000).long(), (number % 10000 // 1000).long(), (number % 1000).long()


def drawn(windows, steps=40):
    seen, wanted = zip(*(windows(step) for step in range(steps)), strict=True)
    return torch.stack(seen), torch.stack(wanted)


def test_windows_are_consecutive_frames_of_one_version_within_its_trusted_rows():
    data, subsets = numbered(rows=(7, 41)), torch.tensor([[0, 2, 4], [1, 3, 4]])
    windows = Windows(data, subsets, 6, range(10), range(10, 15), (3, 4))
    trajectory, version, row = told(torch.cat(drawn(windows), dim=-2))
    assert (row.diff(dim=-1) == 1).all()
    assert (trajectory == trajectory[..., :1]).all() and (version == version[..., :1]).all()
    for run, allowed in enumerate(subsets):
        assert set(trajectory[:, run].unique().tolist()) == set(allowed.tolist())
    moved = version[..., 0] > 0
    assert row[moved].min() == 7 and row[moved].max() == 40
    assert row[~moved].min() == 0 and row[~moved].max() == 59
    assert 0.45 < moved.float().mean() * 1.5 < 0.55  # half of the draws, and 2 of 3 versions


def test_a_version_too_short_for_a_window_gives_way_to_the_solution():
    data = numbered(rows=(30, 44))
    _, version, _ = told(drawn(Windows(data, torch.arange(5)[None], 8, range(10), [14], (0,)))[0])
    assert version.max() == 0


def test_windows_at_a_fixed_row_need_all_their_rows():
    subsets = torch.arange(5)[None]
    for first, moved in ((20, True), (21, False)):
        data = numbered(rows=(first, 60))
        windows = Windows(data, subsets, 8, range(10), [30], (0,), original=0.2, start=20)
        seen, wanted = drawn(windows)
        _, version, row = told(seen)
        assert (row[..., 0] == 20).all() and (told(wanted)[2] == 50).all()
        assert (version.max() > 0) is moved or bool(version.max() > 0) == moved
        assert len(windows) == 5


def test_a_run_sees_the_same_alone_in_a_stack_and_in_any_order():
    data, subsets = numbered(), torch.tensor([[0, 1], [2, 3], [1, 4]])
    stack = Windows(data, subsets, 4, range(5), range(5, 8), (7, 8, 9))
    alone = Windows(data, subsets[1:2], 4, range(5), range(5, 8), (8,))
    for step in (600, 3, 255, 256):
        for together, single in zip(stack(step), alone(step), strict=True):
            assert torch.equal(together[1:2], single)
    assert not torch.equal(stack(3)[0], stack(4)[0])


class Operations(TorchDispatchMode):
    """Names of the tensor operations that are run."""

    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.names.append(str(function))
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("fields", [{"size": 64}, {"runs": 3}])
def test_the_work_does_not_grow_with_the_batch_or_the_stack_and_nothing_waits_for_it(fields):
    def operations(size=2, runs=1):
        subsets = torch.arange(5).expand(runs, -1)
        windows = Windows(numbered(), subsets, size, range(5), [9], range(runs))
        windows(0)  # the random numbers of many steps
        with Operations() as seen:
            windows(1)
        return seen.names

    names = operations(**fields)
    assert names == operations()
    assert not any("local_scalar" in name or "nonzero" in name for name in names)


def test_what_does_not_fit_is_refused(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match="windows of 41 frames from row 20 on do not fit into 60"):
        Windows(numbered(), torch.arange(5)[None], 2, range(20), [40], (0,), start=20)
    with pytest.raises(ValueError, match="1 subsets need as many seeds, got 2"):
        Windows(numbered(), torch.arange(5)[None], 2, range(20), [40], (0, 1))
