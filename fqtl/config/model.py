"""Every key of the config, with its type, default, range and meaning: the sections, and the rest.

A section stands in a file of its own kind: what is read (data.py, summary_statistics.py),
prepare.py, fit.py, weights.py, twas.py, report.py, simulate.py. From these come
config/config.yaml and workflow/schemas/config.schema.yaml (`python -m fqtl.config` writes both),
the check of a config, and defaults and help of the flags of `fqtl`.
"""

from dataclasses import dataclass, field

from fqtl.config.data import Genes, Genotypes, Release
from fqtl.config.fit import Calibration, CrossValidation, Model, Shards
from fqtl.config.keys import key
from fqtl.config.prepare import Prepare
from fqtl.config.report import Report
from fqtl.config.simulate import Simulate
from fqtl.config.summary_statistics import SummaryStatistics
from fqtl.config.twas import Twas
from fqtl.config.weights import Weights


@dataclass(frozen=True)
class Config:
    """A run: what it reads, what it does, and what it writes."""

    results: str = key(
        "results",
        "folder that everything is written to, relative to where snakemake runs",
        "a folder",
    )
    genome_build: str = key(
        "GRCh38",
        "GRCh37 (hg19), GRCh38 (hg38) or the name of another genome, as mm39; every variant id has "
        "it",
        "the name of a genome build: letters, digits and . _ + -, as GRCh38, mm39 or Sscrofa11.1",
        pattern="^(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9._+-]*$",
    )
    tissues: str | list[str] = key(
        "config/tissues.tsv",
        "sheet of tissues: tissue, expression, covariates (tab-separated; paths as for `results`); "
        "or, where release.expression is given, a list of names, and all that its folder has if "
        "the list is empty",
        "the path of a sheet or a list of names",
        empty=True,
    )
    release: Release = field(
        default_factory=Release,
        metadata={
            "meaning": "Files by their names in one folder (or in folders in it). A preset fills "
            "in the names, the build and the list of tissues: it replaces what this file says, and "
            "a file given with --configfile replaces what the preset says."
        },
    )
    summary_statistics: SummaryStatistics = field(
        default_factory=SummaryStatistics,
        metadata={
            "meaning": "Summary statistics in the place of expression: `prepare` is not read then, "
            "nor covariates."
        },
    )
    genotypes: Genotypes = field(default_factory=Genotypes)
    genes: Genes = field(default_factory=Genes)
    prepare: Prepare = field(default_factory=Prepare)
    model: Model = field(default_factory=Model)
    cross_validation: CrossValidation = field(default_factory=CrossValidation)
    calibration: Calibration = field(default_factory=Calibration)
    shards: Shards = field(default_factory=Shards)
    weights: Weights = field(default_factory=Weights)
    twas: Twas = field(default_factory=Twas)
    report: Report = field(default_factory=Report)
    seed: int = key(
        1,
        "of the folds of cross-validation, of permutations and of random engines",
        "a number that is not negative",
        low=0,
    )
    simulate: Simulate | None = None
