"""What Narayanan et al. (2021) and Korthikanti et al. (2022) measured, and the constants of the planner fitted on half
of the rows of the first: `python tests/parallel/megatron.py` prints both halves.

Sequences of 2048 tokens, a vocabulary of 51,200, A100s of 80 GB, all recomputed. The micro-batches and chunks are those
of the programs that the authors published with their table (examples/sc21/run_table_1.sh of Megatron-LM); where they
published none, the micro-batch is 1 and there are no chunks. The constants alone are fitted on half of the rows: the
form of the planner was chosen with all of them in sight.
"""

import dataclasses
from typing import NamedTuple

import numpy as np

from tinyllm.models.gpt import GPTConfig
from tinyllm.parallel import plan
from tinyllm.parallel.clusters import CLUSTERS
from tinyllm.parallel.layout import Layout


class Row(NamedTuple):
    billions: float  # of parameters, as printed
    heads: int
    width: int
    layers: int
    tp: int
    pp: int
    devices: int
    batch: int
    micro_batch: int
    chunks: int
    teraflops: float  # a second, of each device

    @property
    def config(self):
        return GPTConfig(51200, 2048, self.layers, self.heads, self.width)

    def setup(self, cluster=CLUSTERS["a100"]):
        layout = Layout(self.devices // (self.tp * self.pp), self.tp, self.pp)
        return plan.Setup(cluster, layout, self.batch, self.micro_batch, True, self.chunks)

    @property
    def operations(self):
        """Of a step, by the formula of the paper."""
        B, s, l, h, V = self.batch, 2048, self.layers, self.width, 51200
        return 96 * B * s * l * h**2 * (1 + s / (6 * h) + V / (16 * l * h))

    def predicted(self, **shares):
        """Operations a second of each device, in units of 10^12, as planned."""
        setup = self.setup(dataclasses.replace(CLUSTERS["a100"], **shares))
        return self.operations / self.devices / plan.step(self.config, setup).total / 1e12

    @property
    def error(self):
        return self.predicted() / self.teraflops - 1


TABLE_1 = [
    Row(1.7, 24, 2304, 24, 1, 1, 32, 512, 16, 1, 137),
    Row(3.6, 32, 3072, 30, 2, 1, 64, 512, 16, 1, 138),
    Row(7.5, 32, 4096, 36, 4, 1, 128, 512, 16, 1, 142),
    Row(18.4, 48, 6144, 40, 8, 1, 256, 1024, 8, 1, 135),
    Row(39.1, 64, 8192, 48, 8, 2, 512, 1536, 4, 1, 138),
    Row(76.1, 80, 10240, 60, 8, 4, 1024, 1792, 2, 3, 140),
    Row(145.6, 96, 12288, 80, 8, 8, 1536, 2304, 2, 2, 148),
    Row(310.1, 128, 16384, 96, 8, 16, 1920, 2160, 1, 2, 155),
    Row(529.6, 128, 20480, 105, 8, 35, 2520, 2520, 1, 3, 163),
    Row(1008.0, 160, 25600, 128, 8, 64, 3072, 3072, 1, 1, 163),
]
FITTED, HELD_OUT = TABLE_1[::2], TABLE_1[1::2]  # every second row: both halves have small, cut and staged models

TABLE_2 = [  # of the same paper, beside ZeRO 3; it prints tp times pp alone: 96 and 280
    *(Row(174.6, 96, 12288, 96, 8, 12, n, 1536, 1, 1, found) for n, found in ((384, 153), (768, 149), (1536, 141))),
    *(Row(529.6, 128, 20480, 105, 8, 35, n, 2240, 1, 1, found) for n, found in ((560, 171), (1120, 167), (2240, 159))),
]
SECONDS = {  # of a step, where all is recomputed, by a faster program of a year later: Korthikanti et al. 2022, table 5
    Row(22.0, 64, 6144, 48, 8, 1, 8, 4, 4, 1, 0): 1.42,
    Row(174.6, 96, 12288, 96, 8, 8, 64, 64, 1, 3, 0): 18.13,
    Row(529.6, 128, 20480, 105, 8, 35, 280, 280, 1, 3, 0): 49.05,
    Row(1008.0, 160, 25600, 128, 8, 64, 512, 512, 1, 1, 0): 94.42,
}


def fit(rows):
    """(share of peak, share of bandwidth) with the least squares of the relative errors of the times of steps.

    The time of a step is a / share of peak + b / share of bandwidth + c: linear in what is sought.
    """

    def seconds(row, **shares):
        return row.operations / row.devices / row.predicted(**shares) / 1e12

    factors, rest = [], []
    for row in rows:
        measured = row.operations / row.devices / row.teraflops / 1e12
        both = seconds(row, share_of_peak=1, share_of_bandwidth=1)
        a = seconds(row, share_of_peak=0.5, share_of_bandwidth=1) - both
        b = seconds(row, share_of_peak=1, share_of_bandwidth=0.5) - both
        factors.append((a / measured, b / measured))
        rest.append(1 - (both - a - b) / measured)
    return tuple(1 / np.linalg.lstsq(np.array(factors), np.array(rest), rcond=None)[0])


def main():
    print("share of peak {:.3f}, of bandwidth {:.3f}; on the other half {:.3f}, {:.3f}".format(
        *fit(FITTED), *fit(HELD_OUT)))  # fmt: skip
    for title, rows in (("fitted", FITTED), ("held out", HELD_OUT), ("table 2", TABLE_2)):
        print(f"\n{title}: parameters, measured, predicted, error")
        for row in rows:
            print(f"  {row.billions:7.1f} B {row.teraflops:8.0f} {row.predicted():8.0f} {row.error:+8.1%}")
    print("\nKorthikanti et al.: parameters, seconds, predicted, error")
    for row, seconds in SECONDS.items():
        predicted = plan.step(row.config, row.setup()).total
        print(f"  {row.billions:7.1f} B {seconds:8.2f} {predicted:8.2f} {predicted / seconds - 1:+8.1%}")


if __name__ == "__main__":
    main()
