"""A loop that the compiler does not find by itself, spelled in vectors: on each processor it becomes what there is."""

import functools

import numpy as np

from tinyllm.backend.kernels import kernel

LANES = 32  # numbers at once: what a processor with vectors of 512 bits multiplies and adds in one instruction


def scaled_dot(codes, x, scales, length):
    """(n,) int8, (n,) int16, (groups,) float32 -> the sum over the groups, of `length` numbers each, of their scale
    times codes · x. `length` is a multiple of 64. A product and the sum of two are exact, and so is what a group adds
    up to if it fits in an int32."""
    total = np.float32(0)
    for group in range(len(scales)):
        here = slice(group * length, (group + 1) * length)
        total += scales[group] * np.float32(np.dot(codes[here].astype(np.int32), x[here].astype(np.int32)))
    return total


class VectorKernel(kernel):
    """A kernel whose code is built by hand."""

    @functools.cached_property
    def dispatcher(self):
        import numba
        from numba.extending import intrinsic

        @intrinsic
        def in_vectors(typing, codes, x, scales, length):
            return numba.types.float32(codes, x, scales, length), build_scaled_dot

        @numba.njit(nogil=True)
        def call(codes, x, scales, length):
            return in_vectors(codes, x, scales, length)

        return call


def build_scaled_dot(context, builder, signature, arguments):
    """The code of `scaled_dot`: of each two neighbours the products are added, which processors do at once."""
    from llvmlite import ir
    from numba.core import cgutils

    def vector(kind, lanes=LANES):
        return ir.VectorType(kind, lanes)

    def data_of(place):
        return context.make_array(signature.args[place])(context, builder, arguments[place])

    def filled(kind, value, lanes):
        return ir.Constant(vector(kind, lanes), [value] * lanes)

    def load(array, at, kind):
        pointer = builder.bitcast(builder.gep(array.data, [at]), vector(kind).as_pointer())
        return builder.load(pointer, align=kind.width // 8)

    def shuffled(x, lanes):
        mask = ir.Constant(vector(i32, len(lanes)), list(lanes))
        return builder.shuffle_vector(x, ir.Constant(x.type, ir.Undefined), mask)

    def pairs(codes, x):
        """The sums of neighbouring products: (32,), (32,) -> (16,)"""
        wide = [builder.sext(builder.sext(a, vector(ir.IntType(16))), vector(i32)) for a in (codes, x)]
        product = builder.mul(*wide)
        return builder.add(shuffled(product, range(0, LANES, 2)), shuffled(product, range(1, LANES, 2)))

    i8, i16, i32, f32, half = ir.IntType(8), ir.IntType(16), ir.IntType(32), ir.FloatType(), LANES // 2
    (codes, x, scales), length = map(data_of, range(3)), arguments[3]
    total = cgutils.alloca_once_value(builder, filled(f32, 0.0, half))
    groups, step = builder.extract_value(scales.shape, 0), ir.Constant(length.type, 2 * LANES)
    with cgutils.for_range(builder, groups) as loop:
        start = builder.mul(loop.index, length)
        sums = [cgutils.alloca_once_value(builder, filled(i32, 0, half)) for _ in range(2)]  # two do not wait
        for one in sums:
            builder.store(filled(i32, 0, half), one)
        with cgutils.for_range(builder, builder.udiv(length, step)) as inner:
            for i, one in enumerate(sums):
                at = builder.add(
                    start, builder.add(builder.mul(inner.index, step), ir.Constant(length.type, i * LANES))
                )
                builder.store(builder.add(builder.load(one), pairs(load(codes, at, i8), load(x, at, i16))), one)
        of_group = builder.sitofp(builder.add(*map(builder.load, sums)), vector(f32, half))
        scale = builder.load(builder.gep(scales.data, [loop.index]))
        scale = shuffled(
            builder.insert_element(ir.Constant(vector(f32, half), ir.Undefined), scale, i32(0)), [0] * half
        )
        builder.store(builder.fadd(builder.load(total), builder.fmul(of_group, scale)), total)
    found = builder.load(total)
    while half > 1:
        half //= 2
        found = builder.fadd(shuffled(found, range(half)), shuffled(found, range(half, 2 * half)))
    return builder.extract_element(found, i32(0))


scaled_dot = VectorKernel(scaled_dot)
