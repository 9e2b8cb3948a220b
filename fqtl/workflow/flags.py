"""Flags of `fqtl` that several rules give, as text for a shell."""

from collections.abc import Iterable
from dataclasses import dataclass
from shlex import quote

from fqtl.config.data import Genotypes
from fqtl.workflow.files import table_of_sex
from fqtl.workflow.run import Run

# keys of `prepare` that are flags under their own names
STEPS = (
    "scale",
    "size_factors",
    "min_tpm",
    "min_reads",
    "min_share",
    "components",
    "controls",
    "control_max_p",
    "min_samples",
)


def _at_most(permutations: int | str) -> str:
    """What the report says of the number of permuted fits."""
    if permutations == "auto":
        return "as many as the number of genes asks for"
    return f"at most {permutations}"


def flags(name: str, values: Iterable[object]) -> str:
    """The flag once for each value; nothing where there is none."""
    return " ".join(f"{name} {quote(str(value))}" for value in values)


@dataclass(frozen=True)
class Flags:
    """Flags of a run, by what they are about."""

    run: Run

    @property
    def genotypes(self) -> str:
        """Of every command that opens the genotypes, or matrices of LD in their place."""
        config = self.run.config
        if config.summary_statistics.ld is not None:
            matrices = quote(config.summary_statistics.ld)
            return f"--ld {matrices} --genome-build {config.genome_build}"
        return (
            f"--genotypes {quote(config.genotypes.path)} --genome-build {config.genome_build} "
            f"--field {config.genotypes.field}"
            + "".join(f" --sex {quote(path)}" for path in table_of_sex(config))
            + self._sex_chromosomes()
        )

    def _sex_chromosomes(self) -> str:
        """Flags of the keys of sex chromosomes that are not as by default."""
        said, usual = self.run.config.genotypes, Genotypes()
        return (" --haploid" if said.haploid else "") + "".join(
            f" --{name.replace('_', '-')} {' '.join(map(quote, getattr(said, name)))}"
            for name in ("one_copy_in_males", "one_copy_in_females", "pseudo_autosomal")
            if getattr(said, name) != getattr(usual, name)
        )

    @property
    def variants(self) -> str:
        """Of every command that takes the variants of a gene."""
        config = self.run.config
        rsids = self.run.rsids[0] if self.run.rsids else config.genotypes.rsids
        return (
            f"--cis-window-bp {config.genes.cis_window_bp} --min-maf {config.genotypes.min_maf} "
            f"--max-missing {config.genotypes.max_missing} --variants {self.run.trained_on} "
            f"--rsids {quote(rsids)}"
        )

    @property
    def model(self) -> str:
        """Of every command that fits genes."""
        model = self.run.config.model
        return (
            f"--family {model.family} --engine {model.engine} --rank {model.rank} "
            f"--{'' if model.factored else 'no-'}factored --seed {self.run.config.seed} "
            f"--background {self.run.config.weights.background}"
        )

    @property
    def keep_predictions(self) -> str:
        """Of fits; nothing by default, so that a run of before is not made anew."""
        kept = self.run.config.cross_validation.keep_predictions
        return "--keep-predictions" if kept else ""

    @property
    def permutations(self) -> str:
        """Of every command that knows of permuted fits."""
        plan = self.run.config.calibration
        return (
            f"--permutations {plan.permutations} --exceedances {plan.exceedances} "
            f"--permute {plan.permute} "
            f"--conditional-permutations {plan.conditional_permutations}"
        )

    @property
    def values(self) -> str:
        """Of every command that reads expression."""
        steps = self.run.config.prepare
        parts = [
            "--counts" if steps.values == "counts" else "",
            "" if steps.tss == "auto" else f"--tss {steps.tss}",
            flags("--annotation", self.run.gene_places),
            flags("--donor-covariates", self.run.donor_covariates),
        ]
        return " ".join(part for part in parts if part)

    @property
    def prepare(self) -> str:
        """What is done with expression."""
        steps = self.run.config.prepare
        parts = [f"--{name.replace('_', '-')} {getattr(steps, name)}" for name in STEPS]
        parts.append(f"--seed {self.run.config.seed}")
        if self.run.model_covariates:
            parts.append("--donor-covariates-in-model")
        return " ".join(parts)

    @property
    def tissues(self) -> str:
        """The sheet, or the lines that would be in it."""
        if self.run.sheet:
            return flags("--tissues", self.run.sheet)
        return " ".join(
            f"--tissue {tissue.name} {quote(str(tissue.expression))} "
            f"{quote(str(tissue.covariates or ''))}"
            for tissue in self.run.tissues.values()
        )

    def summary_of(self, tissue: str) -> str:
        """What the sheet of summary statistics says of a tissue."""
        one = self.run.tissues[tissue].summary
        if one is None:
            return ""
        parts = [
            flags("--people", [] if one.n is None else [f"{one.n:g}"]),
            flags("--columns", [one.columns] if one.columns else []),
        ]
        return " ".join(part for part in parts if part)

    @property
    def summary_model(self) -> str:
        """Of every command that fits genes to summary statistics."""
        model = self.run.config.model
        return (
            f"--rank {model.rank} --{'' if model.factored else 'no-'}factored "
            f"--seed {self.run.config.seed}"
        )

    @property
    def needs_rsids(self) -> str:
        """Whether models are trained on variants that the genotypes must name."""
        named = self.run.config.genotypes.rsids == "file"
        return "--needs-rsids" if named and self.run.trained_on == "unambiguous" else ""

    @property
    def filter(self) -> str:
        """What a model must show to be in weight files."""
        limits = self.run.config.weights
        return (
            f"--min-cv-r {limits.min_cv_r} --max-cv-p {limits.max_cv_p} "
            f"--min-gene-pip {limits.min_gene_pip} --max-q {limits.max_q}"
        )

    @property
    def twas(self) -> str:
        """Of the association of every trait."""
        keys = self.run.config.twas
        return (
            f"--set {keys.set} --missing {keys.missing} "
            f"--min-imputation-r2 {keys.min_imputation_r2} --min-matched {keys.min_matched} "
            f"--permutations {keys.permutations} "
            + (f"--fine-mapping {self._panel_of_ld}" if keys.fine_mapping else "--no-fine-mapping")
            + "".join(
                f" --coloc-{name} {getattr(keys, f'coloc_{name}')}" for name in ("p1", "p2", "p12")
            )
        )

    @property
    def _panel_of_ld(self) -> str:
        genotypes = self.run.config.genotypes
        return f"--ld-panel {quote(genotypes.path)} --field {genotypes.field}"

    def gwas(self, trait: str) -> str:
        """What the sheet says of the GWAS of a trait."""
        found = self.run.traits[trait]
        parts = [
            flags("--gwas-build", [found.genome_build] if found.genome_build else []),
            f"--columns {' '.join(map(quote, found.columns))}" if found.columns else "",
            flags("--study", [found.study] if found.study else []),
            flags("--chain", [found.chain] if found.chain else []),
            f"--gwas-n {found.n:.12g} --gwas-h2 {found.h2:.12g}" if found.n is not None else "",
        ]
        return " ".join(part for part in parts if part)

    @property
    def simulated_trait(self) -> str:
        """Of the trait that is simulated; nothing where there is none."""
        panel = self.run.config.simulate
        if panel is None or panel.trait_donors is None:
            return ""
        return (
            f"--chromosome {quote(str(panel.chromosome))} --trait-donors {panel.trait_donors} "
            f"--trait-genes {panel.trait_genes} --trait-variants {panel.trait_variants} "
            f"--trait-h2 {panel.trait_h2} --seed {panel.seed}"
        )

    @property
    def panel(self) -> str:
        """Of the panel that is simulated; nothing where there is none."""
        panel = self.run.config.simulate
        if panel is None:
            return ""
        given = {
            "--chromosome": panel.chromosome,
            "--null-genes": panel.null_genes,
            "--max-genes": panel.max_genes,
            "--h2": panel.h2,
            "--noise-correlation": panel.noise_correlation,
            "--seed": panel.seed,
        }
        return " ".join(flags(name, [value]) for name, value in given.items() if value is not None)

    @property
    def _of_summary(self) -> dict[str, str]:
        """Settings that mean something else of summary statistics."""
        given = self.run.config.summary_statistics
        return {
            "summary statistics": str(given.sheet),
            "genes": str(given.genes),
            "noise correlation": given.noise_correlation,
            "permuted fits": "simulated nulls, "
            + _at_most(self.run.config.calibration.permutations),
            "cross-validation": "pseudo-validation, "
            f"{self.run.config.cross_validation.folds} parts",
        }

    @property
    def settings(self) -> str:
        """What the report says of the run's settings."""
        config = self.run.config
        shown = {
            "genome build": config.genome_build,
            "genotypes": config.genotypes.path,
            "tissues": self.run.sheet[0] if self.run.sheet else config.release.folder,
            "cis window": f"{config.genes.cis_window_bp:,} bp",
            "minor allele frequency": f"at least {config.genotypes.min_maf}",
            "model": f"{config.model.family}, {config.model.engine}",
            "priors": config.model.priors,
            "factors": f"at most {config.model.rank}",
            "polygenic background": config.weights.background,
            "permuted fits": _at_most(config.calibration.permutations),
            "cross-validation": f"{config.cross_validation.folds} folds",
            "seed": config.seed,
        }
        if self.run.of_summary:
            shown |= self._of_summary
        if config.summary_statistics.ld is not None:
            del shown["genotypes"]
            shown["matrices of LD"] = config.summary_statistics.ld
        return " ".join(f"--setting {quote(k)} {quote(str(v))}" for k, v in shown.items())
