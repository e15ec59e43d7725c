"""Do operators learn more from solutions that symmetries have moved?

Ko, Kim and Lee (2024): Fourier neural operators trained on few solutions, without augmentation, on
versions moved by the true generators, and by those that were learned. Each arm is a stack of runs
that differ in their training solutions, versions, weights and batches; the arms share all of these.
"""

from dataclasses import replace

from ..files import sha256, tensor_bytes
from ..training import Runtime, Trained
from .base import Experiment, Metric, Result, Wanted
from .fno_config import FNOTraining
from .fno_data import prepare, task_of, versions_of
from .fno_training import curves, learn, predicted

SHOWN = 4  # test solutions whose predictions are kept with the record
SEEN = 32  # training solutions of a run on which it is judged too


def run(config: FNOTraining, runtime: Runtime) -> Result:
    """Simulate, move, train every arm, judge on solutions that nothing was done to."""
    pool, task = prepare(config, runtime), task_of(config.equation)
    metrics: dict[str, Metric] = {"rms": Metric(pool.rms)}
    tensors, trainings = {}, dict[str, Trained]()
    learned_from = pool.train[pool.subsets[:, :SEEN]]
    for arm in config.arms:
        data = versions_of(arm, config, pool)
        identity = FNO_TRAINING.identity(config) | {"arm": arm}
        model, kept, trainings[arm] = learn(config, runtime, pool, data, task, arm, identity)
        errors = curves(model, pool.tests, task)
        metrics |= {
            f"nmse_{arm}": Metric(errors.sum(-1).tolist()),
            f"frame_error_{arm}": Metric(errors.mean(-1).tolist()),
            f"validation_{arm}": Metric(kept.best.tolist()),
            f"training_{arm}": Metric(curves(model, learned_from, task).sum(-1).tolist()),
            f"rejected_{arm}": Metric(data.rejected),
        }
        tensors[f"errors/{arm}"] = errors
        tensors[f"validation/{arm}"] = kept.errors
        tensors[f"predicted/{arm}"] = predicted(model, pool.tests[:SHOWN], task)[0][0].half()
    tensors["true"] = pool.tests[:SHOWN].half()
    checksum = sha256(tensor_bytes({"train": pool.train.cpu(), "tests": pool.tests.cpu()}))
    return Result(metrics, tensors, trainings, {"solutions": checksum})


PUBLISHED = FNOTraining(
    pool=1024,
    validation=1024,
    tests=4096,
    versions=16,
    sigma=0.1,
    points=256,
    width=256,
    layers=5,
    steps=22400,
    learning_rate=1e-4,
    schedule="published",
)
SMALL = FNOTraining(
    trajectories=4,
    pool=6,
    validation=2,
    tests=4,
    runs=2,
    versions=2,
    width=12,
    modes=16,
    layers=2,
    steps=30,
    checks=3,
)
PRESETS = {"quick": SMALL, "laptop": FNOTraining(), "paper": PUBLISHED}
MORE = ("none", "true", "approximate", "both", "learned")
CASES = (
    ({}, 11200),
    ({"equation": "ks"}, 11200),
    ({"equation": "nkdv"}, 4000),
    ({"equation": "ckdv", "arms": MORE}, 4000),
)  # what differs from the preset; published steps for every 16 training solutions
SHORT = {"steps": 2000}  # for a single time, of which there is one window a solution


def wanted() -> tuple[Wanted, ...]:
    """Records of all equations and training sizes."""
    found = [Wanted("laptop", fields, (0, 1)) for fields, _ in CASES[:2]]
    found += [Wanted("laptop", fields | SHORT, (0,)) for fields, _ in CASES[2:]]
    found += [Wanted("laptop", fields | {"trajectories": 128}, (0,)) for fields, _ in CASES[:2]]
    for fields, passes in CASES:
        for size in (32, 128, 512):
            published = {"trajectories": size, "steps": passes * size // 16}
            changed = {k: v for k, v in published.items() if v != getattr(PUBLISHED, k)}
            found.append(Wanted("paper", fields | changed, (0,)))
    return tuple(found)


FNO_TRAINING = Experiment(
    name="fno",
    summary="Fourier neural operators trained with no, true and learned symmetries",
    presets=PRESETS,
    run=run,
    headline=("nmse_none", "nmse_true", "nmse_learned"),
    threads=1,
    wanted=wanted(),
)
RESAMPLED = {"equation": "ks", "arms": ("none", "true", "splat", "bilinear")}
ABLATION_INTERPOLATION = Experiment(
    name="ablation-interpolation",
    summary="the same with versions that are resampled well, by splats, and bilinearly (KS)",
    presets={
        "quick": replace(SMALL, **RESAMPLED),
        "laptop": FNOTraining(**RESAMPLED),
        "paper": replace(PUBLISHED, trajectories=512, steps=358400, **RESAMPLED),
    },
    run=run,
    headline=tuple(f"nmse_{arm}" for arm in RESAMPLED["arms"]),
    threads=1,
    wanted=(Wanted("laptop", {}, (0, 1, 2)), Wanted("paper", {}, (0,))),
)
