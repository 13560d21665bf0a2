"""The training loop: what is in a batch, which gradients are computed, what is yielded."""

from dataclasses import FrozenInstanceError, replace
from itertools import islice
from math import inf
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim import SGD

from condgan.conditions import Codes
from condgan.networks.gan import Discriminator
from condgan.networks.normalization import mixes_samples
from condgan.objectives import (
    Batch,
    Objective,
    gradient_penalty,
    hinge,
    non_saturating,
    r1,
    r2,
)
from condgan.recipes import build
from condgan.train import real_batch, train
from contracts import assert_same_state, run_steps, state_of, tiny_images, tiny_options, tiny_state
from small_networks import (
    LinearDiscriminator,
    equal,
    linear_recipe,
    tiny_recipe,
    weights,
)


def test_without_averaging_the_average_is_the_generator() -> None:
    state, images = tiny_state("cdcgan", "class", ema_half_life_kimg=0)
    run_steps(state, images, 3)
    assert equal(weights(state.generator_ema.module), weights(state.generator))


def test_the_average_follows_the_generator_at_the_decay_of_each_step() -> None:
    state, images = tiny_state("cdcgan", "class", ema_half_life_kimg=0.001)
    expected: list[Tensor] = []
    for _ in islice(train(state, images), 4):
        decay = 0.5 ** (0.004 / min(0.001, 0.1 * state.kimg))
        current = [parameter.detach().clone() for parameter in state.generator.parameters()]
        expected = [torch.lerp(old, new, 1 - decay) for old, new in zip(expected or current, current, strict=True)]
    torch.testing.assert_close(list(map(torch.Tensor.detach, state.generator_ema.module.parameters())), expected)
    assert not any(map(torch.equal, state.generator_ema.module.parameters(), state.generator.parameters()))
    assert equal(list(state.generator_ema.module.buffers()), list(state.generator.buffers()))


def test_the_step_of_the_generator_leaves_no_gradients_in_the_discriminator() -> None:
    state, images = tiny_state("cdcgan", "class")
    run_steps(state, images, 1)
    assert all(parameter.requires_grad for parameter in state.discriminator.parameters())
    assert not any(parameter.grad is not None for parameter in state.discriminator.parameters())


def test_the_discriminator_requires_gradients_in_its_own_step_only() -> None:
    images, found = tiny_images("class"), []

    def noted(batch: Batch) -> Tensor:
        found.append({parameter.requires_grad for parameter in state.discriminator.parameters()})
        return batch.fake.score

    terms = Objective(generator={"noted": noted}, discriminator={"noted": noted})
    state = state_of(tiny_recipe(objective=terms), images)
    run_steps(state, images, 2)
    assert found == [{True}, {False}] * 2


@pytest.mark.parametrize("max_norm", [1e-3, 1e6])
def test_gradients_longer_than_the_limit_are_scaled_down_to_it(max_norm: float) -> None:
    def sgd(network: nn.Module) -> SGD:
        return SGD(network.parameters(), lr=1)

    def parameters(network: nn.Module) -> Tensor:
        return torch.cat([parameter.detach().flatten() for parameter in network.parameters()])

    images, norms = tiny_images("class"), []
    for limit in (inf, max_norm):
        recipe = tiny_recipe(generator_optimizer=sgd, discriminator_optimizer=sgd, max_gradient_norm=limit)
        state = state_of(recipe, images)
        before = [parameters(network) for network in (state.generator, state.discriminator)]
        run_steps(state, images, 1)
        after = [parameters(network) for network in (state.generator, state.discriminator)]
        norms.append([float((a - b).norm()) for a, b in zip(after, before, strict=True)])
    assert min(norms[0]) > 0.01
    assert norms[1] == pytest.approx([min(norm, max_norm) for norm in norms[0]], rel=1e-3)


def test_each_network_is_trained_by_its_own_terms_only() -> None:
    zero = Objective(generator={"zero": lambda batch: 0 * batch.fake.score})
    images = tiny_images("class")
    state = state_of(linear_recipe(Objective(discriminator=hinge.discriminator) + zero), images)
    generator, discriminator = (
        [p.detach().clone() for p in n.parameters()] for n in (state.generator, state.discriminator)
    )
    run_steps(state, images, 1)
    assert equal(generator, list(state.generator.parameters()))
    assert not torch.equal(discriminator[0], next(state.discriminator.parameters()))


