"""Devices and what joins them: the figures that a plan is made from, each as its maker gives it."""

from dataclasses import dataclass

# What a large program reaches of the makers' figures: fitted by tests/parallel/megatron.py, on half of the rows that
# Narayanan et al. (2021) published
SHARE_OF_PEAK = 0.71  # of the operations a second, while it multiplies matrices
SHARE_OF_BANDWIDTH = 0.84  # of the bytes a second, in memory and between devices


@dataclass(frozen=True)
class Cluster:
    """So many equal devices a node as there are joined by `link`, and nodes joined by `network`.

    A figure that was measured is reached: its shares are 1.
    """

    memory: int  # bytes of a device
    peak: float  # operations a second of a device that multiplies matrices, in numbers of its precision
    bandwidth: float  # bytes a second between a device and its memory
    per_node: int  # devices
    link: float  # bytes a second that a device sends to others of its node
    network: float  # bytes a second that a device sends to other nodes
    link_latency: float = 5e-6  # seconds until a message is on its way: assumptions, not the makers'
    network_latency: float = 10e-6
    half_width: float = 0.0  # of a slice whose products reach half of the peak, without their bytes
    threads: int = 0  # that share the work of a device; 0: it is a GPU
    precision: str = "mixed"  # of GPUs, which have units that multiply 16 bits and add in float32
    share_of_peak: float = SHARE_OF_PEAK
    share_of_bandwidth: float = SHARE_OF_BANDWIDTH

    @property
    def on_gpu(self):
        return not self.threads

    def multiplying(self, width):
        """Operations a second that products reach whose narrowest side is so wide."""
        return self.peak * self.share_of_peak * width / (width + self.half_width)


ETHERNET = {"per_node": 1, "network": 0.125e9, "network_latency": 50e-6}  # one device a machine, joined by 1 Gb/s
CLUSTERS = {
    # DGX A100, as in Narayanan et al. (2021): A100 80GB SXM (data sheet of 2021), NVLink of 600 GB/s in both directions
    # together, and for each GPU an InfiniBand HDR card of 200 Gb/s
    "a100": Cluster(80 << 30, 312e12, 2039e9, per_node=8, link=300e9, network=25e9),
    # DGX H100: H100 SXM5 (data sheet of 2023, without sparsity), NVLink of 900 GB/s, InfiniBand NDR of 400 Gb/s
    "h100": Cluster(80 << 30, 989e12, 3350e9, per_node=8, link=450e9, network=50e9),
    # Tesla T4, the GPU of Colab (data sheet of 2019; 15 GiB are left of 16 GB): PCIe 3.0 of 32 GB/s in both directions
    "t4": Cluster(15 << 30, 65e12, 320e9, link=16e9, **ETHERNET),
    # GeForce RTX 2060: 240 tensor cores of 64 products and sums at 1.68 GHz, half of which where sums are in float32
    # (Turing white paper of 2018), GDDR6 of 336 GB/s
    "rtx2060": Cluster(6 << 30, 25.8e12, 336e9, link=16e9, **ETHERNET),
}
