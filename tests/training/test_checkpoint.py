"""Checkpoints: refused when anything about them is wrong, and then nothing has changed."""

import errno
import json

import pytest
import torch
from faults import content, full_disk
from small_trainings import STEPS, Small
from torch import nn

from symtutor import Loss, MLPField, Runtime, StoppedError, fan_out, train
from symtutor.files import DamagedError, read_sealed, write_sealed
from symtutor.training import MismatchError, checkpoint


def stopped(folder, kind="momentum", **options):
    small = Small(kind)
    small.options.update(options)
    with pytest.raises(StoppedError):
        small.go(folder, max_seconds=0.0)
    return small


def refused(folder, error, told, kind="momentum", prepare=lambda small: None, **options):
    """A training in that folder is refused, and neither its objects nor the files change."""
    small = Small(kind)
    prepare(small)
    small.options.update(options)
    before, files = small.state(), content(folder)
    with pytest.raises(error, match=told):
        small.go(folder)
    assert small.state() == before
    assert content(folder) == files


def pointer(folder):
    return folder / "training.json"


def tensors(folder):
    (path,) = folder.glob("*.safetensors")
    return path


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.98])
@pytest.mark.parametrize("which", [pointer, tensors])
def test_a_truncated_checkpoint_is_refused(tmp_path, which, share):
    stopped(tmp_path)
    path = which(tmp_path)
    path.write_bytes(path.read_bytes().rstrip()[: int(share * path.stat().st_size)])
    refused(tmp_path, DamagedError, "truncated")


def test_an_edited_checkpoint_is_refused(tmp_path):
    stopped(tmp_path)
    data = pointer(tmp_path).read_text()
    pointer(tmp_path).write_text(data.replace('"step": 1,', '"step": 2,'))
    refused(tmp_path, DamagedError, r"training\.json has been edited")
    pointer(tmp_path).write_text(data)
    weights = bytearray(tensors(tmp_path).read_bytes())
    weights[-1] ^= 1
    tensors(tmp_path).write_bytes(weights)
    refused(tmp_path, DamagedError, "has been edited")


def test_a_checkpoint_without_its_tensors_is_refused(tmp_path):
    stopped(tmp_path)
    tensors(tmp_path).unlink()
    refused(tmp_path, DamagedError, r"training-1-.*safetensors does not exist")


def test_a_folder_with_nothing_but_tensors_starts_anew(tmp_path):
    """The JSON is the commit point: a writer killed before it has written no checkpoint."""
    stopped(tmp_path)
    pointer(tmp_path).unlink()
    assert Small("momentum").go(tmp_path).sessions == (0,)


@pytest.mark.parametrize(
    ("meta", "told"),
    [({"format": 2}, "format is 2"), ({"format": None}, "format is None"), (None, "no checkpoint")],
)
def test_another_format_is_refused(tmp_path, meta, told):
    stopped(tmp_path)
    found = read_sealed(pointer(tmp_path))
    write_sealed(pointer(tmp_path), {"format": 1} if meta is None else found | meta)
    refused(tmp_path, MismatchError, f"is no checkpoint of format 1.*|{told}")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"identity": {"a": 1}}, r"a is '\(not there\)' there and 1 here"),
        ({"precision": "bfloat16"}, "precision is 'float32' there and 'bfloat16' here"),
        ({"clip": 1.0}, "clip is None there and 1.0 here"),
    ],
)
def test_another_configuration_is_refused_by_name(tmp_path, options, told):
    stopped(tmp_path)
    refused(tmp_path, MismatchError, told, **options)


def test_one_changed_field_is_named_with_both_values(tmp_path):
    stopped(tmp_path, identity={"config": {"tau": 1.25, "width": 8, "sizes": (1, 2)}})
    changed = {"config": {"tau": 1.5, "width": 8, "sizes": (1, 2)}}
    told = r"another configuration: config\.tau is 1\.25 there and 1\.5 here\. Choose another"
    refused(tmp_path, MismatchError, told, identity=changed)


def test_an_identity_with_tuples_agrees_with_itself(tmp_path):
    identity = {"sizes": (1, 2), "nested": {"x": [(3,)]}}
    stopped(tmp_path, identity=identity)
    small = Small("momentum", options={"identity": identity})
    assert small.go(tmp_path).sessions == (0, 1)


def test_an_identity_that_json_cannot_hold_is_refused_at_once(tmp_path):
    with pytest.raises(TypeError):
        Small(options={"identity": {"weights": torch.ones(2)}}).go(tmp_path)
    assert content(tmp_path) == {}


def test_another_optimiser_or_number_of_steps_is_refused(tmp_path):
    stopped(tmp_path)
    refused(tmp_path, MismatchError, "optimizer is 'SGD of .* there and 'Adam of", kind="adam")
    told = f"steps is {STEPS} there and 99 here"
    refused(tmp_path, MismatchError, told, prepare=lambda s: setattr(s, "steps", 99))


def reshaped(small):
    """The same number of weights in tensors of other shapes."""
    small.net[0].weight.data = small.net[0].weight.data.reshape(3, 8)


def renamed(small):
    small.net = nn.Sequential(*small.net, nn.Identity())
    small.net.register_buffer("extra", torch.zeros(2))


def doubled(small):
    small.net.double()