def test_kimg_counts_real_images() -> None:
    state, images = tiny_state("cdcgan", "class")
    steps = islice(train(state, images), 3)
    assert [(p.phase, p.step, p.kimg) for p in steps] == [("game", 1, 0.004), ("game", 2, 0.008), ("game", 3, 0.012)]


def test_progress_is_the_share_of_the_planned_images() -> None:
    images = tiny_images("class")
    state = state_of(tiny_recipe(), images, planned_kimg=0.016)
    shares = [state.progress, *(state.progress for _ in islice(train(state, images), 6))]
    assert shares == pytest.approx([0, 0.25, 0.5, 0.75, 1, 1, 1])


def test_by_default_all_epochs_of_the_recipe_are_planned() -> None:
    images = tiny_images("class")
    assert images.num_training == 38
    assert state_of(tiny_recipe(num_epochs=3), images).planned_kimg == pytest.approx(0.114)


def test_terms_see_the_step_and_the_progress_before_it(batches: list[Batch]) -> None:
    images = tiny_images("class")
    state = state_of(tiny_recipe(generator_steps=2), images, planned_kimg=0.016)
    run_steps(state, images, 2)
    assert [(batch.step, batch.progress) for batch in batches] == [(0, 0.0)] * 3 + [(1, 0.25)] * 3


@pytest.mark.parametrize("penalty", [r1, r2], ids=["r1", "r2"])
def test_gradient_penalties_of_a_linear_discriminator_have_their_closed_form(penalty: Objective) -> None:
    """The penalty is the squared norm of w, and a step of gradient descent multiplies w by 1 - 2 * weight * rate."""
    images, weight, lr = tiny_images("class"), 5.0, 0.01
    generator_only = Objective(generator=hinge.generator)
    state = state_of(linear_recipe(generator_only + weight * penalty, lr), images)
    discriminator = state.discriminator
    assert isinstance(discriminator, LinearDiscriminator)
    w = discriminator.w.detach().clone()
    (name,) = penalty.discriminator
    for losses in run_steps(state, images, 3):
        assert losses[f"D/{name}"] == pytest.approx(weight * float(w.square().sum()), rel=1e-5)
        w *= 1 - 2 * weight * lr
    torch.testing.assert_close(discriminator.w.detach(), w)


def test_penalties_and_losses_of_one_step_add_up() -> None:
    images = tiny_images("class")
    losses = run_steps(state_of(linear_recipe(non_saturating + 0.5 * (r1 + r2)), images), images, 1)[0]
    assert list(losses) == ["D/real", "D/fake", "D/r1", "D/r2", "G/fake"]
    assert losses["D/r1"] == losses["D/r2"] == pytest.approx(4.5)


@pytest.mark.parametrize(
    "objective", [hinge, hinge + 5 * (r1 + r2), hinge + gradient_penalty], ids=["none", "r1 r2", "gp"]
)
@pytest.mark.parametrize("recipe", ["linear", "sagan"])  # two passes, and one pass over both
def test_a_step_computes_no_gradients_of_images(batches: list[Batch], objective: Objective, recipe: str) -> None:
    images = tiny_images("class")
    changed = linear_recipe(objective) if recipe == "linear" else tiny_recipe(recipe, objective=objective)
    run_steps(state_of(changed, images), images, 2)
    real_image, fake_image = batches[0].real_image, batches[0].fake_image
    assert real_image.is_leaf
    assert fake_image.is_leaf
    assert real_image.grad is None
    assert fake_image.grad is None


def test_the_images_of_the_generator_step_do_not_require_gradients_of_real_ones(batches: list[Batch]) -> None:
    images = tiny_images("class")
    run_steps(state_of(tiny_recipe(), images), images, 1)
    discriminator_batch, generator_batch = batches
    assert not generator_batch.real_image.requires_grad
    assert generator_batch.fake_image.requires_grad
    assert torch.equal(generator_batch.real_image, discriminator_batch.real_image)
    assert torch.equal(generator_batch.c, discriminator_batch.c)
    assert not torch.equal(generator_batch.fake_image, discriminator_batch.fake_image)


def test_every_batch_has_real_images_of_the_data_and_new_fake_images_of_the_generator(batches: list[Batch]) -> None:
    images, generated = tiny_images("class"), []
    state = state_of(tiny_recipe(discriminator_steps=2, generator_steps=2), images)
    state.generator.register_forward_hook(lambda module, inputs, output: generated.append(output.detach().clone()))
    real = [real_batch(state, images, step) for step in (0, 1)]
    run_steps(state, images, 1)
    assert len(batches) == len(generated) == len({image.mean().item() for image in generated}) == 4
    for batch, image in zip(batches, generated, strict=True):
        assert torch.equal(batch.fake_image, image)
    for batch, (real_image, c) in zip(batches, (*real, real[1], real[1]), strict=True):
        assert torch.equal(batch.real_image, real_image)
        assert torch.equal(batch.c, c)


