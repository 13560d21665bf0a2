import pytest
import torch
from torch import Tensor, nn

from condgan.conditions import Attributes, Class, Condition, MultiLabel
from condgan.errors import InputError
from condgan.networks.layout import LayoutGenerator, ResidualBlock, discriminator, generator
from condgan.networks.splat import Layout as Objects

LABELS = MultiLabel(("red cube", "blue cube", "red ball", "blue ball", "green ball"))
KINDS: dict[str, Condition] = {
    "class": Class(("cat", "dog", "fox")),
    "multi_label": LABELS,
    "attributes": Attributes({"hair": ("aqua", "red"), "eyes": ("blue", "green")}),
}


def network(
    condition: Condition = LABELS, resolution: int = 32, num_free: int = 0, distance: float = 0, tanh: bool = True
) -> LayoutGenerator:
    torch.manual_seed(0)
    body = generator(condition, resolution, 3, width=4, num_free=num_free, distance=distance, tanh=tanh).body
    assert isinstance(body, LayoutGenerator)
    return body.eval()


LATENT_DIM = generator(LABELS, 16, width=4).latent_dim


def latents(n: int) -> Tensor:
    return torch.randn(n, LATENT_DIM, generator=torch.Generator().manual_seed(1))


class Reversed(MultiLabel):
    """Labels whose tokens come in the opposite order."""

    def tokens(self, vector: Tensor) -> tuple[Tensor, Tensor]:
        tokens, exists = super().tokens(vector)
        return tokens.flip(1), exists.flip(1)


class Padded(MultiLabel):
    """Labels with three more tokens of padding than needed."""

    def tokens(self, vector: Tensor) -> tuple[Tensor, Tensor]:
        tokens, exists = super().tokens(vector)
        more = tokens.new_zeros(len(tokens), 3, self.dim)
        return torch.cat([tokens, more], dim=1), torch.cat([exists, exists.new_zeros(len(tokens), 3)], dim=1)


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


def test_the_latent_dimension_depends_on_neither_the_condition_nor_the_size() -> None:
    shapes: list[tuple[Condition, int, int]] = [(LABELS, 16, 4), (KINDS["class"], 64, 4), (LABELS, 16, 8)]
    assert {generator(condition, side, width=width).latent_dim for condition, side, width in shapes} == {LATENT_DIM}


def test_an_image_is_a_function_of_latent_and_condition() -> None:
    """Also in training mode; the weights hold everything that was drawn when the network was built."""
    body, z, c = network().train(), latents(2), encoded("red cube", "red cube, blue ball, green ball")
    torch.manual_seed(1)
    copy = generator(LABELS, 32, width=4, num_free=0).body
    copy.load_state_dict(body.state_dict())
    assert torch.equal(body(z, c), copy(z, c))


@pytest.mark.parametrize("other", [Reversed, Padded])
def test_neither_the_order_of_tokens_nor_padding_changes_the_image(other: type[MultiLabel]) -> None:
    z, c = latents(3), encoded("red cube", "red cube, blue ball, green ball", "nothing")
    changed = network(other(LABELS.names))
    torch.testing.assert_close(changed(z, c), network()(z, c), atol=1e-5, rtol=1e-4)


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
    body, z, every = network(), latents(1), torch.ones(1, LABELS.dim)
    assert body.layout(z, every).exists.sum() == LABELS.dim
    images = body(z.expand(LABELS.dim + 1, -1), torch.cat([every, every - torch.eye(LABELS.dim)]))
    assert images.isfinite().all()
    assert torch.pdist(images.flatten(1)).min() > 0.01  # each label matters


def test_free_objects_exist_always_and_come_last() -> None:
    layout = network(num_free=2).layout(latents(2), encoded("red cube", "nothing"))
    assert layout.exists.tolist() == [[True, True, True], [False, True, True]]


def test_free_objects_are_drawn() -> None:
    body, z = network(num_free=1), latents(1)
    layout = body.layout(z, encoded("nothing"))
    without = layout._replace(exists=torch.zeros_like(layout.exists))
    assert (body.paint(layout, z) - body.paint(without, z)).abs().max() > 0.01


def test_without_tanh_black_images_have_a_gradient_and_are_clamped_in_evaluation_mode() -> None:
    z, c, gradients = latents(2), encoded("red cube", "nothing"), []
    for tanh in (True, False):
        body = network(tanh=tanh)
        nn.init.constant_(body.base.bias, -30)
        assert torch.equal(body(z, c), torch.full((2, 3, 32, 32), -1.0))
        image = body.train()(z, c)
        image.sum().backward()
        assert body.base.bias.grad is not None
        gradients.append(body.base.bias.grad.abs().max().item())
    assert image.max() < -20
    assert gradients[0] == 0 < gradients[1]


def test_padding_is_not_drawn() -> None:
    body, z = network(), latents(1)
    layout = body.layout(z, encoded("red cube"))
    twice = Objects(*(torch.cat([part, part], dim=1) for part in layout))
    padded = twice._replace(exists=torch.tensor([[True, False]]))
    torch.testing.assert_close(body.paint(padded, z), body.paint(layout, z))
    assert not torch.allclose(body.paint(twice, z), body.paint(layout, z))


