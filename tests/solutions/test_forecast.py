"""The error that is reported: its two conventions, and what zeros and explosions score."""

import pytest
import torch

from symtutor import FNO
from symtutor.experiments.fno_config import FNOTraining
from symtutor.experiments.fno_data import task_of
from symtutor.experiments.fno_training import curves, new_model, predicted
from symtutor.solutions import frame_errors, nmse, rollout


class Zeros(FNO):
    """The operator that predicts nothing."""

    def __init__(self, frames):
        super().__init__(20, frames, width=2, modes=2, layers=1, seeds=(0, 1))
        self.frames = frames

    def forward(self, seen):
        return seen.new_zeros(*seen.shape[:-2], self.frames, seen.shape[-1])


@pytest.mark.parametrize(
    ("equation", "score"), [("kdv", 100), ("ks", 100), ("nkdv", 1), ("ckdv", 1)]
)
def test_zeros_score_a_hundred_frame_by_frame_and_one_at_a_single_time(equation, score):
    task, u = task_of(equation), torch.randn(3, 140, 16)
    found, true = predicted(Zeros(len(task.wanted)), u, task)
    assert torch.allclose(nmse(found, true), torch.full((2,), float(score)))
    assert torch.equal(true, u[:, 40:] if score == 100 else u[:, 90:91])


def test_the_frames_that_are_judged_follow_the_frames_that_are_seen():
    task, u = task_of("kdv"), torch.arange(140.0)[None, :, None].expand(1, -1, 8)

    class Clock(Zeros):
        def forward(self, seen):
            return seen + 20

    found, true = predicted(Clock(20), u, task)
    assert torch.equal(found[0], true) and curves(Clock(20), u, task).abs().max() == 0


def test_the_mean_over_trajectories_comes_before_the_sum_over_frames():
    true, wrong = torch.ones(2, 3, 4), torch.ones(2, 3, 4)
    wrong[0, 1] = 3.0
    assert frame_errors(wrong, true).tolist() == [[0, 4, 0], [0, 0, 0]]
    assert nmse(wrong, true).item() == 2.0


def test_an_operator_that_explodes_is_infinitely_wrong_and_a_record_can_hold_it():
    true = torch.ones(1, 2, 4)
    assert nmse(torch.full_like(true, torch.nan), true).item() == torch.inf
    task, u = task_of("kdv"), torch.randn(2, 140, 16)

    class Bang(Zeros):
        def forward(self, seen):
            return seen * 1e30

    assert curves(Bang(20), u, task).isfinite().all()


def test_a_rollout_feeds_predictions_back():
    double = rollout(lambda frames: 2 * frames, torch.ones(1, 2, 3), 3)
    assert double[0, :, 0].tolist() == [2, 2, 4, 4, 8, 8]


def test_new_operators_are_the_same_for_equal_seeds_only():
    small = {"runs": 2, "width": 4, "modes": 4, "layers": 1}
    same = [new_model(FNOTraining(**small), task_of("kdv")) for _ in range(2)]
    other = new_model(FNOTraining(seed=1, **small), task_of("kdv"))
    assert torch.equal(same[0].lift, same[1].lift)
    assert not torch.equal(same[0].lift, other.lift)
    assert not torch.equal(same[0].lift[0], same[0].lift[1])
