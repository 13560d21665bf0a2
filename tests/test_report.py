import json
import re
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from condgan.generate import load
from condgan.metrics import Estimate
from condgan.report import explanation, page
from report_runs import text_of, train_run

Pages = Callable[..., str]


@pytest.fixture(scope="module")
def pages(trained_runs: dict[str, Path]) -> Pages:
    """Returns the page of the runs with these names, by default of all. Each page is made once."""

    @cache
    def page_of(*names: str) -> str:
        return page([trained_runs[name] for name in names or trained_runs], "Runs")

    return page_of


def titles(html: str) -> list[str]:
    return re.findall(r"<h3>(.*?)</h3>", html)


def test_the_page_loads_nothing(pages: Pages) -> None:
    html = pages()
    named = re.findall(r"""(?:src|href|data|action|poster|srcset)\s*=\s*["']([^"']*)""", html)
    assert named
    assert {name.partition(":")[0] for name in named if not name.startswith("#")} == {"data"}
    assert re.findall(r"url\((?!#)", html) == []
    assert "@import" not in html
    assert "<script" not in html


def test_every_image_and_plot_has_a_description(pages: Pages) -> None:
    html = pages()
    images, plots = re.findall(r"<img[^>]*>", html), re.findall(r"<svg[^>]*>", html)
    assert len(images) > 10
    assert len(plots) >= 4
    assert all(re.search(r'alt="[^"]{10,}"', image) for image in images)
    assert all(re.search(r'role="img" aria-label="[^"]{10,}"', plot) for plot in plots)


def test_scores_of_metrics_json_are_shown(trained_runs: dict[str, Path], pages: Pages) -> None:
    text = text_of(pages("acgan"))
    for source, row in json.loads((trained_runs["acgan"] / "metrics.json").read_text())["rows"].items():
        assert f"{source} {' '.join(str(Estimate(*value)) for value in row.values())}" in text


def test_a_finished_run_has_all_sections(pages: Pages) -> None:
    html = pages("acgan")
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


def test_the_newest_images_come_before_all_tables(trained_runs: dict[str, Path], pages: Pages) -> None:
    html = pages()
    assert 0 < html.index("<img") < html.index("<table")
    header = html[html.index("<header") : html.index("</header")]
    assert re.findall(r'<a href="#run-\d">([^<]*)</a>', header) == [str(path) for path in trained_runs.values()]
    assert header.count("<img") == len(trained_runs) - 1  # `started` has no previews yet


def test_scores_are_explained_and_name_their_column_on_small_screens(pages: Pages) -> None:
    html = pages("acgan")
    assert f'<th scope="col" title="{explanation("exact_accuracy")}">exact_accuracy</th>' in html
    assert f"kid[judge]: {explanation('kid[judge]')}" in text_of(html)
    assert 'data-name="exact_accuracy">' in html
    assert explanation("run") == ""


