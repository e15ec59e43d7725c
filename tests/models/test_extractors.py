"""Files of extractors: whole or not there, of the architecture they say, refused otherwise."""

import json
import os

import pytest
import safetensors
import torch
from faults import content, full_disk
from safetensors.torch import save_file
from torch import nn

from symtutor.models import ResNet, load_extractor
from symtutor.models.extractors import place, read_extractor, save_extractor


@pytest.fixture
def model(generator):
    """A small network that does not look like a fresh one."""
    model = ResNet.named("small", seed=5)
    model(torch.rand(8, 3, 32, 32, generator=generator))  # moves the batch norms
    return model.eval()


@pytest.fixture
def path(tmp_path, model):
    """A file with it, alone in its folder."""
    path = tmp_path / "kept" / "small.safetensors"
    save_extractor(model, "small", path, labels="true", test_accuracy=12.5)
    return path


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """A data root with nothing in it."""
    monkeypatch.setenv("SYMTUTOR_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def opened(path):
    """Metadata and tensors of a file."""
    with safetensors.safe_open(path, "pt") as file:
        return file.metadata(), {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118


def rewritten(path, metadata=None, **changes):
    """The same file with other metadata, or tensors changed, or left out (None)."""
    known, tensors = opened(path)
    tensors = {key: v for key, v in (tensors | changes).items() if v is not None}
    save_file(tensors, path, known | (metadata or {}))


def test_what_is_written_comes_back_in_half_precision(path, model):
    found = read_extractor(path)
    assert not found.training and isinstance(found, ResNet)
    for key, value in model.state_dict().items():
        known = value.half().to(value.dtype) if value.is_floating_point() else value
        assert found.state_dict()[key].dtype == value.dtype
        assert found.state_dict()[key].equal(known), key
    assert found.bn.running_mean.any() and found.bn.num_batches_tracked == 1


def test_the_file_says_what_it_is_and_takes_two_bytes_for_a_number(path, model):
    metadata, tensors = opened(path)
    assert metadata["architecture"] == "small"
    assert json.loads(metadata["about"]) == {"labels": "true", "test_accuracy": 12.5}
    floats = [t for t in tensors.values() if t.is_floating_point()]
    assert all(t.dtype == torch.float16 for t in floats) and tensors.keys() == set(
        model.state_dict()
    )
    numbers = sum(p.numel() for p in model.parameters())
    assert 2 * numbers < path.stat().st_size < 2.2 * numbers


def test_saving_changes_nothing_in_the_network(tmp_path, model):
    before = {key: value.clone() for key, value in model.state_dict().items()}
    save_extractor(model, "small", tmp_path / "a.safetensors")
    assert all(v.equal(before[key]) for key, v in model.state_dict().items())
    assert all(v.dtype == before[key].dtype for key, v in model.state_dict().items())
    assert [p.name for p in tmp_path.iterdir()] == ["a.safetensors"]


def test_a_network_in_another_memory_layout_gives_the_same_tensors(tmp_path, path, model):
    other = tmp_path / "other.safetensors"
    save_extractor(model.to(memory_format=torch.channels_last), "small", other)
    known, found = opened(path)[1], opened(other)[1]
    assert not model.stem.weight.is_contiguous()
    assert found.keys() == known.keys() and all(t.equal(known[key]) for key, t in found.items())


def test_a_full_disk_leaves_the_old_file_and_no_other(path, model):
    before = content(path.parent)
    assert list(before) == [path.name]
    for size in (0, 1000, 500_000):
        with pytest.raises(OSError, match="File too large"), full_disk(size):
            save_extractor(ResNet.named("small"), "small", path)
        assert content(path.parent) == before


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interruption_while_writing_leaves_the_old_file_and_no_other(path, error, monkeypatch):
    before, sizes = content(path.parent), []

    def interrupted(descriptor):
        sizes.append(os.fstat(descriptor).st_size)
        raise error

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(error):
        save_extractor(ResNet.named("small"), "small", path)
    assert sizes and sizes[0] > 100_000  # it was in the middle of it
    assert content(path.parent) == before


@pytest.mark.parametrize("part", [0, 4, 100, 0.5, 0.999])
def test_a_truncated_file_is_refused(path, part):
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * len(whole)) if isinstance(part, float) else part])
    before = content(path.parent)
    with pytest.raises(ValueError, match=r"small\.safetensors cannot be read as an extractor") as e:
        read_extractor(path)
    assert "symtutor run cifar-extractor" in str(e.value) and content(path.parent) == before