def without_generator(small):
    small.draws = torch.Generator()
    small.go = lambda folder: train(
        small.loss, small.batch, small.optimizer, {"net": small.net}, steps=STEPS, rows=4,
        runtime=Runtime(folder=folder), **small.options,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (reshaped, r"module/net/0\.weight is 'float32 \[8, 3\]' there and 'float32 \[3, 8\]' here"),
        (renamed, r"module/net/extra is '\(not there\)' there and 'float32 \[2\]' here"),
        (doubled, r"module/net/0\.bias is 'float32 \[8\]' there and 'float64 \[8\]' here"),
        (without_generator, r"generator/batches is .* there and '\(not there\)' here"),
    ],
)
def test_a_network_that_does_not_fit_is_left_as_it_is(tmp_path, change, told):
    stopped(tmp_path)
    refused(tmp_path, MismatchError, told, prepare=change)


def test_a_full_disk_keeps_the_last_checkpoint_and_the_run_goes_on_from_it(tmp_path):
    unbroken = Small("dropout")
    unbroken.go()
    small = Small("dropout")
    with pytest.raises(StoppedError):
        small.go(tmp_path, max_seconds=0.0)
    before = content(tmp_path)
    again = Small("dropout")
    with full_disk(2000), pytest.raises(OSError) as failure:
        again.go(tmp_path, checkpoint_seconds=0.0)
    assert failure.value.errno == errno.EFBIG
    told = f"cannot write a checkpoint to {tmp_path} .*the checkpoint of step 1 in {tmp_path} is in"
    assert failure.match(told)
    assert content(tmp_path) == before
    last = Small("dropout")
    assert last.go(tmp_path).sessions == (0, 1)
    assert last.state() == unbroken.state()


def test_a_disk_that_takes_the_tensors_but_not_their_pointer_keeps_the_last_one(
    tmp_path, monkeypatch
):
    stopped(tmp_path)
    honest, old = checkpoint.files.write_sealed, pointer(tmp_path).read_bytes()

    def write_sealed(path, found):
        with full_disk(10):
            honest(path, found)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint.files, "write_sealed", write_sealed)
        with pytest.raises(OSError, match="checkpoint of step 1"):
            Small("momentum").go(tmp_path, checkpoint_seconds=0.0)
    assert pointer(tmp_path).read_bytes() == old
    assert len(list(tmp_path.glob("*.safetensors"))) == 2
    checkpoint.read(tmp_path, "training", json.loads(old)["identity"])
    assert tensors(tmp_path).name == json.loads(old)["tensors"]
    with pytest.raises(StoppedError):
        Small("momentum").go(tmp_path, max_seconds=0.0)
    assert json.loads(pointer(tmp_path).read_text())["sessions"] == [0, 1]
    assert tensors(tmp_path).name.startswith("training-2-")


def test_a_disk_full_from_the_beginning_says_that_there_is_no_checkpoint(tmp_path):
    with full_disk(10), pytest.raises(OSError, match="no checkpoint has been written"):
        Small().go(tmp_path, checkpoint_seconds=0.0)
    assert content(tmp_path) == {}


def test_many_checkpoints_leave_two_files_and_no_other_training_loses_one(tmp_path):
    others = ["training-2-1-01234567.safetensors", "other-1-01234567.safetensors", "x.safetensors"]
    for name in others:
        (tmp_path / name).touch()
    Small().go(tmp_path, checkpoint_seconds=0.0)
    left = content(tmp_path).keys() - set(others)
    assert len(left) == 2 and len(content(tmp_path)) == 5
    assert {name.split(".")[-1] for name in left} == {"json", "safetensors"}


def test_two_trainings_share_a_folder(tmp_path):
    first, second = Small(options={"name": "net"}), Small("momentum", options={"name": "net-2"})
    for small in (first, second):
        with pytest.raises(StoppedError):
            small.go(tmp_path, max_seconds=0.0)
    assert Small(options={"name": "net"}).go(tmp_path).sessions == (0, 1)
    again = Small("momentum", options={"name": "net-2"})
    assert again.go(tmp_path).sessions == (0, 1)


def test_tied_weights_survive(tmp_path):
    def tied():
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
        net[1].weight = net[0].weight
        adam = torch.optim.Adam(net.parameters(), lr=0.1)
        x = torch.eye(3)
        return net, lambda folder, limit: train(
            lambda x: Loss((net(x) - 1).square().mean(), {}), lambda step: (x,), adam,
            {"net": net}, steps=3, runtime=Runtime(folder=folder, max_seconds=limit),
        )  # fmt: skip

    _, go = tied()
    with pytest.raises(StoppedError):
        go(tmp_path, 0.0)
    again, go_on = tied()
    whole, run = tied()
    go_on(tmp_path, None), run(None, None)
    assert again[0].weight is again[1].weight and again[0].weight.equal(whole[0].weight)


def test_an_optimiser_that_keeps_other_things_than_tensors_is_refused(tmp_path):
    class Noting(torch.optim.SGD):
        def step(self, closure=None):
            self.state[self.param_groups[0]["params"][0]]["note"] = "text"

    small = Small()
    small.optimizer = Noting(small.net.parameters(), lr=0.1)
    with pytest.raises(TypeError, match="keeps 'note' as str, which a checkpoint cannot hold"):
        small.go(tmp_path, checkpoint_seconds=0.0)


def test_a_checkpoint_of_a_field_of_100_000_parameters_stays_below_2_mb(tmp_path):
    field = MLPField(3, 4, width=256, head=32, seed=fan_out(0, "test"))
    count = sum(p.numel() for p in field.parameters())
    assert 99_000 < count < 101_000
    points = torch.rand(8, 3)
    with pytest.raises(StoppedError):
        train(
            lambda z: Loss(field(z).square().mean(), {}),
            lambda step: (points,),
            torch.optim.Adam(field.parameters()),
            {"field": field},
            steps=2,
            runtime=Runtime(folder=tmp_path, max_seconds=0.0),
        )
    size = sum(len(data) for data in content(tmp_path).values())
    assert 3 * 4 * count < size < 2_000_000
