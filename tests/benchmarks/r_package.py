"""The R package's solutions beside those of both engines, on its own fixtures.

    python -m tests.benchmarks.r_package

`sgvb` gets the iterations, the rate, the draws and the fixed priors that the R package was given;
not its jitter, which scales the start there and adds noise to it here. Expected
log-likelihoods are ours, of each solution's mean and variance of the location; the R package's are
given the covariates and the dispersion that suit them best.
"""

import time

import numpy as np

from fqtl.model.problem import Solved
from tests.r_fqtl.fixtures import (
    FIXTURES,
    Fixture,
    Recovery,
    effects_of,
    likelihood_of,
)

RATE = 0.01  # the R package's own default, as are 10 draws and a decay of -0.01


def timed(fixture: Fixture, engine: str, **options: object) -> tuple[Solved, float]:
    started = time.process_time()
    solved = fixture.solve(engine, **options)
    return solved, time.process_time() - started


def recovery(fixture: Fixture, effects: np.ndarray | None) -> str:
    if effects is None or not fixture.simulated:
        return "–"
    found = Recovery.of(effects, fixture.data["in.x.mean"])
    values = (found.variants, found.tissues, found.pairs, found.correlation)
    return " / ".join(f"{value:.2f}" for value in values)


def elbo(solved: Solved) -> float:
    return float(solved.results()["elbo_trace"][-1])


def main() -> None:
    print("| fit | solution | variants / tissues / pairs / r | E log p | ELBO | CPU s |")
    print("|---|---|---|---|---|---|")
    for fixture in FIXTURES:
        cavi, seconds = timed(fixture, "cavi")
        sgvb, sgvb_seconds = timed(
            fixture,
            "sgvb",
            max_iter=fixture.iterations,
            rate=RATE,
            learn_prior=fixture.learn_prior,
            inclusion=fixture.inclusion,
        )
        theirs = fixture.their_likelihood()
        print(
            f"| {fixture.name} | R package | {recovery(fixture, fixture.their_effects())} | "
            f"{theirs:.1f} | | |"
        )
        rows = [("sgvb", sgvb, sgvb_seconds), ("cavi", cavi, seconds)]
        if fixture.inclusion is not None:
            same, cost = timed(fixture, "cavi", inclusion=fixture.inclusion)
            rows.append((f"cavi, inclusion {fixture.inclusion} as sgvb", same, cost))
        for name, solved, cost in rows:
            print(
                f"| | {name} | {recovery(fixture, effects_of(solved))} | "
                f"{likelihood_of(solved):.1f} | {elbo(solved):.1f} | {cost:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
