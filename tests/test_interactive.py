import base64
import io
import math
import re
from html.parser import HTMLParser

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from PIL import Image

from symtutor.interactive import slider

ALT = "A line through the origin that leans further as s grows."


def draw(s):
    ax = plt.subplots(figsize=(3, 2), layout="constrained")[1]
    ax.plot([0, 1], [0, s])
    ax.set_ylim(-1, 1)
    return ax


def make(values=(-0.5, 0.0, 0.5), **options):
    return slider(draw, values, **{"label": "s", "alt": ALT, **options})


class Elements(HTMLParser):
    """Start tags with their attributes, and the tags that enclose each."""

    def __init__(self, text):
        super().__init__()
        self.found, self.open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes), tuple(self.open)))
        if tag not in ("img", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def of(self, tag):
        return [attributes for name, attributes, _ in self.found if name == tag]


def frames(page):
    return [
        Image.open(io.BytesIO(base64.b64decode(image["src"].split(",")[1])))
        for image in Elements(page).of("img")
    ]


def test_every_frame_is_drawn_with_its_own_alt_and_value():
    images = Elements(make().html).of("img")
    assert [image["data-value"] for image in images] == ["-0.5", "0", "0.5"]
    assert [image["alt"] for image in images] == [f"{ALT} s: {v}." for v in ("-0.5", "0", "0.5")]
    pictures = [np.asarray(picture.convert("RGB")) for picture in frames(make().html)]
    assert pictures[0].shape == pictures[2].shape
    assert pictures[0].shape[1:] == (640, 3)
    assert (pictures[0] != pictures[2]).any()


@pytest.mark.parametrize("start", [0, 2])
def test_without_javascript_one_frame_shows_and_no_control(start):
    page = Elements(make(start=start).html)
    shown = [i for i, image in enumerate(page.of("img")) if "display:block" in image["style"]]
    assert shown == [start]
    assert page.of("input")[0]["value"] == str(start)
    assert "visibility:hidden" in page.of("div")[2]["style"]


def test_the_control_is_native_and_labelled():
    page = Elements(make().html)
    _, control, parents = next(e for e in page.found if e[0] == "input")
    assert parents[-1] == "label"
    assert (control["type"], control["min"], control["max"]) == ("range", "0", "2")
    assert control["aria-valuetext"] == "-0.5"
    assert len(page.of("output")) == 1
    assert not page.open  # well nested


def test_the_page_loads_nothing_from_elsewhere():
    html = make().html
    assert not re.search(r"https?:|src=\"(?!data:)|<link|import ", html)


def test_equal_calls_give_equal_pages_and_different_ones_different_keys():
    key = re.compile(r'data-st-slider="(\w+)"')
    assert make().html == make().html
    pages = [make(), make(start=1), make(label="r"), make(values=(0.0, 0.5))]
    assert len({key.search(page.html).group(1) for page in pages}) == 4


def test_labels_and_alternative_texts_are_escaped():
    page = make(label='<b> & "s"', alt=lambda v: f'A line with slope "{v}" & <more>.').html
    assert "<b>" not in page
    assert Elements(page).of("img")[0]["alt"] == 'A line with slope "-0.5" & <more>.'


def test_a_notebook_gets_html_and_a_sentence():
    shown = make()
    assert shown._repr_html_() == shown.html
    assert shown._repr_mimebundle_() == {"text/html": shown.html, "text/plain": f"s: {ALT}"}
    assert repr(make(alt=lambda v: f"A line of slope {v} in a square.", start=2)) == (
        "s: A line of slope 0.5 in a square."
    )


def test_draw_may_return_figures_and_arrays_of_axes_and_values_may_be_tensors():
    pages = [
        make(torch.tensor([-0.5, 0.0, 0.5])),
        slider(lambda s: draw(s).figure, (-0.5, 0.0, 0.5), label="s", alt=ALT),
        slider(lambda s: np.array([draw(s)]), np.array([-0.5, 0, 0.5]), label="s", alt=ALT),
    ]
    assert len({page.html for page in pages}) == 1


def test_a_zero_missed_by_rounding_reads_as_zero():
    values = torch.tensor([-0.5, -1.5e-8, 0.5])
    assert 'data-value="0"' in make(values).html
    small = make([1e-9, 2e-9], spec=".1e")
    assert [i["data-value"] for i in Elements(small.html).of("img")] == ["1.0e-09", "2.0e-09"]


def test_figures_are_closed_even_when_drawing_fails():
    def fail(s):
        draw(s)
        raise RuntimeError("no such s")

    kept = plt.figure()
    make()
    with pytest.raises(RuntimeError, match="no such s"):
        slider(fail, [0.0], label="s", alt=ALT)
    assert plt.get_fignums() == [kept.number]
    plt.close(kept)


def test_a_frame_keeps_its_colours():
    def photograph(s):
        figure = plt.figure(figsize=(3.2, 3.2))
        ax = figure.add_axes((0, 0, 1, 1))
        pixels = np.random.default_rng(0).random((32, 32, 3))
        ax.imshow(pixels * 0.5 + 0.25, interpolation="nearest")
        ax.plot([0, 31], [0, 31], color="#D55E00", linewidth=3)
        ax.set_axis_off()
        return ax

    (frame,) = frames(slider(photograph, [0.0], label="s", alt=ALT).html)
    figure = photograph(0.0).figure
    figure.savefig(buffer := io.BytesIO(), dpi=200)
    plt.close(figure)
    exact = np.asarray(Image.open(buffer).convert("RGB")).astype(float)
    error = np.asarray(frame.convert("RGB")) - exact
    assert np.sqrt((error**2).mean()) < 8  # of 255
    assert len(frame.getcolors(256)) > 128


def test_a_frame_has_few_colours_and_few_bytes():
    frame = frames(make(colours=16).html)[0]
    assert len(frame.getcolors(256) or []) <= 16
    assert len(make().html) / 3 < 15_000


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"values": []}, r"finite numbers as its stops, got \[\]"),
        ({"values": [0.0, math.nan]}, "finite numbers"),
        ({"values": [math.inf]}, "finite numbers"),
        ({"values": ["a"]}, "finite numbers"),
        ({"values": [], "live": True}, "finite numbers"),
        ({"start": 3}, "one of the 3 values, got 3"),
        ({"start": -1}, "got -1"),
        ({"alt": "Too short."}, "20 to 300 characters, got 10: 'Too short.'"),
        ({"alt": "x" * 301}, "got 301"),
        ({"alt": lambda value: "short"}, "got 5"),
        ({"alt": "Too short.", "live": True}, "got 10"),
    ],
)
def test_bad_input_is_refused_before_anything_is_drawn(options, message, monkeypatch):
    monkeypatch.setattr(plt, "subplots", lambda **o: pytest.fail("drew a figure"))
    with pytest.raises(ValueError, match=message):
        make(**options)


