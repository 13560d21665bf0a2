import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save as to_safetensors
from safetensors.torch import save_file
from torch import Tensor

from condgan.config import Config
from condgan.data import Images
from condgan.errors import InputError
from condgan.generate import LoadedGenerator, load, untrained
from condgan.shipped import shipped
from contracts import tiny_images, tiny_options, tiny_state
from random_layouts import random_layouts, save_generator


@pytest.fixture(scope="module")
def images() -> Images:
    return tiny_images("multi_label")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in place of the one of the package's files."""
    (tmp_path / "pretrained").mkdir()
    monkeypatch.setattr("condgan.shipped.files", lambda package: tmp_path)
    return tmp_path


def generator_of(images: Images, seed: int = 0) -> LoadedGenerator:
    options = tiny_options("cdcgan") | {"latent_dim": 16}  # torch draws fewer than 16 normal numbers in another way
    return untrained(Config.of("cdcgan", options, "shapes", images, seed=seed, precision="no"))


@pytest.fixture
def generator(images: Images) -> LoadedGenerator:
    return generator_of(images)


def test_latents_are_standard_normal(generator: LoadedGenerator) -> None:
    z = generator.latents(4000)
    assert z.shape == (4000, 16)
    assert z.mean().item() == pytest.approx(0, abs=0.02)
    assert z.std().item() == pytest.approx(1, abs=0.02)


def test_the_first_latents_do_not_depend_on_their_number(generator: LoadedGenerator) -> None:
    assert torch.equal(generator.latents(20, seed=3)[:5], generator.latents(5, seed=3))
    assert not torch.equal(generator.latents(5, seed=3), generator.latents(5, seed=4))


def test_images_are_those_of_the_network_for_standard_normal_latents(
    generator: LoadedGenerator, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    c, seen = images.labels[:4], []

    def network(z: Tensor, vector: Tensor) -> Tensor:
        seen.append((z, vector))
        return z[:, :1, None, None].expand(-1, 3, 16, 16).tanh()

    monkeypatch.setattr(generator.network, "forward", network)
    generated = generator.generate(c, seed=7)
    z = generator.latents(4, seed=7)
    assert torch.equal(seen[0][0], z)
    assert torch.equal(seen[0][1], images.condition.encode(c))
    expected = ((z[:, 0].tanh() + 1) * 127.5).round()
    assert torch.equal(generated[:, 0, 0, 0].float(), expected)
    assert generated.dtype == torch.uint8


def test_latents_and_vectors_are_mapped_to_images(generator: LoadedGenerator, images: Images) -> None:
    c = images.labels[:4]
    assert torch.equal(generator.from_latents(generator.latents(4), images.condition.encode(c)), generator.generate(c))


def test_a_seed_gives_the_same_images_and_another_seed_others(generator: LoadedGenerator, images: Images) -> None:
    c = images.labels[:4]
    first = generator.generate(c, seed=1)
    torch.manual_seed(5)
    assert torch.equal(generator.generate(c, seed=1), first)
    assert not torch.equal(generator.generate(c, seed=2), first)


def test_the_seed_is_0_by_default(generator: LoadedGenerator, images: Images) -> None:
    c = images.labels[:4]
    assert torch.equal(generator.latents(4), generator.latents(4, seed=0))
    assert torch.equal(generator.generate(c), generator.generate(c, seed=0))


def test_generating_records_no_gradients(generator: LoadedGenerator, images: Images) -> None:
    outputs: list[Tensor] = []
    generator.network.register_forward_hook(lambda module, inputs, output: outputs.append(output))
    generator.generate(images.labels[:4])
    assert [output.requires_grad for output in outputs] == [False]


def test_images_do_not_depend_on_the_batch_size(generator: LoadedGenerator, images: Images) -> None:
    c = images.labels[:7]
    whole, parts = generator.generate(c), generator.generate(c, batch_size=3)
    assert (whole.int() - parts.int()).abs().max() <= 1


def test_an_image_does_not_depend_on_the_others_of_its_batch(generator: LoadedGenerator, images: Images) -> None:
    generator.train()
    alone, among = generator.generate(images.labels[:1]), generator.generate(images.labels[:5])
    assert (alone[0].int() - among[0].int()).abs().max() <= 1


def test_generating_leaves_the_global_generator_unchanged(generator: LoadedGenerator, images: Images) -> None:
    state = torch.get_rng_state()
    generator.generate(images.labels[:2])
    assert torch.equal(torch.get_rng_state(), state)


def test_a_generator_has_the_condition_of_its_configuration(generator: LoadedGenerator, images: Images) -> None:
    assert generator.condition == images.condition


def test_untrained_weights_follow_from_the_seed_of_the_run(images: Images) -> None:
    def weights(seed: int) -> Tensor:
        return torch.cat([p.detach().flatten() for p in generator_of(images, seed).network.parameters()])

    state = torch.get_rng_state()
    first = weights(0)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(5)
    assert torch.equal(weights(0), first)
    assert not torch.equal(weights(1), first)


def test_an_untrained_generator_is_that_before_the_first_step(images: Images) -> None:
    state, images = tiny_state("cdcgan", "class", seed=3)
    config = Config.of("cdcgan", tiny_options("cdcgan"), "shapes", images, 3, "no")
    for mine, first in zip(untrained(config).network.parameters(), state.generator.parameters(), strict=True):
        assert torch.equal(mine, first)


def test_a_missing_broken_or_foreign_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"generator\.safetensors: no such file; expected the folder of a run"):
        load(tmp_path)
    file = tmp_path / "generator.safetensors"
    file.write_bytes(b"nothing of use")
    with pytest.raises(InputError, match=r"generator\.safetensors: broken file"):
        load(tmp_path)
    save_file({"weight": torch.zeros(2)}, str(file))
    with pytest.raises(InputError, match="no configuration in its header"):
        load(file)


