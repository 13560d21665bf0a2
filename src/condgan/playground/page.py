"""The page of the playground, made with Gradio: a component for each control of the condition, and the images.

Gradio is imported where it is used: it is an extra, and takes seconds.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from torch import Tensor

from condgan.checked import checked
from condgan.conditions import Condition, Control
from condgan.errors import InputError
from condgan.playground.playground import Playground
from condgan.playground.settings import MAX_FRAMES, MAX_IMAGES, ImageSettings, InterpolationSettings, place

if TYPE_CHECKING:
    import gradio as gr

MAX_BOXES = 60  # of a set; larger vocabularies are searched
MAX_SEED = 2**32 - 1  # browsers count exactly up to 2**53
IMAGES, INTERPOLATION = range(2)
SEED, CONDITION = range(2)
ADVICE = "choose another value"
Values = Mapping[Any, Any]  # of the components that are passed to a listener


def page(playground: Playground) -> "gr.Blocks":
    """Returns the page, which `launch` serves."""
    import gradio as gr

    condition = playground.generator.condition
    html, line = playground.show(ImageSettings(condition.describe(playground.first)))
    blocks = gr.Blocks(title=f"{playground.model} · condgan", analytics_enabled=False)
    with blocks:
        gr.HTML(_heading(playground), apply_default_css=False)
        with gr.Row(elem_classes="sides"):
            with gr.Column(scale=4, min_width=300):
                controls = _components(condition, playground.first)
                with gr.Row(elem_classes="seed"):
                    seed = _seed("Seed", 0)
                    new_seed = gr.Button("New seed", scale=0, min_width=120)
                truncation = gr.Slider(
                    0.1, 1, 1, step=0.05, label="Truncation", info="1 is no truncation; lower values vary less."
                )
                mode = gr.Radio([("Images", IMAGES), ("Interpolation", INTERPOLATION)], value=IMAGES, label="Show")
                with gr.Group() as image_group:
                    count = gr.Slider(1, MAX_IMAGES, 4, step=1, label="Number of images")
                    in_a_row = gr.Radio([("Grid", 0), ("Strip", 1)], value=0, label="Arrangement")
                with gr.Group(visible=False) as interpolation_group:
                    frames = gr.Slider(1, MAX_FRAMES, 8, step=1, label="Steps")
                    ends = [("Another seed", SEED), ("Another condition", CONDITION)]
                    to = gr.Radio(ends if condition.controls else ends[:1], value=SEED, label="To")
                    end_seed = _seed("Seed at the end", 1)
                    with gr.Column(visible=False) as end_group:
                        end_controls = _components(condition, playground.last, "At the end: ")
            with gr.Column(scale=5, min_width=300, elem_classes="out"):
                with gr.Row(visible=playground.generator.has_layout, elem_classes="places") as place_row:
                    with_places = gr.Checkbox(True, label="Drag a number to move its object", container=False)
                    reset = gr.Button("Reset places", size="sm", scale=0, min_width=110)
                viewer = gr.HTML(
                    html,
                    css_template=asset("view.css"),
                    js_on_load=asset("view.js"),
                    apply_default_css=False,
                    server_functions=_downloads(playground),
                    elem_classes="viewer",
                )
                shell = gr.Textbox(line, label="As a command line", lines=2, buttons=["copy"], elem_classes="command")
        places = gr.State({})

        def image_settings(values: Values) -> ImageSettings:
            text = condition.describe(condition.choose([values[each] for each in controls]))
            names = playground.generator.token_names(condition.parse(text))
            facts = {
                "condition": text,
                "seed": int(values[seed] or 0),
                "count": int(values[count]),
                "truncation": values[truncation],
                "places": {name: values[places][name] for name in names if name in values[places]},
                "in_a_row": bool(values[in_a_row]),
            }
            return checked(ImageSettings, facts, "settings", ADVICE)

        def interpolation_settings(values: Values) -> InterpolationSettings:
            start = image_settings(values)
            end = condition.describe(condition.choose([values[each] for each in end_controls]))
            ends = {SEED: (start.condition, int(values[end_seed] or 0)), CONDITION: (end, start.seed)}
            end_condition, last_seed = ends[values[to]]
            facts = {
                "condition": start.condition,
                "end_condition": end_condition,
                "seed": start.seed,
                "end_seed": last_seed,
                "frames": int(values[frames]),
                "truncation": start.truncation,
            }
            return checked(InterpolationSettings, facts, "settings", ADVICE)

        def show(values: Values) -> tuple[str, str]:
            with _reported():
                if values[mode] == INTERPOLATION:
                    return playground.show_interpolation(interpolation_settings(values))
                return playground.show(image_settings(values), values[with_places])

        def move(values: Values, event: gr.EventData) -> tuple[dict[str, tuple[float, float]], str, str]:
            moved = {**values[places], str(event.label): place(float(event.x), float(event.y))}
            return moved, *show({**values, places: moved})

        shown = [*controls, seed, truncation, mode, count, in_a_row, with_places]
        shown += [frames, to, end_seed, *end_controls]
        listening: Any = {"show_progress": "hidden", "trigger_mode": "always_last", "api_visibility": "private"}
        everything, output = {*shown, places}, [viewer, shell]
        gr.on([each.change for each in shown], show, everything, output, **listening)
        viewer.place(move, everything, [places, *output], **{**listening, "trigger_mode": "multiple"})  # in turn
        reset.click(dict, None, places, **listening).then(show, everything, output, **listening)
        new_seed.click(lambda: secrets.randbelow(MAX_SEED), None, seed, **listening)
        groups = {IMAGES: [image_group], INTERPOLATION: [interpolation_group]}
        if playground.generator.has_layout:
            groups[IMAGES].append(place_row)
        _show_only(mode, groups, listening)
        _show_only(to, {SEED: [end_seed], CONDITION: [end_group]}, listening)
    return blocks


def _components(condition: Condition, c: Tensor, prefix: str = "") -> list[Any]:
    """Returns a component for each control of the condition, with the values of the condition `c`."""
    pairs = zip(condition.controls, condition.choices(c), strict=True)
    return [_component(control, value, prefix) for control, value in pairs]


def _component(control: Control, value: Any, prefix: str) -> Any:
    """Returns the component of a control: check boxes, a list to choose from, or a slider."""
    import gradio as gr

    label = f"{prefix}{control.name}"
    if control.multiple and len(control.values) <= MAX_BOXES:
        return gr.CheckboxGroup(list(control.values), value=value, label=label, elem_classes="boxes")
    if control.values:
        return gr.Dropdown(list(control.values), value=value, label=label, multiselect=control.multiple)
    return gr.Slider(-1, 1, value, step=0.01, label=label)


def _show_only(choice: "gr.Radio", groups: Mapping[int, Sequence[Any]], listening: Mapping[str, Any]) -> None:
    """Shows the components of the value that is chosen and hides the others."""
    import gradio as gr

    parts = [(value, each) for value, group in groups.items() for each in group]
    choice.change(
        lambda chosen: [gr.update(visible=value == chosen) for value, _ in parts],
        choice,
        [each for _, each in parts],
        **listening,
    )


def _seed(label: str, value: int) -> "gr.Number":
    """Returns an input for a seed."""
    import gradio as gr

    return gr.Number(value, label=label, precision=0, minimum=0, maximum=MAX_SEED, min_width=110)


def _downloads(playground: Playground) -> list[Callable[[Sequence[str]], str]]:
    """Returns the functions that the page calls with the name of a file and the settings of its images."""

    def images(asked: Sequence[str]) -> str:
        return playground.download(ImageSettings, *asked)

    def interpolation(asked: Sequence[str]) -> str:
        return playground.download(InterpolationSettings, *asked)

    return [images, interpolation]


@contextmanager
def _reported() -> Iterator[None]:
    """Shows the message of an InputError on the page."""
    import gradio as gr

    try:
        yield
    except InputError as error:
        raise gr.Error(str(error), print_exception=False) from None


def _heading(playground: Playground) -> str:
    config, judge = playground.generator.config, playground.judge
    facts = [
        playground.generator.condition.summary,
        f"recipe {config.recipe}",
        f"{config.resolution}x{config.resolution}",
    ]
    read = f"labels checked by a judge ({judge.name})" if judge else "no judge: labels are those that were wanted"
    return f"<h1>{escape(playground.model)}</h1><p>{escape(' · '.join([*facts, read]))}</p>"


def asset(name: str) -> str:
    return (files("condgan.playground") / name).read_text(encoding="utf-8")