@pytest.mark.parametrize("num_free", [0, 1])
def test_the_latent_of_an_object_does_not_depend_on_the_other_labels(num_free: int) -> None:
    """Without the transformer's part a place is a function of the object's latent alone."""
    body, z = network(num_free=num_free), latents(20)
    with torch.no_grad():
        body.place_and_size.weight.zero_()
        body.spread.fill_(1)  # a token may be the first alone and not in company
    alone, many = (body.layout(z, encoded(text).expand(20, -1)).place for text in ("blue ball", "red cube, blue ball"))
    torch.testing.assert_close(alone, many[:, 1:])
    assert (many[:, 0] - many[:, 1]).norm(dim=1).min() > 0.01  # each label has a latent of its own
    assert torch.pdist(alone[:, 0]).min() > 0  # and so has each image


def test_objects_depend_on_the_other_labels() -> None:
    body, z = network(), latents(4)
    alone, many = (body.layout(z, encoded(text).expand(4, -1)) for text in ("blue ball", "red cube, blue ball"))
    for by_itself, in_company in zip(alone[:3], many[:3], strict=True):  # features, place and size
        assert (by_itself[:, 0] - in_company[:, 1]).norm(dim=1).min() > 1e-4


def test_the_latent_of_an_object_changes_its_features() -> None:
    """The later part of the latent is that of the objects."""
    body, z, c = network(), latents(2), encoded("red cube, blue ball").expand(2, -1)
    z[:, : LATENT_DIM // 2] = 0
    features = body.layout(z, c).features
    assert (features[0] - features[1]).norm(dim=1).min() > 0.01


def test_places_are_spread_out_before_training() -> None:
    c = encoded("red cube, blue ball, green ball").expand(200, -1)
    place = network().layout(latents(200), c).place
    assert 0.3 < place.std() < 0.6
    distances = (place[:, :, None] - place[:, None]).norm(dim=-1)[:, *torch.triu_indices(3, 3, 1)]
    assert distances.median() > 0.4


def test_the_first_object_starts_in_the_middle() -> None:
    body, z, c = network(), latents(200), encoded("red cube, blue ball, green ball").expand(200, -1)
    with torch.no_grad():
        body.place_and_size.weight.zero_()
    at_the_middle = body.layout(z, c).place.norm(dim=2) == 0
    assert (at_the_middle.sum(1) == 1).all()
    assert at_the_middle.sum(0).min() > 30  # each of the three


@pytest.mark.parametrize("num_free", [0, 1])
def test_wanted_objects_keep_a_distance_and_free_ones_do_not(num_free: int) -> None:
    z, c = latents(300), encoded("red cube, blue ball").expand(300, -1)
    near, apart = (network(num_free=num_free, distance=distance).layout(z, c).place for distance in (0, 0.3))
    assert torch.equal(apart[:, 2:], near[:, 2:])
    before, after = ((place[:, 0] - place[:, 1]).norm(dim=1) for place in (near, apart))
    assert 10 < (before < 0.3).sum() < 200
    assert after.min() > 0.299
    torch.testing.assert_close(apart[before > 0.3], near[before > 0.3])


def test_nothing_is_moved_in_training() -> None:
    z, c = latents(300), encoded("red cube, blue ball").expand(300, -1)
    assert torch.equal(network(distance=0.3).train().layout(z, c).place, network().layout(z, c).place)


@torch.no_grad()
def first_objects(text: str, n: int) -> Tensor:
    """Which object comes first, (n,)."""
    body, z, c = network(), latents(n), encoded(text).expand(n, -1)
    for layer in body.attention.layers:  # so that a change of one token does not change the others
        layer.self_attn.out_proj.weight.zero_()
    before = body.layout(z, c).features
    body.first[0] += torch.randn(body.first.shape[1])
    changed = (body.layout(z, c).features - before).norm(dim=2) > 0.01
    assert (changed.sum(1) == 1).all()
    first: Tensor = changed.int().argmax(1)
    return first


def test_each_object_comes_first_equally_often() -> None:
    counts = torch.bincount(first_objects("red cube, blue ball, green ball", 300), minlength=3)
    assert counts.min() > 50


def test_the_first_object_stays_first_when_another_label_is_removed() -> None:
    three, two = first_objects("red cube, blue ball, green ball", 100), first_objects("red cube, blue ball", 100)
    assert torch.equal(two[three < 2], three[three < 2])


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


def test_residual_blocks_return_their_input_before_training() -> None:
    h = torch.randn(2, 4, 8, 8)
    for network in (generator(LABELS, 32, width=4), discriminator(LABELS, 32, width=4)):
        blocks = [module for module in network.modules() if isinstance(module, ResidualBlock)]
        assert blocks
        assert all(not block.conv2.weight.any() for block in blocks)
    block = ResidualBlock(4)
    assert torch.equal(block(h), h)
    nn.init.normal_(block.conv2.weight)
    assert not torch.allclose(block(h), h)
