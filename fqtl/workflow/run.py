"""A run: what a config stands for once it is checked, as the rules ask for it.

`begin` is called at the head of the workflow; what is wrong is one line, before any job.
"""

import sys
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

from fqtl.config.layers import defaults, from_command_line, merged, typed
from fqtl.config.model import Config
from fqtl.config.renamed import RENAMED, by_new_names, notice
from fqtl.config.schema import refuse_faults
from fqtl.config.together import (
    refuse_background,
    refuse_unlike_ld,
    refuse_unlike_scale,
    refuse_unlike_summary,
    refuse_unlike_values,
    refuse_untested,
    trained_on,
)
from fqtl.config.yaml_text import read_yaml, refuse_repeated_keys
from fqtl.data.builds import require_build
from fqtl.data.summary_sheet import files_of
from fqtl.data.tissues import Tissue
from fqtl.data.traits import Trait
from fqtl.errors import FqtlError
from fqtl.workflow import files
from fqtl.workflow.release import in_release, release_file, tissues_of


@dataclass(frozen=True)
class Run:
    """Tissues and traits by name with their files, and the config with every path filled in."""

    config: Config
    tissues: dict[str, Tissue]
    traits: dict[str, Trait] = field(default_factory=dict)

    @property
    def shards(self) -> list[str]:
        """Names of the jobs that genes are split into."""
        return [f"{number:04d}" for number in range(1, self.config.shards.count + 1)]

    @property
    def of_summary(self) -> bool:
        """Whether the run is of summary statistics."""
        return self.config.summary_statistics.sheet is not None

    @property
    def sheet(self) -> list[str]:
        """The sheet of tissues, as a list that is empty for those of a release's folder."""
        summary = self.config.summary_statistics.sheet
        if summary is not None:
            return [summary]
        return [] if isinstance(self.config.tissues, list) else [self.config.tissues]

    @property
    def splits_counts(self) -> bool:
        """Whether counts of all tissues come in one file."""
        return not self.sheet and self.config.prepare.values == "counts"

    @property
    def genotypes(self) -> list[str]:
        """Files of genotypes and those that belong to them, sex of the donors among them.

        Or the table of matrices of LD, where it takes their place.
        """
        config = self.config
        found = files.ld_files(config)
        return [*chain.from_iterable(found), *files.table_of_sex(config)]

    @property
    def times_memory(self) -> int:
        """How much more jobs that read LD take, of those that `plan.tsv` does not know.

        A matrix of 20,000 variants takes 6 GB while it is read.
        """
        return 1 if self.config.summary_statistics.ld is None else 4

    @property
    def expression(self) -> list[str]:
        """Expression of all tissues, or their summary statistics."""
        return [path for name in self.tissues for path in self.expression_of(name)]

    def expression_of(self, tissue: str) -> list[str]:
        """Its file, or files of chromosomes, which summary statistics may have."""
        path = Path(self.tissues[tissue].expression)
        return [str(file) for file in (files_of(path) if self.of_summary else [path])]

    @property
    def covariates(self) -> list[str]:
        """Covariates of all tissues that have any."""
        return [path for name in self.tissues for path in self.covariates_of(name)]

    @property
    def noise_correlation(self) -> list[str]:
        """Table of what z-scores share, given or made, as a list that may be empty."""
        if not self.of_summary:
            return []
        made = {"estimate": [f"{self.config.results}/noise_correlation.tsv"], "gene": []}
        given = self.config.summary_statistics.noise_correlation
        return made.get(given, [given])

    @property
    def given_noise_correlation(self) -> list[str]:
        """That table where the config names one, as a list that may be empty."""
        asked = self.config.summary_statistics.noise_correlation
        return [path for path in self.noise_correlation if path == asked]

    def covariates_of(self, tissue: str) -> list[str]:
        """Covariates of a tissue, as a list that may be empty."""
        path = self.tissues[tissue].covariates
        return [] if path is None else [str(path)]

    @property
    def lookup_table(self) -> list[str]:
        """Table of rs numbers that the config names, as a list that may be empty."""
        return files.lookup_table(self.config)

    @property
    def rsids(self) -> list[str]:
        """What the rule `rsids` keeps of that table, as a list that may be empty."""
        return [f"{self.config.results}/rsids.parquet"] if self.lookup_table else []

    @property
    def gene_places(self) -> list[str]:
        """GTF with positions and lengths of genes, as a list that may be empty."""
        return files.gene_places(self.config)

    @property
    def gene_names(self) -> list[str]:
        """GTF with names and types of genes for weights, as a list that may be empty."""
        return files.gene_names(self.config)

    @property
    def donor_covariates(self) -> list[str]:
        """Covariates that all tissues share, as a list that may be empty."""
        return files.donor_covariates(self.config)

    @property
    def model_covariates(self) -> list[str]:
        """Those of them that are in the model."""
        return files.model_covariates(self.config)

    @property
    def trait_sheet(self) -> list[str]:
        """The sheet of traits, as a list that may be empty."""
        return files.trait_sheet(self.config)

    @property
    def gwas(self) -> list[str]:
        """GWAS of all traits, and the chain files of those that need one."""
        return [path for name in self.traits for path in self.gwas_of(name)]

    def gwas_of(self, trait: str) -> list[str]:
        """The GWAS of a trait, and its chain file if it needs one."""
        found = self.traits[trait]
        return [str(path) for path in (found.gwas, found.chain) if path is not None]

    @property
    def simulated_traits(self) -> list[str]:
        """Traits whose GWAS is the one that the run simulates."""
        gwas = files.simulated_gwas(self.config)
        return [name for name, trait in self.traits.items() if str(trait.gwas) in gwas]

    def release_file(self, key: str) -> str:
        """Path of the file that a key of `release` names."""
        return release_file(key, self.config)

    @property
    def trained_on(self) -> str:
        """Variants that models are trained on: all or unambiguous."""
        return trained_on(self.config)

    @property
    def formats_of_a_tissue(self) -> list[str]:
        """Formats of the config in which a tissue has files of its own."""
        return [name for name in self.config.weights.formats if name != "focus"]

    @property
    def formats_of_all_tissues(self) -> list[str]:
        """Formats of the config in which all tissues have files together."""
        return [name for name in self.config.weights.formats if name in ("predictdb", "focus")]

    @property
    def writes_factors(self) -> bool:
        """Whether factors have models: one tissue shares nothing, nor do tissues by themselves."""
        shared = len(self.tissues) > 1 and self.config.model.factored
        return self.config.weights.factors and shared


