"""Pictures: matplotlib where it is installed, one look for all of them, and the same file every time."""

from pathlib import Path

from tinyllm import storage
from tinyllm.errors import UsageError

INK, SOFT, PAPER = "#1f2933", "#7b8794", "#ffffff"  # a light paper of its own: it reads in a dark page too
COLORS = ("#2166ac", "#d9822b", "#2e8b57", "#8e44ad", "#c0392b", "#5d6d7e")
KINDS = ("svg", "png", "pdf", "jpg", "jpeg", "webp")  # those that need nothing else; a .pgf would need LaTeX
STYLE = {
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "font.family": "DejaVu Sans",  # comes with matplotlib
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "svg.fonttype": "path",  # letters as shapes: the same on every screen
    "svg.hashsalt": "tinyllm",
}


def check(path):
    """Raise UsageError if no picture can be drawn there: without matplotlib or a folder, or for an unknown ending."""
    try:
        import matplotlib.backends.backend_agg  # noqa: F401 - what draws
    except ImportError:
        raise UsageError("drawing needs matplotlib; install it with: pip install matplotlib") from None
    storage.claim(path)
    if Path(path).suffix.lower().removeprefix(".") not in KINDS:
        raise UsageError(f"{path} does not end like a picture; use one of .{', .'.join(KINDS)}")


def draw(path, paint, *, width=9.0, height=4.5):
    """Let `paint(figure)` fill a picture of so many inches and write it to `path`, whose ending says in which format.

    Two calls write the same bytes. Raises UsageError as `check` does.
    """
    check(path)
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        paint(figure)
        settle(figure)
        kind = Path(path).suffix.lower().removeprefix(".")
        with storage.aside(path) as temporary:
            figure.savefig(temporary, format=kind, metadata={"Date": None, "Creator": None} if kind == "svg" else None)


def settle(figure):
    """Lay a figure out once and round the places of its axes: the solver's last digits are not twice the same."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in figure.axes:
        axes.set_position([round(float(edge), 4) for edge in axes.get_position(original=True).bounds])
