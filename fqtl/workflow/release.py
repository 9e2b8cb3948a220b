"""Tissues of a run and where their files are: by a sheet, or by names in a folder."""

import glob
from collections import Counter
from pathlib import Path

from fqtl.config.model import Config
from fqtl.data.genotype_paths import CHROM, is_template
from fqtl.data.gtex_samples import gct_samples, read_tissue_of_samples
from fqtl.data.sheets import NAME
from fqtl.data.summary_sheet import read_sheet
from fqtl.data.tissues import Tissue, read_tissues
from fqtl.errors import FqtlError


def tissues_of(config: Config) -> dict[str, Tissue]:
    """Tissues by name, in the order of the sheet or list; their files may not be there."""
    summary = config.summary_statistics.sheet
    if summary is not None:
        if not Path(summary).is_file():
            raise FqtlError(f"No such file: {summary}. See summary_statistics.sheet in the config.")
        return {
            one.tissue: Tissue(one.tissue, one.file, None, one) for one in read_sheet(Path(summary))
        }
    if isinstance(config.tissues, list):
        return {name: _released(name, config) for name in _names(config.tissues, config)}
    if not Path(config.tissues).is_file():
        raise FqtlError(f"No such file: {config.tissues}. See tissues in the config.")
    return {tissue.name: tissue for tissue in read_tissues(Path(config.tissues))}


def in_release(name: str, config: Config) -> str:
    """Path of a release's file: in its folder, or in a folder in that, as archives unpack."""
    folder = Path(config.release.folder)
    direct = folder / name
    if is_template(direct):
        return _template_in(folder, name)
    inside = [] if direct.exists() else sorted(folder.glob(f"*/{glob.escape(name)}"))
    return str(inside[0] if inside else direct)


def _template_in(folder: Path, name: str) -> str:
    """Path of files of chromosomes: in the folder, or in the first folder in it that has some."""
    pattern = "*".join(map(glob.escape, name.split(CHROM)))
    inside = [] if any(folder.glob(pattern)) else sorted(folder.glob(f"*/{pattern}"))
    within = inside[0].relative_to(folder).parts[0] if inside else ""
    return str(folder / within / name)


def release_file(key: str, config: Config) -> str:
    """Path of the file that a key of `release` names."""
    name = getattr(config.release, key)
    if name is None:
        raise FqtlError(f"tissues must be the path of a sheet where release.{key} is null.")
    return in_release(name, config)


def _released(name: str, config: Config) -> Tissue:
    """Files of a tissue of the release; the rule `split` makes those of counts."""
    if config.prepare.values == "counts":
        expression = f"{config.results}/counts/{name}.parquet"
    else:
        expression = in_release((config.release.expression or "").format(tissue=name), config)
    if config.release.covariates is None:
        return Tissue(name, Path(expression), None)
    covariates = in_release(config.release.covariates.format(tissue=name), config)
    return Tissue(name, Path(expression), Path(covariates))


def _names(listed: list[str], config: Config) -> list[str]:
    """Tissues that the config lists, or those that the release has."""
    release, counted = config.release, config.prepare.values == "counts"
    for key in ("counts", "samples", "annotation") if counted else ("expression",):
        if getattr(release, key) is None:
            raise FqtlError(f"tissues must be the path of a sheet where release.{key} is null.")
    if not Path(release.folder).is_dir():
        raise FqtlError(f"No such folder: {release.folder}. See release.folder in config.")
    names = listed or (_of_samples(config) if counted else _in_folder(config))
    if not names:
        sought = (
            f"{config.prepare.min_samples} samples of one tissue in {release.counts}"
            if counted
            else f"{release.expression} there or one folder below"
        )
        raise FqtlError(
            f"No tissue in {release.folder}, looked for {sought}. See release in the config."
        )
    if any(not NAME.match(name) for name in names) or len(set(names)) < len(names):
        raise FqtlError(
            f"tissues must be different names of letters, digits and _.+-; found {names}."
        )
    return names


def _in_folder(config: Config) -> list[str]:
    """Tissues for which the folder has expression, in the order of the alphabet."""
    before, after = (config.release.expression or "").split("{tissue}")
    pattern = f"{glob.escape(before)}*{glob.escape(after)}"
    folder = Path(config.release.folder)
    found = [path.name for place in ("", "*/") for path in folder.glob(place + pattern)]
    names = {name[len(before) : len(name) - len(after)] for name in found}
    return sorted(name for name in names if NAME.match(name))


def _of_samples(config: Config) -> list[str]:
    """Tissues with enough samples among the release's counts, in the order of the alphabet."""
    counts, samples = (Path(release_file(key, config)) for key in ("counts", "samples"))
    for path in (counts, samples):
        if not path.is_file():
            raise FqtlError(f"No such file: {path}. See release in the config.")
    tissue_of = read_tissue_of_samples(samples)
    counted = Counter(tissue_of[name] for name in gct_samples(counts) if name in tissue_of)
    return sorted(name for name in counted if counted[name] >= config.prepare.min_samples)
