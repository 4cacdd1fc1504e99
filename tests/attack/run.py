"""Generated attacks on demand, as many and from which seed on as one likes::

    python tests/attack/run.py --inputs 2000 --seed 0 --only containers

Prints how many inputs of each kind were tried and refused, and what fell, with the
seed that brings it back. Exits with 1 if anything fell.
"""

from __future__ import annotations

import argparse
import sys
import traceback
import warnings
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "support"))

from attacks import ATTACKS, Refused


def attack(kind: str, seed: int) -> str | None:
    """None, ``"refused"``, or what fell."""
    # One stream of numbers for each kind and seed.
    rng = np.random.default_rng([list(ATTACKS).index(kind), seed])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ATTACKS[kind](rng)
        except Refused:
            return "refused"
        # Whatever else is raised is what the attack looks for.
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            said = " ".join(str(error).split())[:300]
            return f"{type(error).__name__} at {where.name}:{where.lineno}: {said}"
    return None


def main() -> bool:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--inputs", type=int, default=2000, help="of all kinds together"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=ATTACKS, action="append")
    options = parser.parse_args()
    kinds = options.only or list(ATTACKS)
    fell = 0
    for kind in kinds:
        seeds = range(options.seed, options.seed + options.inputs // len(kinds))
        outcomes = {seed: attack(kind, seed) for seed in seeds}
        refused = sum(outcome == "refused" for outcome in outcomes.values())
        failures = {
            seed: outcome
            for seed, outcome in outcomes.items()
            if outcome not in (None, "refused")
        }
        fell += len(failures)
        print(f"{kind}: {len(seeds)} tried, {refused} refused, {len(failures)} fell")
        for seed, outcome in failures.items():
            print(f"    seed {seed}: {outcome}")
    return bool(fell)


if __name__ == "__main__":
    sys.exit(main())