@pytest.mark.parametrize("name", shipped())
def test_shipped_generators_load_by_name(name: str) -> None:
    assert "iclevr" in shipped()
    generator = load(name)
    size = generator.config.resolution
    c = generator.condition.each_value()[:2]
    assert generator.generate(c).shape == (2, generator.config.channels, size, size)
    assert not torch.equal(generator.generate(c), untrained(generator.config).generate(c))


def test_shipped_generators_are_the_files_of_a_folder_of_the_package(package: Path) -> None:
    generator = random_layouts()
    save_generator(generator, package / "pretrained" / "tiny.safetensors")
    (package / "pretrained" / "README.md").write_text("not a generator")
    assert list(shipped()) == ["tiny"]
    c = generator.condition.each_value()[:2]
    assert torch.equal(load("tiny").generate(c), generator.generate(c))


def test_a_path_is_preferred_to_a_shipped_generator(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_generator(random_layouts(), package / "pretrained" / "tiny.safetensors")
    monkeypatch.chdir(package)
    save_generator(random_layouts("class"), package / "tiny")
    assert load("tiny").config.data == "shapes:class"
    (package / "tiny").unlink()
    (package / "tiny").mkdir()
    with pytest.raises(InputError, match=r"tiny/generator\.safetensors: no such file; expected the folder of a run"):
        load("tiny")


def test_unknown_names_list_the_shipped_generators_and_suggest_the_nearest(package: Path) -> None:
    with pytest.raises(InputError, match=r"or a shipped generator \(none\)$"):
        load("tinny")
    for name in ("tiny", "faces"):
        (package / "pretrained" / f"{name}.safetensors").write_bytes(b"")
    with pytest.raises(InputError, match=r"tinny: no such .* generator \(faces, tiny\); did you mean 'tiny'\?"):
        load("tinny")


def test_models_of_format_1_load(tmp_path: Path) -> None:
    """They name weights `entrance.*`, hold options as text, and the path of the data."""
    images = tiny_images("class")
    config = Config.of("dcgan", tiny_options("dcgan"), "shapes:class", images, seed=3, precision="no")
    network = untrained(config).network
    header = config.to_json()
    for name in ("format", "kimg", "minutes", "planned_kimg"):
        del header[name]
    header |= {"options": {"width": "4", "latent_dim": "8", "embedding_dim": "8"}, "data": "/home/ann/shapes"}
    weights = {
        name.replace("conditioning.", "entrance."): weight.contiguous() for name, weight in network.state_dict().items()
    }
    (tmp_path / "generator.safetensors").write_bytes(to_safetensors(weights, {"run": json.dumps(header)}))
    loaded = load(tmp_path)
    assert loaded.config.data == "shapes"
    for name, weight in network.state_dict().items():
        assert torch.equal(loaded.network.state_dict()[name], weight)


def test_weights_that_do_not_fit_the_configuration_are_refused(tmp_path: Path) -> None:
    config = Config.of("dcgan", tiny_options("dcgan"), "shapes", tiny_images("class"), seed=3, precision="no")
    content = to_safetensors({"conditioning.weight": torch.zeros(2)}, {"run": json.dumps(config.to_json())})
    (tmp_path / "generator.safetensors").write_bytes(content)
    with pytest.raises(InputError, match=r"generator\.safetensors: its weights do not fit its configuration"):
        load(tmp_path)
