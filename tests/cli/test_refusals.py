"""What the command line refuses, with status 2 and the remedy."""

import pytest
from faults import content
from tiny_experiment import TINY

from symtutor.cli.options import UsageError, parse_field

pytestmark = pytest.mark.usefixtures("tiny", "results")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("rnu tiny-line", "no command is called 'rnu'; nearest: run"),
        ("run", "which experiment?"),
        ("run --seed 1", "which experiment?"),
        ("run tiny-lime", "no experiment is called 'tiny-lime'; nearest: tiny-line"),
        ("run tiny-line --preset labtop", "no preset of tiny-line is called 'labtop'; nearest"),
        ("run tiny-line --preset=paper", "tiny-line has no preset 'paper' (the published setting"),
        ("run tiny-line --preset", "Missing value"),
        ("run tiny-line --slop 1", "Unrecognized options: --slop"),
        ("run tiny-line --steps x", "invalid literal for int() with base 10: 'x'"),
        ("run tiny-line --steps 0", "steps must be finite and at least 1, got 0"),
        ("run tiny-line --device tpu", "device 'tpu' is not available here"),
        ("run tiny-line --max-minutes nan", "max_minutes must be at least 0, got nan"),
        ("run tiny-line --max-minutes -1", "max_minutes must be at least 0, got -1.0"),
        ("run tiny-line --checkpoint-seconds -1", "checkpoint_seconds must be at least 0"),
        ("show tiny-lime", "no experiment is called 'tiny-lime'; nearest: tiny-line"),
        ("show runs/nothing/record.json", "runs/nothing/record.json does not exist; give the"),
        ("show /no/such/path", "/no/such/path does not exist; give the folder of a finished run"),
        ("show seed0.json", "seed0.json does not exist"),
        ("list everything", "takes no arguments, got everything"),
        ("sweep tiny-line --grid slop=1", "no field of tiny-line is called 'slop'; nearest: slope"),
        ("sweep tiny-line --grid slope=x", "slope=x: not a value of type float"),
        ("sweep tiny-line --grid slope", "FIELD=VALUE,VALUE,..., got 'slope'"),
        ("sweep tiny-line --grid slope=1,1", "the axis slope holds 1.0 twice"),
        ("sweep tiny-line --seeds -1", "seeds must be at least 1, got -1"),
        ("sweep tiny-line --max-minutes -1", "max_minutes must be at least 0, got -1.0"),
        ("sweep tiny-line --checkpoint-seconds -1", "checkpoint_seconds must be at least 0"),
    ],
)
def test_what_does_not_fit_gives_status_2_and_writes_nothing(said, here, line, told):
    status, out, err = said(line)
    assert status == 2 and out == ""
    assert told in " ".join(err.replace("│", " ").split())
    assert content(here) == {} and not (here / "runs").exists()


def test_the_folder_of_another_run_is_refused(said, here):
    said("run tiny-line --out there")
    status, _, err = said("run tiny-line --out there --seed 1")
    assert status == 2 and "belongs to another run: seed is 0 there and 1 here" in err
    assert "Choose another --out" in err


@pytest.mark.parametrize("command", ["run", "sweep"])
@pytest.mark.parametrize("out", ["notes.txt", "notes.txt/below", "nowhere", "nowhere/below"])
def test_a_file_in_the_place_of_the_folder_is_refused(said, here, command, out):
    (here / "notes.txt").write_text("mine")
    (here / "nowhere").symlink_to("gone")
    before = content(here)
    status, printed, err = said(f"{command} tiny-line --out {out}")
    assert status == 2 and printed == "" and content(here) == before
    file = out.split("/")[0]
    assert err == (
        f"symtutor: cannot write into the folder {out}: {file} is not a folder; choose another "
        "--out, or move that file away\n"
    )


def test_a_value_out_of_range_is_refused_on_an_axis():
    with pytest.raises(UsageError, match="steps must be finite and at least 1, got 0"):
        parse_field(TINY, "quick", "steps", "0")
