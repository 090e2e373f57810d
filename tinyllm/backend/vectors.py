"""A loop that the compiler does not find by itself, spelled in vectors: on each processor it becomes what there is."""

import functools

import numpy as np

from tinyllm.backend.kernels import kernel

LANES = 32  # numbers at once: what a processor with vectors of 512 bits multiplies and adds in one instruction
STEP = 2 * LANES  # numbers of a row in one turn of the loop: a line of the cache


def scaled_dots(codes, x, scales, groups, length, sums):
    """(rows, n) int8, (n,) int16, (rows, …) float32 -> sums, (rows,) float32, of the products of the first `groups`,
    of `length` numbers each: their scale times codes · x.

    `length` is a multiple of STEP. What a group adds up to is exact if it fits in an int32.
    """
    for row in range(len(codes)):
        sums[row] = 0
        for group in range(groups):
            here = slice(group * length, (group + 1) * length)
            dot = np.dot(codes[row, here].astype(np.int32), x[here].astype(np.int32))
            sums[row] += scales[row, group] * np.float32(dot)


class VectorKernel(kernel):
    """A kernel whose code is built by hand, for a number of rows that is known when it is."""

    def __init__(self, meaning, rows):
        super().__init__(meaning, lean=True)
        self.rows = rows

    @functools.cached_property
    def dispatcher(self):
        import numba
        from numba.extending import intrinsic

        build = functools.partial(build_scaled_dots, self.rows)

        @intrinsic
        def in_vectors(typing, codes, x, scales, groups, length, sums):
            return numba.types.none(codes, x, scales, groups, length, sums), build

        @numba.njit(nogil=True, **self.options)
        def call(codes, x, scales, groups, length, sums):
            in_vectors(codes, x, scales, groups, length, sums)

        return call


def build_scaled_dots(rows, context, builder, signature, arguments):
    """The code of `scaled_dots`: the products of two neighbours are added, which processors do at once.

    Several rows at once read x once, and none of their sums waits for another.
    """
    from llvmlite import ir
    from numba.core import cgutils

    i8, i16, i32, f32, half = ir.IntType(8), ir.IntType(16), ir.IntType(32), ir.FloatType(), LANES // 2
    vector, add = ir.VectorType, builder.add
    groups, length = arguments[3:5]
    codes, x, scales, sums = (
        context.make_array(signature.args[i])(context, builder, arguments[i]) for i in (0, 1, 2, 5)
    )
    width, of_scales = (builder.extract_value(array.shape, 1) for array in (codes, scales))

    def number(value):
        return ir.Constant(length.type, value)

    def variables(kind, count):
        return [cgutils.alloca_once(builder, vector(kind, half)) for _ in range(count)]

    def fill(those, value):
        for one in those:
            builder.store(ir.Constant(one.type.pointee, [value] * half), one)

    def load(array, at, kind):
        pointer = builder.bitcast(builder.gep(array.data, [at]), vector(kind, LANES).as_pointer())
        narrow = builder.load(pointer, align=kind.width // 8)
        return builder.sext(builder.sext(narrow, vector(i16, LANES)), vector(i32, LANES))

    def prefetch(array, at):
        """Ask for the codes that the call after the next will read: so far ahead, memory is not waited for."""
        kind = ir.FunctionType(ir.VoidType(), [i8.as_pointer(), i32, i32, i32])
        fetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(fetch, [builder.gep(array.data, [at]), i32(0), i32(3), i32(1)])

    def chosen(v, lanes):
        mask = ir.Constant(vector(i32, len(lanes)), list(lanes))
        return builder.shuffle_vector(v, ir.Constant(v.type, ir.Undefined), mask)

    def pairs(v, w):
        """(32,), (32,) -> (16,): the sums of neighbouring products"""
        product = builder.mul(v, w)
        return add(chosen(product, range(0, LANES, 2)), chosen(product, range(1, LANES, 2)))

    totals, dots = variables(f32, rows), variables(i32, rows)
    fill(totals, 0.0)
    with cgutils.for_range(builder, groups) as of_group:
        fill(dots, 0)
        start = builder.mul(of_group.index, length)
        with cgutils.for_range(builder, builder.udiv(length, number(STEP))) as turn:
            at = add(start, builder.mul(turn.index, number(STEP)))
            for row in range(rows):
                prefetch(codes, add(at, builder.mul(width, number(2 * rows + row))))
            for part in range(2):
                here = add(at, number(part * LANES))
                of_x = load(x, here, i16)
                for row, dot in enumerate(dots):
                    of_row = load(codes, add(here, builder.mul(width, number(row))), i8)
                    builder.store(add(builder.load(dot), pairs(of_row, of_x)), dot)
        for row, (dot, total) in enumerate(zip(dots, totals, strict=True)):
            scale = builder.load(builder.gep(scales.data, [add(of_group.index, builder.mul(of_scales, number(row)))]))
            alone = builder.insert_element(ir.Constant(vector(f32, half), ir.Undefined), scale, i32(0))
            whole = builder.sitofp(builder.load(dot), vector(f32, half))
            scaled = builder.fmul(whole, chosen(alone, [0] * half), flags=("contract",))
            builder.store(builder.fadd(builder.load(total), scaled, flags=("contract",)), total)
    for row, total in enumerate(totals):
        found, lanes = builder.load(total), half
        while lanes > 1:
            lanes //= 2
            found = builder.fadd(chosen(found, range(lanes)), chosen(found, range(lanes, 2 * lanes)))
        builder.store(builder.extract_element(found, i32(0)), builder.gep(sums.data, [number(row)]))
    return context.get_dummy_value()


AT_ONCE = 4
several_rows = VectorKernel(scaled_dots, AT_ONCE)
one_row = VectorKernel(scaled_dots, 1)