def test_frozen_weights_stay_as_they_are() -> None:
    def discriminator(*shape: Any) -> Discriminator:
        network = recipe.discriminator(*shape)
        network.head.requires_grad_(False)
        return network

    recipe, images = build("cdcgan", tiny_options("cdcgan")), tiny_images("class")
    state = state_of(replace(recipe, discriminator=discriminator), images)
    before = [weight.detach().clone() for weight in state.discriminator.parameters()]
    run_steps(state, images, 3)
    for first, weight in zip(before, state.discriminator.parameters(), strict=True):
        assert torch.equal(first, weight) == (not weight.requires_grad)
    assert not any(weight.requires_grad for weight in state.discriminator.head.parameters())


def test_a_term_may_differentiate_by_both_images_in_one_pass() -> None:
    """Where D sees real and fake images at once, a penalty on one must not see the other."""
    images = tiny_images("class")
    states = [state_of(linear_recipe(hinge + 5 * (r1 + r2)), images) for _ in range(2)]
    for state, one_pass in zip(states, (True, False), strict=True):
        state.one_pass = one_pass
    one, two = (run_steps(state, images, 2) for state in states)
    for a, b in zip(one, two, strict=True):
        assert a == pytest.approx(b, rel=1e-4)


def test_statistics_are_means_on_the_last_batch_of_the_discriminator(batches: list[Batch]) -> None:
    images = tiny_images("class")
    state = state_of(tiny_recipe("sagan", objective=3 * non_saturating, discriminator_steps=2), images)
    progress = next(train(state, images))
    assert list(progress.statistics) == ["D(x)", "D(G(z))"]
    assert list(progress.losses) == ["D/real", "D/fake", "G/fake"]
    last = batches[1]
    assert torch.equal(progress.statistics["D(x)"], last.real.score.sigmoid().mean())
    assert torch.equal(progress.statistics["D(G(z))"], last.fake.score.sigmoid().mean())
    assert not any(value.requires_grad for value in (*progress.statistics.values(), *progress.losses.values()))


def test_training_puts_both_networks_in_training_mode() -> None:
    state, images = tiny_state("cdcgan", "class")
    for network in (state.generator, state.discriminator):
        network.eval()
    next(train(state, images))
    for network in (state.generator, state.discriminator):
        assert all(module.training for module in network.modules())


@pytest.mark.parametrize(("recipe", "one_pass"), [("sagan", True), ("wgan_gp", True), ("cdcgan", False)])
def test_real_and_fake_images_share_a_pass_unless_the_discriminator_has_batch_norm(
    batches: list[Batch], recipe: str, one_pass: bool
) -> None:
    """The generators of all three have it."""
    state, images = tiny_state(recipe, "class")
    assert mixes_samples(state.generator)
    assert mixes_samples(state.discriminator) is not one_pass
    run_steps(state, images, 1)
    assert batches[0].one_pass is one_pass


def test_progress_cannot_be_changed() -> None:
    state, images = tiny_state("cdcgan", "class")
    with pytest.raises(FrozenInstanceError):
        next(train(state, images)).step = 7  # type: ignore[misc]


def test_statistics_change_nothing() -> None:
    images = tiny_images("class")
    plain = Objective(generator=non_saturating.generator, discriminator=non_saturating.discriminator)
    with_statistics, without = (
        state_of(tiny_recipe(objective=objective), images) for objective in (non_saturating, plain)
    )
    assert run_steps(with_statistics, images, 3) == run_steps(without, images, 3)
    assert_same_state(with_statistics, without)


def test_a_hinge_game_has_no_probabilities() -> None:
    state, images = tiny_state("sagan", "class")
    assert not {"D(x)", "D(G(z))"} & next(train(state, images)).statistics.keys()


def test_codes_of_a_recipe_replace_the_labels() -> None:
    state, images = tiny_state("infogan", "class", categorical=(3,), continuous=1)
    assert state.condition == Codes({"class": 3}, ("c1",), 0.1)
    run_steps(state, images, 1)
    assert state.generator.conditioning.channels == 8 + 3 + 1
