"""Tables of a release for people, read out of the store of fits."""

import numpy as np
import pandas as pd
import pyarrow as pa

from fqtl.fits import explode
from fqtl.tables import COLUMNS

CALL = 0.5  # PIP above which a variant or a tissue is named in the table of factors


def result_tables(fits: pa.Table) -> dict[str, pd.DataFrame]:
    """The tables fits, factors, variants, tissues and prediction, in the order of the genes."""
    variants = explode(fits, "variant_loadings")
    variants = variants.assign(chrom=fits["chrom"].to_pandas().to_numpy()[variants["row"]])
    tissues = explode(fits, "tissue_loadings")
    frames = {
        "fits": fits.select(list(COLUMNS["fits"])).to_pandas(),
        "factors": list_factors(variants, tissues),
        "variants": variants,
        "tissues": tissues,
        "prediction": explode(fits, "prediction"),
    }
    return {kind: frame[list(COLUMNS[kind])] for kind, frame in frames.items()}


def list_factors(variants: pd.DataFrame, tissues: pd.DataFrame) -> pd.DataFrame:
    """One row per gene and factor, with what it holds in words.

    Its pip is the probability that it has any variant and any tissue.
    """
    by = ["row", "gene_id", "factor"]
    sides = {}
    for name, side, label in (("variants", variants, "variant_id"), ("tissues", tissues, "tissue")):
        groups = side.groupby(by, sort=True)
        called = side[side["pip"] > CALL].groupby(by)
        sides[name] = pd.DataFrame(
            {
                f"some_{name}": groups["pip"].agg(lambda pip: 1 - np.prod(1 - pip)),
                f"n_{name}": called.size(),
                name: called[label].agg(",".join),
            }
        )
    factors = sides["variants"].join(sides["tissues"])
    lead = variants.sort_values("pip", ascending=False, kind="stable").groupby(by).first()
    factors["lead_variant"], factors["lead_pip"] = lead["variant_id"], lead["pip"]
    factors["pip"] = factors["some_variants"] * factors["some_tissues"]
    counts = ["n_variants", "n_tissues"]
    factors[counts] = factors[counts].fillna(0).astype(int)
    return factors.fillna({"variants": "", "tissues": ""}).reset_index()
