import io
import json
import re
import shutil
import sys
from base64 import b64decode
from html import unescape
from pathlib import Path

import pytest
import torch
from PIL import Image

from condgan import cli
from condgan.errors import InputError
from condgan.generate import LoadedGenerator, load
from condgan.metrics import Estimate
from condgan.plots import Line, plot, smoothed, svg
from condgan.report import explanation, page
from condgan.report.attention_maps import attention_of, heatmap, most_unlike
from condgan.report.folder import RunFolder
from condgan.report.pictures import file_uri, over_time
from report_runs import evaluate_run, train_run

RESULTS = Path(__file__).parents[1] / "docs" / "results"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A run with scores at saves, one with attention, one of codes, and one that has only a run.json."""
    folder = tmp_path_factory.mktemp("runs")
    evaluate_run(folder / "acgan", train_run(folder / "acgan", "acgan", with_scores=True))
    evaluate_run(folder / "sagan", train_run(folder / "sagan", "sagan"))
    train_run(folder / "infogan", "infogan", "codes")
    shutil.copytree(folder / "acgan", folder / "started", ignore=lambda path, names: set(names) - {"run.json"})
    return {path.name: path for path in folder.iterdir()}


def text_of(html: str) -> str:
    """Returns the text of a page."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL))).split())


def titles(html: str) -> list[str]:
    return re.findall(r"<h3>(.*?)</h3>", html)


def test_the_page_loads_nothing(runs: dict[str, Path]) -> None:
    html = page(list(runs.values()), "All")
    named = re.findall(r"""(?:src|href|data|action|poster|srcset)\s*=\s*["']([^"']*)""", html)
    assert named
    assert {name.partition(":")[0] for name in named if not name.startswith("#")} == {"data"}
    assert re.findall(r"url\((?!#)", html) == []
    assert "@import" not in html
    assert "<script" not in html


def test_every_image_and_plot_has_a_description(runs: dict[str, Path]) -> None:
    html = page(list(runs.values()), "All")
    images, plots = re.findall(r"<img[^>]*>", html), re.findall(r"<svg[^>]*>", html)
    assert len(images) > 10
    assert len(plots) >= 4
    assert all(re.search(r'alt="[^"]{10,}"', image) for image in images)
    assert all(re.search(r'role="img" aria-label="[^"]{10,}"', plot) for plot in plots)


def test_scores_of_metrics_json_are_shown(runs: dict[str, Path]) -> None:
    text = text_of(page([runs["acgan"]], "One"))
    for source, row in json.loads((runs["acgan"] / "metrics.json").read_text())["rows"].items():
        assert f"{source} {' '.join(str(Estimate(*value)) for value in row.values())}" in text


def test_a_finished_run_has_all_sections(runs: dict[str, Path]) -> None:
    html = page([runs["acgan"]], "One")
    assert titles(html) == ["Scores", "Curves", "By condition", "Over training", "Interpolations"]
    for title in (
        "D loss by term",
        "G loss by term",
        "D(x) and D(G(z))",
        "Accuracy over training",
        "kid[judge] over training",
    ):
        assert f">{title}</text>" in html
    text = text_of(html)
    assert "two latents: red square" in text
    assert "one latent: red square to blue circle, green triangle" in text
    assert [f"step {step}, {step * 0.004:.1f} kimg" in text for step in range(1, 5)] == [True] * 4
    assert "not evaluated yet" not in text


def test_the_newest_images_come_before_all_tables(runs: dict[str, Path]) -> None:
    html = page(list(runs.values()), "All")
    assert 0 < html.index("<img") < html.index("<table")
    header = html[html.index("<header") : html.index("</header")]
    assert re.findall(r'<a href="#run-\d">([^<]*)</a>', header) == [str(path) for path in runs.values()]
    assert header.count("<img") == len(runs) - 1  # `started` has no previews yet


def test_scores_are_explained_and_name_their_column_on_small_screens(runs: dict[str, Path]) -> None:
    html = page([runs["acgan"]], "One")
    assert f'<th scope="col" title="{explanation("exact_accuracy")}">exact_accuracy</th>' in html
    assert f"kid[judge]: {explanation('kid[judge]')}" in text_of(html)
    assert 'data-name="exact_accuracy">' in html
    assert explanation("run") == ""


