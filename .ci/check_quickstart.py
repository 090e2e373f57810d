"""Hold the figures of `tinyllm quickstart --json` to their promise: check_quickstart.py short|full FILE."""

import json
import sys

kind, path = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    figures = json.loads(file.read().splitlines()[-1])

checks = {
    "20 samples": len(figures["samples"]) == 20,
    "perplexity is a positive number": 1 < figures["perplexity"] < float("inf"),
    "the bigram's too": 1 < figures["bigram_perplexity"] < float("inf"),
    "agreement is a share": 0 <= figures["agreement"] <= 1,
    "what holds of the stories too": all(
        0 <= figures[name] <= 1 for name in ("cast", "pronouns", "verbs", "adjectives", "repeated_names")
    ),
}
if kind == "full":
    checks |= {
        "perplexity at most half of the bigram's": figures["perplexity"] <= figures["bigram_perplexity"] / 2,
        "98 % of the words are words of the corpus": figures["known_words"] >= 0.98,
        "no training story repeated": figures["repeated_stories"] == 0,
        "80 % of the later names are of somebody named before": figures["repeated_names"] >= 0.8,
        "80 % of the pairs agree": figures["agreement"] >= 0.8,
        "under 5 minutes": figures["seconds"] < 300,
    }

print({name: value for name, value in figures.items() if name != "samples"})
failed = [name for name, holds in checks.items() if not holds]
for name in checks:
    print(f"{'FAILED' if name in failed else 'ok':7}{name}")
sys.exit(1 if failed else 0)
