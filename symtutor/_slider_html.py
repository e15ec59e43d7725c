"""The HTML of a slider: images that carry their data, a native range input, a short script."""

import base64
import hashlib
import html

# Controls start invisible and are shown by the script, so that the page without JavaScript is a
# plain picture; `visibility` keeps their room reserved.
_PAGE = """\
<div data-st-slider="{key}" style="width:{width}px;max-width:100%;color:inherit">
<div style="aspect-ratio:{width}/{height};overflow:hidden">
{frames}
</div>
<div style="display:flex;flex-wrap:wrap;align-items:center;gap:.3em .7em;visibility:hidden">
<label style="display:flex;flex:1 1 12em;align-items:center;gap:.7em;margin:0">{label}
<input type="range" min="0" max="{last}" step="1" value="{start}" autocomplete="off"
 aria-valuetext="{first}" style="flex:1;min-width:6em;min-height:1.6em;accent-color:#0072B2">
</label>
<output style="min-width:{wide}ch;text-align:right">{first}</output>
</div>
</div>
<script>
document.querySelectorAll('[data-st-slider="{key}"]').forEach(function (box) {{
  var range = box.querySelector("input"), output = box.querySelector("output");
  var frames = box.querySelectorAll("img");
  function show() {{
    frames.forEach(function (f, i) {{ f.style.display = i == range.value ? "block" : "none"; }});
    output.textContent = frames[range.value].dataset.value;
    range.setAttribute("aria-valuetext", output.textContent);
  }}
  range.oninput = show;
  output.parentNode.style.visibility = "visible";
  show();
}});
</script>"""

_FRAME = (
    '<img src="data:image/png;base64,{data}" alt="{alt}" data-value="{value}" width="{width}"'
    ' height="{height}" style="display:{display};box-sizing:border-box;width:100%;height:auto;'
    'margin:0">'
)


def image(data: bytes, size: tuple[int, int], text: str, alt: str, shown: bool) -> str:
    """One frame as an HTML image that carries its data."""
    return _FRAME.format(
        data=base64.b64encode(data).decode(),
        alt=html.escape(alt),
        value=html.escape(text),
        width=size[0],
        height=size[1],
        display="block" if shown else "none",
    )


def page(
    frames: list[bytes],
    size: tuple[int, int],
    texts: list[str],
    alts: list[str],
    label: str,
    start: int,
) -> str:
    """The HTML; its key is a hash of the content, so equal calls give equal pages."""
    images = [
        image(data, size, text, sentence, position == start)
        for position, (data, text, sentence) in enumerate(zip(frames, texts, alts, strict=True))
    ]
    joined = "\n".join(images)
    return _PAGE.format(
        key=hashlib.sha256(f"{label}{start}{joined}".encode()).hexdigest()[:12],
        frames=joined,
        width=size[0],
        height=size[1],
        label=html.escape(label),
        last=len(frames) - 1,
        start=start,
        first=html.escape(texts[start]),
        wide=max(map(len, texts)),
    )
