"""Run the comparison and the power study, and write docs/accuracy.md.

    python -m tests.benchmarks.accuracy [--replicates 20] [--scenarios A B] [--methods fqtl alone]

What was measured is kept in results/accuracy, row by row: `--resume` goes on where a run was
stopped, `--rewrite` makes the page anew of what is there.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from fqtl.report.plots import as_svg
from tests.benchmarks.accuracy import page, power
from tests.benchmarks.accuracy.methods import METHODS, timed
from tests.benchmarks.accuracy.metrics import measure
from tests.benchmarks.accuracy.scenarios import SCENARIOS, simulate

ROOT = Path(__file__).parent.parent.parent.parent
MEASURES, CELLS = "measures.tsv", "power.tsv"
KEY = ["scenario", "method", "seed"]
Key = tuple[str, str, int]


def compare(
    scenarios: Sequence[str], methods: Sequence[str], replicates: int, known: set[Key]
) -> Iterator[dict[str, Any]]:
    """A row for each scenario, method and seed: these and the fields of `Measures`.

    known : those that are left out, as they were measured before
    """
    for scenario in scenarios:
        for seed in range(replicates):
            data = simulate(SCENARIOS[scenario], seed)
            for name in methods:
                method = METHODS[name]
                if scenario not in (method.scenarios or scenarios):
                    continue
                if seed >= (method.replicates or replicates) or (scenario, name, seed) in known:
                    continue
                found = measure(data, timed(method, data.y, data.x))
                print(f"{scenario} {seed} {name}: r2 {found.r2:.3f}", flush=True)
                yield {"scenario": scenario, "method": name, "seed": seed, **asdict(found)}


def measured(path: Path) -> pd.DataFrame:
    """Rows that were kept."""
    return pd.read_csv(path, sep="\t", keep_default_na=False, na_values=[""])


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.accuracy")
    parser.add_argument("--replicates", type=int, default=20, help="genes of each scenario")
    parser.add_argument("--power", type=int, default=36, help="genes of a cell; 0 for none")
    parser.add_argument("--scenarios", nargs="+", choices=SCENARIOS, default=list(SCENARIOS))
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help="folder of the page")
    parser.add_argument("--keep", type=Path, default=ROOT / "results" / "accuracy")
    parser.add_argument("--resume", action="store_true", help="measure what is missing alone")
    parser.add_argument("--rewrite", action="store_true", help="measure nothing anew")
    return parser.parse_args()


def main() -> None:
    given = arguments()
    region = power.read_region()
    given.keep.mkdir(parents=True, exist_ok=True)
    path = given.keep / MEASURES
    if not given.rewrite:
        known = measured(path) if given.resume and path.exists() else pd.DataFrame(columns=KEY)
        if not len(known):
            path.unlink(missing_ok=True)
        keys = set(known[KEY].itertuples(index=False, name=None))
        for row in compare(given.scenarios, given.methods, given.replicates, keys):
            there = path.exists()
            pd.DataFrame([row]).to_csv(path, sep="\t", index=False, mode="a", header=not there)
        cells = power.study(region, given.power) if given.power else pd.DataFrame(columns=["rank"])
        cells.to_csv(given.keep / CELLS, sep="\t", index=False)
    measures = measured(path)
    cells = pd.read_csv(given.keep / CELLS, sep="\t")
    write(given.out, measures, cells, page.about_power(region))


def write(out: Path, measures: pd.DataFrame, cells: pd.DataFrame, about: str) -> None:
    """The page and its figure."""
    (out / page.FIGURE).parent.mkdir(parents=True, exist_ok=True)
    (out / page.FIGURE).write_text(as_svg(page.draw_r2(measures)))
    (out / "accuracy.md").write_text(page.page(measures, cells, about))


if __name__ == "__main__":
    main()
