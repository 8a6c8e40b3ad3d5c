"""The shortest input that a network takes: counted, and confirmed by building it."""

from __future__ import annotations

from importlib.util import find_spec
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_ser.neural_network._architectures import (
    build_cnn1d,
    build_cnn2d,
    build_dense,
    smallest_input,
)

CONVOLUTIONAL = [build_cnn1d, build_cnn2d]

needs_keras = pytest.mark.skipif(find_spec("keras") is None, reason="needs the extra keras")


class TestSmallestInput:
    def test_padding_needs_one_value(self):
        assert [smallest_input(builder) for builder in (*CONVOLUTIONAL, build_dense)] == [
            (1, 1)
        ] * 3

    def test_pools_without_padding(self):
        assert smallest_input(build_cnn1d, pool_padding="valid") == (8, 1)
        assert smallest_input(build_cnn2d, pool_padding="valid") == (8, 8)

    def test_kernels_without_padding(self):
        sizes = {"filters": (2, 2), "kernel_size": 5, "padding": "valid", "pool_size": 1}
        assert smallest_input(build_cnn1d, **sizes) == (9, 1)

    def test_order_counts(self):
        sizes = {
            "filters": (2,),
            "padding": "valid",
            "kernel_size": 3,
            "pool_size": 2,
            "pool_padding": "valid",
        }
        assert smallest_input(build_cnn1d, **sizes) == (4, 1)
        assert smallest_input(build_cnn1d, block_order=("pool", "conv"), **sizes) == (6, 1)
        assert smallest_input(build_cnn1d, block_order=("conv",), **sizes) == (3, 1)

    @pytest.mark.parametrize(
        ("layout", "smallest"), [("frames_first", (4, 25)), ("coefficients_first", (25, 4))]
    )
    def test_frames_come_first_in_either_layout(self, layout, smallest):
        sizes = {"filters": (2, 2), "pool_size": (2, 5), "pool_padding": "valid"}
        assert smallest_input(build_cnn2d, input_layout=layout, **sizes) == smallest

    def test_one_frame_too_few(self):
        with pytest.raises(
            ValueError,
            match=r"^7 frames of 3 coefficients are too few for this network: with "
            r"pool_padding='valid' its 3 blocks need at least 8 frames of 1 coefficient\. .* or "
            r"set pool_padding='same'\.$",
        ):
            build_cnn1d((7, 3), 2, pool_padding="valid")

    def test_one_coefficient_too_few(self):
        with pytest.raises(ValueError, match=r"^300 frames of 7 .* 8 frames of 8 coefficients"):
            build_cnn2d((300, 7), 2, pool_padding="valid")

    def test_both_paddings_are_named(self):
        with pytest.raises(ValueError, match=r"set padding='same' and pool_padding='same'\.$"):
            build_cnn1d((7, 3), 2, padding="valid", pool_padding="valid")

    def test_table_is_called_a_table(self):
        with pytest.raises(ValueError, match=r"^7 features a row, taken as 7 frames of 1 coef"):
            build_cnn1d((7,), 2, pool_padding="valid")

    def test_unknown_parameter(self):
        with pytest.raises(TypeError, match=r"unexpected keyword argument 'epochs'"):
            smallest_input(build_cnn1d, epochs=3)

    @needs_keras
    @settings(max_examples=12)
    @given(data=st.data())
    def test_smallest_is_built_and_leaves_one_value(self, data):
        """Whatever the sizes, one value is left of the smallest, and nothing of one frame less."""
        builder = data.draw(st.sampled_from(CONVOLUTIONAL))
        n_blocks = data.draw(st.integers(1, 3))
        sizes = st.lists(st.integers(1, 5), min_size=n_blocks, max_size=n_blocks)
        paddings = st.sampled_from(["same", "valid"])
        architecture = {
            "filters": (1,) * n_blocks,
            "kernel_size": data.draw(sizes),
            "strides": data.draw(sizes),
            "padding": data.draw(paddings),
            "pool_size": data.draw(sizes),
            "pool_strides": data.draw(sizes),
            "pool_padding": data.draw(paddings),
            "block_order": data.draw(st.permutations(["conv", "pool"])),
        }
        frames, coefs = smallest_input(builder, **architecture)
        model = builder((frames, coefs), 2, **architecture)
        assert model.get_layer("flatten").output.shape == (None, 1)
        if frames > 1:
            with pytest.raises(ValueError, match=f"need at least {frames} frames"):
                builder((frames - 1, coefs), 2, **architecture)

    @needs_keras
    @settings(max_examples=8)
    @given(
        shape=st.tuples(st.integers(1, 30), st.integers(1, 9)),
        builder=st.sampled_from(CONVOLUTIONAL),
        pool=st.integers(1, 6),
        n_blocks=st.integers(1, 4),
    )
    def test_padded_pools_never_lose_the_last_value(self, shape, builder, pool, n_blocks):
        model = builder(shape, 2, filters=(2,) * n_blocks, pool_size=pool, dense_units=())
        joined = [layer for layer in model.layers if layer.name.startswith(("conv", "pool"))]
        lengths = [layer.output.shape[1] for layer in joined]
        assert min(lengths) >= 1
        assert all(before >= after for before, after in pairwise(lengths))
