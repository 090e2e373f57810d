"""Loops that the compiler does not find by itself, spelled in vectors: on each processor they become what there is."""

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


def looked_up(codes, scales, table, y):
    """(32 blocks,) uint8, two codes a byte, the higher bits first; (blocks,); (16,) -> y, (64 blocks,): what of the
    table each code names, times the scale of its block of 64."""
    for i in range(codes.size):
        step = scales[i // 32]
        y[2 * i] = table[codes[i] >> 4] * step
        y[2 * i + 1] = table[codes[i] & 15] * step


class VectorKernel(kernel):
    """A kernel whose code is built by hand, by `build(context, builder, types, values)` of its arguments.

    `builds` are {what a processor must have: build}, best first; where it has none of them, the meaning is compiled.
    """

    def __init__(self, meaning, builds):
        super().__init__(meaning, lean=True)
        self.builds = builds

    @functools.cached_property
    def dispatcher(self):
        import numba
        from numba.core import cgutils
        from numba.core.registry import cpu_target
        from numba.extending import intrinsic

        *_, features = cpu_target.target_context.codegen().magic_tuple()
        there = {"", *features.split(",")}
        build = next((build for needed, build in self.builds.items() if needed in there), None)
        if build is None:
            return super().dispatcher

        @intrinsic
        def in_vectors(typing, arguments):
            def spelled(context, builder, signature, values):
                build(context, builder, list(signature.args[0]), cgutils.unpack_tuple(builder, values[0]))
                return context.get_dummy_value()

            return numba.types.none(arguments), spelled

        @numba.njit(nogil=True, **self.options)
        def call(*arguments):
            in_vectors(arguments)

        return call


def build_scaled_dots(rows, context, builder, types, values):
    """The code of `scaled_dots`: the products of two neighbours are added, which processors do at once.

    Several rows at once read x once, and none of their sums waits for another.
    """
    from llvmlite import ir
    from numba.core import cgutils

    i8, i16, i32, f32, half = ir.IntType(8), ir.IntType(16), ir.IntType(32), ir.FloatType(), LANES // 2
    vector, add = ir.VectorType, builder.add
    groups, length = values[3:5]
    codes, x, scales, sums = (context.make_array(types[i])(context, builder, values[i]) for i in (0, 1, 2, 5))
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


def build_looked_up(size, name, context, builder, types, values):
    """The code of `looked_up`: an instruction, `name`, takes `size` numbers at once out of a register that holds as
    many of the table."""
    from llvmlite import ir
    from numba.core import cgutils

    i8, i32, f32, vector, half = ir.IntType(8), ir.IntType(32), ir.FloatType(), ir.VectorType, LANES // 2
    codes, scales, table, y = (
        context.make_array(kind)(context, builder, value) for kind, value in zip(types, values, strict=True)
    )
    blocks = builder.extract_value(scales.shape, 0)
    permute = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(vector(f32, size), [vector(f32, size), vector(i32, size)]), name
    )

    def all_equal(value, kind=i32):
        return ir.Constant(vector(kind, half), [value] * half)

    def chosen(v, w, lanes):
        return builder.shuffle_vector(v, w, ir.Constant(vector(i32, len(lanes)), list(lanes)))

    def place(array, at, kind):
        return builder.bitcast(builder.gep(array.data, [at]), kind.as_pointer())

    def number(value):
        return ir.Constant(blocks.type, value)

    def looked_up(codes):
        """(16,) -> (16,) of the table, by registers that each hold a part of it"""
        found = []
        for start in range(0, half, size):
            some = chosen(codes, codes, range(start, start + size))
            of_parts = [builder.call(permute, [part, some]) for part in parts]
            if len(of_parts) == 2:
                first = builder.icmp_unsigned("<", some, ir.Constant(some.type, [size] * size))
                of_parts = [builder.select(first, *of_parts)]
            found += of_parts
        return found[0] if len(found) == 1 else chosen(*found, range(half))

    parts = [builder.load(place(table, number(start), vector(f32, size)), align=4) for start in range(0, half, size)]
    with cgutils.for_range(builder, blocks) as block:
        scale = builder.load(builder.gep(scales.data, [block.index]))
        step = builder.insert_element(all_equal(0.0, f32), scale, i32(0))
        step = chosen(step, step, [0] * LANES)
        for part in range(2):
            here = builder.add(builder.mul(block.index, number(LANES)), number(part * half))
            pairs = builder.zext(builder.load(place(codes, here, vector(i8, half)), align=1), vector(i32, half))
            higher = looked_up(builder.lshr(pairs, all_equal(4)))
            lower = looked_up(builder.and_(pairs, all_equal(15)))
            in_turn = chosen(higher, lower, [lane + half * odd for lane in range(half) for odd in range(2)])
            to = place(y, builder.mul(here, number(2)), vector(f32, LANES))
            builder.store(builder.fmul(in_turn, step), to, align=4)


AT_ONCE = 4
several_rows, one_row = (
    VectorKernel(scaled_dots, {"": functools.partial(build_scaled_dots, rows)}) for rows in (AT_ONCE, 1)
)
look_up = VectorKernel(
    looked_up,
    {
        "+avx512f": functools.partial(build_looked_up, 16, "llvm.x86.avx512.permvar.sf.512"),
        "+avx2": functools.partial(build_looked_up, 8, "llvm.x86.avx2.permps"),
    },
)
