import pytest
import torch
from torch import Tensor

from condgan.conditions import Attributes, Class, Condition, MultiLabel
from condgan.errors import InputError
from condgan.networks.layout import Layout as Objects
from condgan.networks.layout import LayoutGenerator, Splat, discriminator, generator

LABELS = MultiLabel(("red cube", "blue cube", "red ball", "blue ball", "green ball"))
KINDS: dict[str, Condition] = {
    "class": Class(("cat", "dog", "fox")),
    "multi_label": LABELS,
    "attributes": Attributes({"hair": ("aqua", "red"), "eyes": ("blue", "green")}),
}


def network(condition: Condition = LABELS, resolution: int = 32, num_free: int = 0) -> LayoutGenerator:
    torch.manual_seed(0)
    body = generator(condition, resolution, 3, width=4, num_free=num_free).body
    assert isinstance(body, LayoutGenerator)
    return body.eval()


def latents(n: int) -> Tensor:
    return torch.randn(n, 32 + 16 * 16, generator=torch.Generator().manual_seed(1))


def encoded(*texts: str) -> Tensor:
    return LABELS.encode(LABELS.parse_all(texts))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("resolution", [16, 28, 32, 64, 128])
def test_images_and_outputs_have_their_shapes(kind: str, resolution: int) -> None:
    condition = KINDS[kind]
    c = condition.encode(condition.each_value())
    image = network(condition, resolution)(latents(len(c)), c)
    assert image.shape == (len(c), 3, resolution, resolution)
    assert image.abs().max() <= 1
    output = discriminator(condition, resolution, 3, width=4)(image, c)
    assert output.score.shape == (len(c),)
    assert output.logits.shape == (len(c), condition.num_logits)


@pytest.mark.parametrize("resolution", [8, 18, 30, 200])
def test_resolutions_that_cannot_be_halved_often_enough_are_refused(resolution: int) -> None:
    with pytest.raises(InputError, match=f"resolution {resolution}: expected a multiple of"):
        generator(LABELS, resolution)


def test_an_image_does_not_depend_on_the_others_of_its_batch() -> None:
    body, z, c = network(), latents(3), encoded("red cube", "red cube, blue ball, green ball", "nothing")
    together = body(z, c)
    for i in range(3):
        torch.testing.assert_close(body(z[i : i + 1], c[i : i + 1]), together[i : i + 1], atol=1e-5, rtol=1e-4)


def test_the_layout_has_one_object_for_each_label() -> None:
    layout = network().layout(latents(3), encoded("red cube", "red cube, blue ball, green ball", "nothing"))
    assert layout.exists.sum(1).tolist() == [1, 3, 0]
    assert layout.place.shape == (3, 3, 2)
    assert layout.size.shape == (3, 3, 1)
    assert (layout.size > 0).all()


def test_more_objects_than_any_training_image_has_can_be_asked_for() -> None:
    c = torch.ones(1, LABELS.dim)
    assert network().layout(latents(1), c).exists.sum() == LABELS.dim


def test_free_objects_exist_always_and_come_last() -> None:
    layout = network(num_free=2).layout(latents(2), encoded("red cube", "nothing"))
    assert layout.exists.tolist() == [[True, True, True], [False, True, True]]


def test_places_are_spread_out_before_training() -> None:
    c = encoded("red cube, blue ball, green ball").expand(200, -1)
    place = network().layout(latents(200), c).place
    assert 0.3 < place.std() < 0.6
    distances = (place[:, :, None] - place[:, None]).norm(dim=-1)[:, *torch.triu_indices(3, 3, 1)]
    assert distances.median() > 0.4


def test_which_object_comes_first_follows_from_the_latent_alone() -> None:
    body, c = network(), encoded("red cube, blue ball, green ball").expand(300, -1)
    with torch.no_grad():
        body.first[0] += 100  # marks the features of the first object
        features = body.layout(latents(300), c).features
        again = body.layout(latents(300), c).features
    assert torch.equal(features, again)
    marked = features.flatten(0, 1).norm(dim=1).view(300, 3)
    first = (marked - marked.median()).abs().argmax(1)
    counts = torch.bincount(first, minlength=3)
    assert counts.min() > 50


def test_moving_an_object_changes_the_image_there_and_little_elsewhere() -> None:
    body, z, c = network(resolution=64), latents(1), encoded("red cube, blue ball")
    with torch.no_grad():
        layout = body.layout(z, c)
        place = torch.tensor([[[-0.6, -0.6], [0.6, 0.6]]])
        before = body.paint(layout._replace(place=place), z)
        moved = place.clone()
        moved[0, 1] = torch.tensor([0.6, -0.6])
        change = (body.paint(layout._replace(place=moved), z) - before).abs().mean((0, 1))
    left, right = change[:, :24].mean(), change[:, 40:].mean()
    assert right > 10 * left


def test_a_splat_has_its_peak_at_the_place_of_the_object() -> None:
    splat = Splat(16, 2, 1)
    with torch.no_grad():
        splat.values.weight.zero_()
        splat.values.bias.copy_(torch.tensor([1.0, 0.0, 0.0]))  # the spot alone
        objects = Objects(
            torch.zeros(1, 1, 2), torch.tensor([[[0.5, -0.5]]]), torch.full((1, 1, 1), 0.2), torch.ones(1, 1)
        )
        drawn = splat(objects)[0, 0]
    row, column = divmod(int(drawn.argmax()), 16)
    assert (row, column) in {(3, 11), (3, 12), (4, 11), (4, 12)}
    center = (torch.arange(16) + 0.5) / 8 - 1
    expected = torch.exp(-((center[column] - 0.5) ** 2 + (center[row] + 0.5) ** 2) / (2 * 0.2**2))
    torch.testing.assert_close(drawn[row, column], expected)


def test_the_discriminator_counts_a_label_wherever_it_is() -> None:
    """The logsumexp of maps does not change when features move to other positions."""
    torch.manual_seed(0)
    head = discriminator(LABELS, 64, 3, width=4).head
    h = torch.randn(2, 16, 8, 8)
    shuffled = h.flatten(2)[:, :, torch.randperm(64)].unflatten(2, (8, 8))
    c = torch.zeros(2, LABELS.dim)
    torch.testing.assert_close(head(h, c).logits, head(shuffled, c).logits)


def test_the_score_has_no_bias() -> None:
    head = discriminator(LABELS, 64, 3, width=4).head
    assert not any(name.endswith("score.bias") for name, _ in head.named_parameters())
