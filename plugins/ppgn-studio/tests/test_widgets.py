"""Every key of every installed component has a widget of its type, whose first value the settings accept again."""

from __future__ import annotations

import gradio as gr
import pytest
from ppgn_studio.limits import Limits
from ppgn_studio.settings import KINDS, plain, read
from ppgn_studio.uploads import store
from ppgn_studio.widgets import offered, shown_keys, widget

from ppgn_core import UserError, components

OPTIONS = [(kind, name) for kind in KINDS for name in offered(kind, None)]


@pytest.mark.parametrize(("kind", "name"), OPTIONS)
def test_every_key_has_a_widget(kind, name):
    values = {}
    for key in shown_keys(kind, name):
        default = None if key.required else key.default
        made = widget(key, f"{kind}.{key.name}", default if isinstance(default, str | int | float | bool) else None)
        if key.choices:
            assert isinstance(made, gr.Dropdown)
        elif key.type in (int, float, int | None, float | None):
            assert isinstance(made, gr.Number)
        else:
            assert isinstance(made, gr.Checkbox if key.type is bool else gr.Textbox)
        values[f"{kind}.{key.name}"] = made.value
    settings = read({kind: name, **values}, ("experiment=toy",), Limits(), {})
    chosen = settings.keys.get(kind, {"name": name})
    assert chosen["name"] == name and set(chosen) <= {"name", *(key.name for key in shown_keys(kind, name))}


def test_bounds_and_choices_come_from_the_annotation():
    keys = {key.name: key for key in shown_keys("condition", "imagenet")}
    size, gradient = (widget(keys[name], name, None) for name in ("size", "gradient"))
    assert (size.minimum, size.maximum) == (32, 512)
    assert [value for _, value in gradient.choices] == ["log_softmax", "softmax", "logit", "target_logit"]


def test_what_holds_other_components_is_not_offered():
    assert "product" in components()["condition"] and "product" not in offered("condition", None)
    assert "scores" not in offered("condition", None)  # its folder is a place to write to


def test_a_text_names_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights.pt").write_text("")
    assert plain("condition.text", "a red teapot, isn't it?", Limits()) == "a red teapot, isn't it?"
    for text in ("weights.pt", "/etc/passwd", "~root", "..\\x", "${oc.env:HOME}", "a\nb", "x" * 301, 3):
        with pytest.raises(UserError, match=r"^condition\.weights="):
            plain("condition.weights", text, Limits())


def test_a_stored_picture_keeps_its_pixels_alone(tmp_path):
    import base64
    import io

    from PIL import Image

    image, buffer = Image.new("RGB", (2000, 1000), "teal"), io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    image.save(buffer, "jpeg", exif=exif)
    data = "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
    path = store(data, "photograph", tmp_path / "pictures", Limits())
    with Image.open(path) as stored:
        assert stored.format == "PNG" and stored.size == (1024, 512)
    assert b"where I live" not in path.read_bytes() and list(path.parent.iterdir()) == [path]
