"""Keys that go together, and those that do not."""

from fqtl.config.fit import Family
from fqtl.config.keys import listed
from fqtl.config.model import Config
from fqtl.config.prepare import OWN_UNITS, SCALES_OF, Scale
from fqtl.errors import FqtlError

# Scales that a family can have; the Gaussian has any but counts as they are
SCALES_OF_FAMILY: dict[Family, tuple[Scale, ...]] = {
    "nb": ("counts",),
    "nb_pseudo": ("counts",),
    "voom": ("log_counts", "raw"),
    "beta": ("raw",),
}


def refuse_unlike_scale(family: Family, scale: Scale) -> None:
    """Families of counts need counts as they are, those with units of their own need these."""
    suited = SCALES_OF_FAMILY.get(family, ())
    if scale in suited or (not suited and scale != "counts"):
        return
    counted = tuple(name for name, scales in SCALES_OF_FAMILY.items() if "counts" in scales)
    goes = (
        f"model.family {family} goes with prepare.scale: {listed(suited, 'or')}"
        if suited
        else f"prepare.scale counts goes with model.family {listed(counted, 'or')}"
    )
    raise FqtlError(
        f"{goes}, and only with it; found model.family: {family} and prepare.scale: {scale}."
    )


def refuse_unlike_values(config: Config, described: int, first: str) -> None:
    """Scales are of counts or of other values; of what keeps its units nothing is regressed out.

    described : number of tissues with covariates; first : one of them and where it says so
    """
    prepare = config.prepare
    if prepare.scale not in SCALES_OF[prepare.values]:
        raise FqtlError(
            f"prepare.values: {prepare.values} goes with prepare.scale: "
            f"{', '.join(SCALES_OF[prepare.values])}; found {prepare.scale}."
        )
    if prepare.scale not in OWN_UNITS:
        return
    found = [
        f"prepare.{name}: {value}"
        for name, value in (("components", prepare.components), ("controls", prepare.controls))
        if value
    ]
    if prepare.donor_covariates and prepare.donor_covariates_in == "expression":
        found.append("prepare.donor_covariates_in: expression")
    if described:
        found.append(f"covariates of {described} tissues, the first {first}")
    if found:
        raise FqtlError(
            f"prepare.scale: {prepare.scale} keeps values as they are, so that nothing can be "
            f"regressed out of them; found {', '.join(found)}. Leave these out; covariates of "
            "donors can be in the model (prepare.donor_covariates_in: model)."
        )


def refuse_untested(config: Config) -> None:
    """Traits are tested with the PredictDB files of the run, which must then be written."""
    if config.weights.phi and "predictdb" not in config.weights.formats:
        raise FqtlError(
            "weights.phi: true goes with predictdb among weights.formats; found "
            f"{listed(tuple(config.weights.formats), 'and')}."
        )
    keys = config.twas
    if keys.coloc_p12 > min(keys.coloc_p1, keys.coloc_p2):
        raise FqtlError(
            f"twas.coloc_p12: {keys.coloc_p12:g} must not be above twas.coloc_p1 and "
            f"twas.coloc_p2; found {keys.coloc_p1:g} and {keys.coloc_p2:g}."
        )
    if config.twas.traits and "predictdb" not in config.weights.formats:
        raise FqtlError(
            f"twas.traits: {config.twas.traits} goes with predictdb among weights.formats; found "
            f"{listed(tuple(config.weights.formats), 'and')}."
        )


def refuse_background(background: str, engine: str) -> None:
    """A background is of the default model."""
    if background != "none" and engine != "cavi":
        raise FqtlError(
            f"weights.background: {background} goes with model.engine: cavi; found {engine}."
        )


def refuse_unlike_summary(config: Config) -> None:
    """Summary statistics need a list of genes, and have nothing of what individual data are for."""
    given, usual = config.summary_statistics, Config()
    if given.sheet is None:
        for name, value in (("genes", given.genes), ("ld", given.ld)):
            if value is not None:
                raise FqtlError(
                    f"summary_statistics.{name}: {value} goes with summary_statistics.sheet, "
                    "which is null."
                )
        return
    if given.genes is None:
        raise FqtlError(
            f"summary_statistics.sheet: {given.sheet} needs summary_statistics.genes, the BED or "
            "GTF of the genes to be fitted."
        )
    unread = {
        "model.family": (config.model.family, usual.model.family),
        "cross_validation.baseline": (config.cross_validation.baseline, 0),
        "weights.background": (config.weights.background, usual.weights.background),
        "simulate": (config.simulate, None),
        "tissues": (config.tissues, usual.tissues),
        **{
            f"prepare.{name}": (value, getattr(usual.prepare, name))
            for name, value in vars(config.prepare).items()
        },
    }
    odd = [f"{name}: {value}" for name, (value, default) in unread.items() if value != default]
    if odd:
        raise FqtlError(
            f"summary_statistics.sheet: {given.sheet} takes the place of expression, and of what "
            f"is for expression; found {', '.join(odd)}. Leave these out."
        )


def refuse_unlike_ld(config: Config) -> None:
    """Matrices of LD take the place of genotypes, and not of those that people are needed for."""
    matrices, genotypes, usual = config.summary_statistics.ld, config.genotypes, Config().genotypes
    if matrices is None:
        return
    found = [
        f"genotypes.{name}: {value}"
        for name, value in vars(genotypes).items()
        if name not in ("min_maf", "rsids") and value != getattr(usual, name)
    ]
    if found:
        raise FqtlError(
            f"summary_statistics.ld: {matrices} takes the place of genotypes; found "
            f"{', '.join(found)}. Leave these out, or summary_statistics.ld."
        )
    asked = []
    if config.weights.phi:
        asked.append("weights.phi: true")
    if config.twas.traits and config.twas.fine_mapping:
        asked.append("twas.fine_mapping: true")
    if asked:
        raise FqtlError(
            f"{listed(tuple(asked), 'and')} needs genotypes of people, and summary_statistics.ld: "
            f"{matrices} has none. Set it to false."
        )


def trained_on(config: Config) -> str:
    """Which variants models are trained on: those that FUSION keeps, if it reads the models."""
    if config.weights.variants != "auto":
        return config.weights.variants
    return "unambiguous" if "fusion" in config.weights.formats else "all"