def test_a_missing_file_a_folder_and_another_kind_of_file_are_refused(path, tmp_path):
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(1000))
    for wrong in (tmp_path / "nothing.safetensors", tmp_path, picture):
        with pytest.raises(ValueError, match=f"{wrong.name} cannot be read as an extractor"):
            read_extractor(wrong)


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        {"architecture": "small"},
        {"format": "symtutor-extractor"},
        {"format": "another", "architecture": "small"},
        {"format": "symtutor-extractor", "architecture": "vgg"},
    ],
)
def test_tensors_that_do_not_say_what_they_are_are_refused(path, metadata):
    save_file(opened(path)[1], path, metadata)
    with pytest.raises(ValueError, match="is no extractor: it does not say of which architecture"):
        read_extractor(path)


def test_another_architecture_than_asked_for_is_named(path):
    assert read_extractor(path, "small").widths == (16, 32, 64, 128)
    told = r"architecture 'small', asked for was 'resnet18'; .* architecture='small'"
    with pytest.raises(ValueError, match=told):
        read_extractor(path, "resnet18")


def test_weights_that_do_not_fit_what_the_file_says_are_refused(path):
    rewritten(path, {"architecture": "resnet18"})
    with pytest.raises(ValueError, match=r"does not fit its architecture: .*of another shape"):
        read_extractor(path)


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"head.weight": None}, r"head\.weight \(1 of"),
        ({"bn.running_var": None, "stem.weight": None}, r"bn\.running_var, stem\.weight \(2 of"),
        ({"head.bias": torch.zeros(11)}, r"head\.bias \(1 of"),
        ({"tail.bias": torch.zeros(1)}, r"tail\.bias \(1 of"),
    ],
)
def test_missing_misshapen_and_surplus_tensors_are_named(path, changes, wrong):
    rewritten(path, **changes)
    with pytest.raises(ValueError, match=f"does not fit its architecture: {wrong}"):
        read_extractor(path)


def test_an_unknown_name_names_the_known_ones():
    told = "'large'; there are small, small-shuffled, resnet18, resnet18-shuffled"
    with pytest.raises(ValueError, match=told):
        load_extractor("large")
    with pytest.raises(ValueError, match="no extractor is called 'small-shuffled-shuffled'"):
        load_extractor("small-shuffled-shuffled")


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("resnet18", "--preset paper$"),
        ("resnet18-shuffled", "--preset paper --labels shuffled$"),
    ],
)
def test_an_extractor_that_was_not_trained_tells_the_command(name, command, empty):
    with pytest.raises(ValueError, match=f"{name}.safetensors does not exist.*{command}"):
        load_extractor(name)
    assert not empty.exists()


def test_a_trained_extractor_is_found_below_the_data_root_and_made_ready(empty, generator):
    model = ResNet.named("resnet18", seed=1).eval()
    assert place("resnet18") == empty / "extractors" / "resnet18.safetensors"
    save_extractor(model, "resnet18", place("resnet18"))
    found = load_extractor("resnet18")
    assert not found.training and not any(p.requires_grad for p in found.parameters())
    assert not [m for m in found.modules() if isinstance(m, nn.BatchNorm2d)]
    images = torch.rand(2, 3, 32, 32, generator=generator)
    with torch.no_grad():
        known = read_extractor(place("resnet18")).features(images)
    assert torch.allclose(found.features(images), known, rtol=1e-3, atol=1e-3 * known.max().item())


def test_a_file_of_another_architecture_under_the_name_is_refused(empty, model):
    save_extractor(model, "small", place("resnet18"))
    with pytest.raises(ValueError, match="'small', asked for was 'resnet18'"):
        load_extractor("resnet18")