def test_real_images_are_shown_beside_generated_ones(trained_runs: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(trained_runs["acgan"], tmp_path / "run")
    assert "Real held-out images" not in page([tmp_path / "run"], "One")
    shutil.copy(tmp_path / "run" / "pairs.png", tmp_path / "run" / "real-images.png")
    assert 'alt="Real held-out images' in page([tmp_path / "run"], "One")


def test_all_but_the_first_two_runs_are_folded(pages: Pages) -> None:
    html = pages()
    folded = re.findall(r'<details( open)?>\s*<summary id="run-\d"', html)
    assert folded == [" open", " open", "", ""]


def test_a_generator_with_attention_has_attention_maps(pages: Pages) -> None:
    html = pages("sagan")
    assert titles(html)[-1] == "Attention"
    assert len(re.findall(r"attention of the centre, \d+ x \d+ map, gamma -?\d\.\d{3}</figcaption>", html)) == 2
    assert "Attention" not in titles(pages("acgan"))


def test_unsupervised_codes_are_traversed(trained_runs: dict[str, Path], pages: Pages) -> None:
    html = pages("infogan")
    text = text_of(html)
    assert "c1 from -1 to 1, one row for each class" in text
    assert "c2 from -1 to 1, one row for each class" in text
    assert "two latents: class=" in text
    assert "In each, c1, then c2 goes from -1 to 1 from left to right" in text
    assert f"not evaluated yet: condgan evaluate {trained_runs['infogan']}" in text
    assert "Traversals" not in titles(pages("acgan"))


def test_codes_are_sorted_by_their_labels(trained_runs: dict[str, Path], pages: Pages, tmp_path: Path) -> None:
    assert "class=0 class=1 class=2" in text_of(pages("infogan"))
    shutil.copytree(trained_runs["infogan"], tmp_path / "run")
    rows = {"generator, codes of the prior": {"code_accuracy": [0.9, 0.8, 0.95]}}
    meaning = {"class=0": "7", "class=2": "3"}
    metrics = {"judge": "small", "draws": 2, "seed": 0, "rows": rows, "per_condition": {}, "meaning": meaning}
    (tmp_path / "run" / "metrics.json").write_text(json.dumps(metrics))
    text = text_of(page([tmp_path / "run"], "One"))
    assert "class=1 class=2, matched to 3 class=0, matched to 7" in text
    assert "generator, codes of the prior 0.900 [0.800, 0.950]" in text


def test_code_accuracy_has_a_curve(trained_runs: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(trained_runs["infogan"], tmp_path / "run")
    lines = [{"step": i, "kimg": i * 0.1, "seconds": i, "code_accuracy": 0.3 * i} for i in range(3)]
    (tmp_path / "run" / "scores.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    html = page([tmp_path / "run"], "One")
    assert ">code accuracy</text>" in html
    assert ">exact accuracy</text>" not in html


def test_failures_that_hold_at_the_end_are_shown(trained_runs: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(trained_runs["started"], tmp_path / "run")
    assert "Warning:" not in page([tmp_path / "run"], "One")
    collapsed = {"real_above_fake": 0.8, "own_condition[fake]": 0.9, "latent_variety": 0.01}
    lines = [{"step": step, "kimg": step * 0.1, **collapsed} for step in (0, 1000, 2000, 3000)]
    (tmp_path / "run" / "diagnostics.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    assert "Warning: mode collapse since step 1000: G ignores its latent" in text_of(page([tmp_path / "run"], "One"))


def test_a_run_without_logs_and_generator_says_what_is_missing(trained_runs: dict[str, Path], pages: Pages) -> None:
    text = text_of(pages("started"))
    for part in (
        f"not evaluated yet: condgan evaluate {trained_runs['started']}",
        "log.jsonl is empty so far.",
        "No previews were saved yet.",
        "No generator was saved yet.",
        "No scores over training",
    ):
        assert part in text


def test_all_runs_are_in_one_table_and_linked(trained_runs: dict[str, Path], pages: Pages) -> None:
    html = pages()
    first = html[html.index("<tbody>") : html.index("</tbody>")]
    assert first.count("<tr>") == len(trained_runs)
    links = re.findall(r'href="#([^"]+)"', html)
    assert [f'id="{link}"' in html for link in links] == [True] * len(links)
    assert "Runs" in re.findall(r"<h1>(.*?)</h1>", html)


def test_names_and_titles_are_escaped(trained_runs: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "<b>&run"
    shutil.copytree(trained_runs["started"], folder)
    html = page([folder], "<script>alert(1)</script>")
    assert "<script>" not in html
    assert "<b>" not in html


def test_learned_embeddings_of_attributes_are_mapped(pages: Pages, tmp_path: Path) -> None:
    train_run(tmp_path / "faces", "acgan_attributes", "attributes", steps=1)
    html = page([tmp_path / "faces"], "One")
    assert "Embeddings" in titles(html)
    for value in load(tmp_path / "faces").condition.controls[0].values:
        assert f">{value}</text>" in html
    assert "Embeddings" not in titles(pages("acgan"))


def test_losses_that_are_not_finite_leave_a_gap(trained_runs: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(trained_runs["acgan"], tmp_path / "run")
    with (tmp_path / "run" / "log.jsonl").open("a") as log:
        log.write('{"step": 5, "kimg": 0.02, "seconds": 1, "D/real": null}\n')
    assert "nan" not in text_of(page([tmp_path / "run"], "One")).lower()