def test_real_images_are_shown_beside_generated_ones(runs: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(runs["acgan"], tmp_path / "run")
    assert "Real held-out images" not in page([tmp_path / "run"], "One")
    shutil.copy(tmp_path / "run" / "pairs.png", tmp_path / "run" / "real-images.png")
    assert 'alt="Real held-out images' in page([tmp_path / "run"], "One")


def test_pictures_keep_every_pixel(runs: dict[str, Path]) -> None:
    file = runs["acgan"] / "pairs.png"
    with Image.open(file) as picture, Image.open(io.BytesIO(b64decode(file_uri(file).partition(",")[2]))) as shown:
        assert shown.format == "WEBP"
        assert shown.tobytes() == picture.convert("RGB").tobytes()


def test_all_but_the_first_two_runs_are_folded(runs: dict[str, Path]) -> None:
    html = page(list(runs.values()), "All")
    folded = re.findall(r'<details( open)?>\s*<summary id="run-\d"', html)
    assert folded == [" open", " open", "", ""]


def test_a_generator_with_attention_has_attention_maps(runs: dict[str, Path]) -> None:
    html = page([runs["sagan"]], "One")
    assert titles(html)[-1] == "Attention"
    assert len(re.findall(r"attention of the centre, \d+ x \d+ map, gamma -?\d\.\d{3}</figcaption>", html)) == 2
    assert "Attention" not in titles(page([runs["acgan"]], "One"))


def test_unsupervised_codes_are_traversed(runs: dict[str, Path]) -> None:
    html = page([runs["infogan"]], "One")
    text = text_of(html)
    assert "c1 from -1 to 1, one row for each class" in text
    assert "c2 from -1 to 1, one row for each class" in text
    assert "two latents: class=" in text
    assert "In each, c1, then c2 goes from -1 to 1 from left to right" in text
    assert f"not evaluated yet: condgan evaluate {runs['infogan']}" in text
    assert "Traversals" not in titles(page([runs["acgan"]], "One"))


def test_previews_of_traversals_are_not_cropped(runs: dict[str, Path]) -> None:
    for recipe, rows in (("infogan", 2 * 3), ("acgan", 1)):
        run = RunFolder(runs[recipe])
        for picture in over_time(run).pictures:
            with Image.open(io.BytesIO(b64decode(picture.src.partition(",")[2]))) as shown:
                side = shown.width / (8 * (16 + 2) + 2) * (16 + 2)
                assert round(shown.height / side) == rows


def test_codes_are_sorted_by_their_labels(runs: dict[str, Path], tmp_path: Path) -> None:
    assert "class=0 class=1 class=2" in text_of(page([runs["infogan"]], "One"))
    shutil.copytree(runs["infogan"], tmp_path / "run")
    rows = {"generator, codes of the prior": {"code_accuracy": [0.9, 0.8, 0.95]}}
    meaning = {"class=0": "7", "class=2": "3"}
    metrics = {"judge": "small", "draws": 2, "seed": 0, "rows": rows, "per_condition": {}, "meaning": meaning}
    (tmp_path / "run" / "metrics.json").write_text(json.dumps(metrics))
    text = text_of(page([tmp_path / "run"], "One"))
    assert "class=1 class=2, matched to 3 class=0, matched to 7" in text
    assert "generator, codes of the prior 0.900 [0.800, 0.950]" in text


def test_code_accuracy_has_a_curve(runs: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(runs["infogan"], tmp_path / "run")
    lines = [{"step": i, "kimg": i * 0.1, "seconds": i, "code_accuracy": 0.3 * i} for i in range(3)]
    (tmp_path / "run" / "scores.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    html = page([tmp_path / "run"], "One")
    assert ">code accuracy</text>" in html
    assert ">exact accuracy</text>" not in html


def test_failures_that_hold_at_the_end_are_shown(runs: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(runs["started"], tmp_path / "run")
    assert "Warning:" not in page([tmp_path / "run"], "One")
    collapsed = {"real_above_fake": 0.8, "own_condition[fake]": 0.9, "latent_variety": 0.01}
    lines = [{"step": step, "kimg": step * 0.1, **collapsed} for step in (0, 1000, 2000, 3000)]
    (tmp_path / "run" / "diagnostics.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    assert "Warning: mode collapse since step 1000: G ignores its latent" in text_of(page([tmp_path / "run"], "One"))


def test_a_run_without_logs_and_generator_says_what_is_missing(runs: dict[str, Path]) -> None:
    text = text_of(page([runs["started"]], "One"))
    for part in (
        f"not evaluated yet: condgan evaluate {runs['started']}",
        "log.jsonl is empty so far.",
        "No previews were saved yet.",
        "No generator was saved yet.",
        "No scores over training",
    ):
        assert part in text


def test_all_runs_are_in_one_table_and_linked(runs: dict[str, Path]) -> None:
    html = page(list(runs.values()), "All")
    first = html[html.index("<tbody>") : html.index("</tbody>")]
    assert first.count("<tr>") == len(runs)
    links = re.findall(r'href="#([^"]+)"', html)
    assert [f'id="{link}"' in html for link in links] == [True] * len(links)
    assert "All" in re.findall(r"<h1>(.*?)</h1>", html)


def test_names_and_titles_are_escaped(runs: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "<b>&run"
    shutil.copytree(runs["started"], folder)
    html = page([folder], "<script>alert(1)</script>")
    assert "<script>" not in html
    assert "<b>" not in html


def write_ablation(folder: Path, cells: dict[str, Path]) -> None:
    """A finished ablation with one run in each cell."""
    for cell, run in cells.items():
        shutil.copytree(run, folder / cell / "seed-0")
    outcome = {"title": "Tiny", "facts": {}, "note": "", "tables": [], "failures": {}}
    content = {**outcome, "runs": {cell: [f"{cell}/seed-0"] for cell in cells}}
    (folder / "ablation.json").write_text(json.dumps(content))


def test_images_of_the_cells_of_an_ablation_are_side_by_side(runs: dict[str, Path], tmp_path: Path) -> None:
    write_ablation(tmp_path, {"one": runs["acgan"], "other": runs["sagan"], "new": runs["started"]})
    html = page([tmp_path], "Figure 4")
    section = html[
        html.index("<h3>Images of all cells</h3>") : html.index("</section>", html.index("Images of all cells"))
    ]
    assert [caption.partition(":")[0] for caption in re.findall(r"<figcaption>(.*?)</figcaption>", section)] == [
        "one, pairs",
        "other, pairs",
    ]
    score = json.loads((runs["acgan"] / "metrics.json").read_text())["rows"]["generator, pairs"]["condition_accuracy"]
    assert f"one, pairs: condition accuracy {Estimate(*score)}" in text_of(section)


def test_cells_that_were_not_evaluated_have_no_images(runs: dict[str, Path], tmp_path: Path) -> None:
    write_ablation(tmp_path, {"new": runs["started"]})
    assert "No list of conditions was evaluated." in text_of(page([tmp_path], "None"))


def test_learned_embeddings_of_attributes_are_mapped(runs: dict[str, Path], tmp_path: Path) -> None:
    train_run(tmp_path / "faces", "acgan_attributes", "attributes", steps=1)
    html = page([tmp_path / "faces"], "One")
    assert "Embeddings" in titles(html)
    for value in load(tmp_path / "faces").condition.controls[0].values:
        assert f">{value}</text>" in html
    assert "Embeddings" not in titles(page([runs["acgan"]], "One"))


def test_previews_at_regular_steps_from_the_start_are_all_shown(runs: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(runs["infogan"], tmp_path / "run")
    samples = tmp_path / "run" / "samples"
    first = sorted(samples.glob("*.png"))[0]
    for step in [*range(100, 1300, 100), *range(1537, 9000, 137)]:
        shutil.copy(first, samples / f"{step:09d}.png")
    for file in samples.glob("00000000[1-9].png"):
        file.unlink()
    shown = [int(picture.caption.split()[1].rstrip(",")) for picture in over_time(RunFolder(tmp_path / "run")).pictures]
    assert shown[:13] == list(range(0, 1300, 100))
    assert len(shown) == 13 + 10
    assert shown == sorted(shown)


def test_losses_that_are_not_finite_leave_a_gap(runs: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(runs["acgan"], tmp_path / "run")
    with (tmp_path / "run" / "log.jsonl").open("a") as log:
        log.write('{"step": 5, "kimg": 0.02, "seconds": 1, "D/real": null}\n')
    assert "nan" not in text_of(page([tmp_path / "run"], "One")).lower()


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("log.jsonl", '{"step": 1, "kimg": 0.1}\n{"step": 2\n', "log.jsonl, line 2"),
        ("scores.jsonl", "half a line\n", "scores.jsonl, line 1"),
        ("metrics.json", "{", "metrics.json, line 1"),
        ("metrics.json", "{}", "judge: missing entry; run condgan evaluate again"),
        ("run.json", "{}", "run.json: not the configuration of a run"),
    ],
)
def test_broken_files_are_reported_by_name(
    runs: dict[str, Path], tmp_path: Path, name: str, content: str, part: str
) -> None:
    shutil.copytree(runs["acgan"], tmp_path / "run")
    (tmp_path / "run" / name).write_text(content)
    with pytest.raises(InputError, match=re.escape(part)):
        page([tmp_path / "run"], "One")


def test_folders_without_a_run_are_reported(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no run\.json in it; expected the folder of a run or an ablation"):
        page([tmp_path], "One")


def test_the_command_writes_one_file_or_exits_with_2(
    runs: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def report(*words: str | Path) -> tuple[int, str]:
        command = ["condgan", "report", *words, "-o", tmp_path / "page.html"]
        monkeypatch.setattr(sys, "argv", [str(word) for word in command])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return int(end.value.code or 0), capsys.readouterr().err

    refusal = f"condgan: {tmp_path}: no run.json in it; expected the folder of a run or an ablation\n"
    assert report(runs["acgan"], tmp_path) == (2, refusal)
    assert list(tmp_path.iterdir()) == []
    assert report(runs["started"], "--title", "Mine") == (0, "")
    assert [file.name for file in tmp_path.iterdir()] == ["page.html"]
    assert "<h1>Mine</h1>" in (tmp_path / "page.html").read_text()


@pytest.fixture
def sagan(runs: dict[str, Path]) -> LoadedGenerator:
    return load(runs["sagan"])


def test_attention_maps_sum_to_1_and_do_not_change_the_images(sagan: LoadedGenerator) -> None:
    c = sagan.condition.parse_all(["red square", "blue circle"])
    before = sagan.generate(c)
    images, maps = attention_of(sagan, c)
    assert torch.equal(images, before)
    for weights in maps:
        assert weights.shape[0] == 2
        assert weights.shape[1:3] == weights.shape[3:5]
        torch.testing.assert_close(weights.sum((3, 4)), torch.ones(weights.shape[:3]))
    assert not any(module._forward_hooks for module in sagan.network.modules())


def test_an_object_is_found_where_the_image_differs_from_its_background() -> None:
    images = torch.full((1, 3, 16, 16), 160, dtype=torch.uint8)
    images[0, 0, 9:12, 4:7] = 255
    assert [place.item() for place in most_unlike(images, 8, 8)] == [5, 2]


def test_only_attention_above_uniform_is_red() -> None:
    images, at = torch.full((1, 3, 128, 128), 100, dtype=torch.uint8), torch.tensor([0])
    even = heatmap(images, torch.full((1, 4, 4), 1 / 16), at, at)
    assert (even[0, 0, 40:] == even[0, 2, 40:]).all()
    one = torch.zeros(1, 4, 4)
    one[0, 3, 3] = 1
    alone = heatmap(images, one, at, at)[0]
    assert alone[0, 120, 120] > 200
    assert alone[2, 120, 120] < 50
    assert alone[0, 60, 60] == alone[2, 60, 60]


def test_smoothing_keeps_straight_lines_and_skips_nan() -> None:
    assert smoothed([2.0, 2.0, 2.0, 2.0], 3) == [2.0] * 4
    assert smoothed([1.0, 2.0, 3.0, 4.0, 5.0], 3)[1:-1] == [2.0, 3.0, 4.0]
    assert smoothed([1.0, float("nan"), 3.0], 3) == [1.0, 2.0, 3.0]
    assert smoothed([1.0, 5.0], 1) == [1.0, 5.0]
    assert smoothed([], 3) == []


def test_svg_takes_the_colour_of_the_page_and_escapes_text() -> None:
    element = svg(plot({"a <title>": [Line("one", [0, 1], [1, 2])]}), 'says "so"')
    assert element.startswith('<svg role="img" aria-label="says &quot;so&quot;"')
    assert "currentColor" in element
    assert "#000000" not in element
    assert "http" not in re.sub(r'xmlns(:xlink)?="[^"]*"', "", element)
    assert ">a &lt;title&gt;</text>" in element


def test_metrics_of_earlier_versions_are_shown(runs: dict[str, Path], tmp_path: Path) -> None:
    """Those have no code_effects, and those of labels neither `meaning`."""
    for name in ("acgan", "infogan"):
        shutil.copytree(runs[name], tmp_path / name)
    metrics = json.loads((tmp_path / "acgan" / "metrics.json").read_text())
    kept = {name: value for name, value in metrics.items() if name not in ("code_effects", "meaning")}
    assert kept.keys() < metrics.keys()
    (tmp_path / "acgan" / "metrics.json").write_text(json.dumps(kept))
    rows = {"generator, codes of the prior": {"code_accuracy": [0.9, 0.8, 0.95]}}
    codes = {"judge": "small", "draws": 2, "seed": 0, "rows": rows, "per_condition": {}, "meaning": {"class=0": "7"}}
    (tmp_path / "infogan" / "metrics.json").write_text(json.dumps(codes))
    text = text_of(page([tmp_path / "acgan", tmp_path / "infogan"], "Two"))
    assert "generator, pairs" in text
    assert "class=0, matched to 7" in text


@pytest.mark.parametrize("folder", sorted(RESULTS.glob("*/*/*/seed-0")), ids=lambda folder: folder.parent.name)
def test_published_results_are_shown(folder: Path) -> None:
    """Only run.json and metrics.json of these runs are published, some of them in format 1."""
    text = text_of(page([folder], "One"))
    for row in json.loads((folder / "metrics.json").read_text())["rows"]:
        assert row in text