def test_frames_of_different_sizes_are_refused():
    def growing(s):
        return plt.subplots(figsize=(3, 2 + s))[1]

    with pytest.raises(ValueError, match=r"one size, got .*same figsize"):
        slider(growing, [0.0, 1.0], label="s", alt=ALT)


def test_a_drawing_that_is_not_a_figure_is_refused():
    with pytest.raises(ValueError, match="must return Axes or a Figure, got NoneType"):
        slider(lambda s: None, [0.0], label="s", alt=ALT)


def test_a_page_above_its_budget_is_refused():
    noise = np.random.default_rng(0).random((400, 400, 3))

    def photograph(s):
        ax = plt.subplots(figsize=(3, 3))[1]
        ax.imshow(noise)
        return ax

    with pytest.raises(ValueError, match=r"may take 400 kB of the page, got \d+ kB in 4 frames"):
        slider(photograph, range(4), label="s", alt=ALT)
    assert not plt.get_fignums()


def test_live_draws_on_demand_with_alternative_text(monkeypatch):
    import IPython.display

    shown = []
    monkeypatch.setattr(IPython.display, "display", lambda html: shown.append(html.data))
    widget = make(live=True, start=1)
    control = widget.children[0]
    assert (control.description, control.value) == ("s", 1)
    assert [label for label, _ in control.options] == ["-0.5", "0", "0.5"]
    for position, text in enumerate(("-0.5", "0", "0.5")):
        control.value = position
        assert Elements(shown[-1]).of("img")[0]["alt"] == f"{ALT} s: {text}."
    assert not plt.get_fignums()