def begin(
    config: MutableMapping[str, Any],
    given: Mapping[str, Any],
    command_line: Mapping[str, Any],
    texts: Sequence[Path],
    preset: Callable[[str], str],
    *,
    silent: bool = False,
    lint: bool = False,
) -> Run:
    """The run that a config stands for; ends the process with one line where there is none.

    config : as Snakemake read it, out of its file and what was given; every key is filled in
    given : what was given on top of that file
    command_line : the part of it that follows --config
    texts : files in which no key may be given twice
    preset : path of the preset of a name
    silent : whether old names of keys pass without a notice, as in the jobs of a run
    lint : whether the rules are only read, so that the files of a run need not be there
    """
    try:
        for path in texts:
            refuse_repeated_keys(path)
        settled, old = settle(config, given, command_line, preset)
        run = run_of(typed(settled, Config), look=not lint)
    except FqtlError as fault:
        print("error: " + " ".join(str(fault).split()), file=sys.stderr)
        sys.exit(2)
    for name in () if silent else old:
        print(notice(name, RENAMED[name]), file=sys.stderr)
    config.clear()
    config.update(asdict(run.config))
    return run


def settle(
    config: Mapping[str, Any],
    given: Mapping[str, Any],
    command_line: Mapping[str, Any],
    preset: Callable[[str], str],
) -> tuple[dict[str, Any], list[str]]:
    """The config with every key, checked, and the old names of keys that were in it.

    A preset replaces what the config's file says, and what is given replaces what the preset says.
    """
    below, old = by_new_names(config)
    above = [by_new_names(given)[0], from_command_line(by_new_names(command_line)[0])]
    whole = merged([defaults(), below, *above])
    refuse_faults(whole, "config")
    refuse_unlike_scale(whole["model"]["family"], whole["prepare"]["scale"])
    path = Path(preset(whole["release"]["preset"]))
    filled = merged([defaults(), below, read_yaml(path), *above])
    refuse_faults(filled, "config")
    filled["genome_build"] = require_build(filled["genome_build"], "genome_build in the config")
    return filled, old


def run_of(config: Config, *, look: bool = True) -> Run:
    """A run whose files are all there; `look` says whether that is asked."""
    if config.release.genotypes:
        path = in_release(config.release.genotypes, config)
        config = replace(config, genotypes=replace(config.genotypes, path=path))
    refuse_unlike_summary(config)
    refuse_unlike_ld(config)
    run = Run(config, tissues_of(config), files.traits_of(config))
    described = [name for name in run.tissues if run.covariates_of(name)]
    where = run.sheet[0] if run.sheet else "release.covariates"
    first = f"{described[0]} ({where})" if described else ""
    refuse_unlike_values(config, len(described), first)
    refuse_untested(config)
    refuse_background(config.weights.background, config.model.engine)
    if look:
        files.require_files(config, run.tissues, run.traits)
    return run
