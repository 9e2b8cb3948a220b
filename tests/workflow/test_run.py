"""What the rules ask: where files are, which flags commands get, and how a run ends."""

import os
import shlex
from pathlib import Path

import pytest

from fqtl.config.layers import defaults, merged, typed
from fqtl.config.model import Config
from fqtl.data.tissues import Tissue
from fqtl.errors import FqtlError
from fqtl.workflow.flags import Flags, flags
from fqtl.workflow.jobs import ending, failures, forget_outdated, planned
from fqtl.workflow.release import in_release, tissues_of
from fqtl.workflow.run import Run, begin, run_of, settle
from tests.files import write_gct, write_sheet

PRESETS = Path(__file__).parent.parent.parent / "config" / "presets"


def preset(name):
    return str(PRESETS / f"{name}.yaml")


def config_of(**given):
    return typed(merged([defaults(), given]), Config)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a sheet of two tissues and their files, all empty."""
    monkeypatch.chdir(tmp_path)
    write_sheet(Path("tissues.tsv"), [("Liver", "a.bed", "c.txt"), ("Lung", "b.bed", "")])
    for name in ("a.bed", "b.bed", "c.txt", "g.vcf.gz", "g.vcf.gz.tbi"):
        Path(name).touch()
    return tmp_path


GIVEN = {"tissues": "tissues.tsv", "genotypes": {"path": "g.vcf.gz"}}


def test_a_run_knows_the_files_of_its_tissues(here):
    run = run_of(config_of(**GIVEN))
    assert run.tissues == {
        "Liver": Tissue("Liver", Path("a.bed"), Path("c.txt")),
        "Lung": Tissue("Lung", Path("b.bed"), None),
    }
    assert (run.expression, run.covariates) == (["a.bed", "b.bed"], ["c.txt"])
    assert run.covariates_of("Lung") == []
    assert run.genotypes == ["g.vcf.gz", "g.vcf.gz.tbi"]
    assert run.shards[::199] == ["0001", "0200"]


@pytest.mark.parametrize(
    ("gone", "message"),
    [
        ("b.bed", r"No such file: b.bed. See tissues \(Lung\) in the config."),
        ("g.vcf.gz", r"No such file: g\.vcf\.gz. See genotypes\.path in the config."),
        ("g.vcf.gz.tbi", "g.vcf.gz has no index. Make one with `tabix -p vcf g.vcf.gz`."),
        ("tissues.tsv", "No such file: tissues.tsv. See tissues in the config."),
    ],
)
def test_a_file_that_is_not_there_is_named_with_its_key(here, gone, message):
    Path(gone).unlink()
    with pytest.raises(FqtlError, match=message):
        run_of(config_of(**GIVEN))


def test_files_of_a_release_lie_in_its_folder_or_one_below(tmp_path):
    (tmp_path / "unpacked").mkdir()
    for path in ("Lung.bed.gz", "unpacked/Liver.bed.gz", "unpacked/not-a-tissue.txt"):
        (tmp_path / path).touch()
    release = {"folder": str(tmp_path), "expression": "{tissue}.bed.gz"}
    config = config_of(tissues=[], release=release)
    assert list(tissues_of(config)) == ["Liver", "Lung"]
    assert tissues_of(config)["Liver"].expression == tmp_path / "unpacked" / "Liver.bed.gz"
    assert in_release("absent", config) == str(tmp_path / "absent")


def test_tissues_of_counts_are_those_with_enough_samples(tmp_path):
    samples = [f"s{i}" for i in range(7)]
    write_gct(tmp_path / "counts.gct", ["g"], [[1] * 7], samples)
    words = ["Lung"] * 4 + ["Skin - Other (x)"] * 3
    rows = [f"{name}\t{of}\n" for name, of in zip(samples, words, strict=True)]
    (tmp_path / "samples.txt").write_text("SAMPID\tSMTSD\n" + "".join(rows) + "s8\tLiver\n")
    names = {"counts": "counts.gct", "samples": "samples.txt", "annotation": "a.gtf"}
    config = config_of(
        tissues=[],
        results="out",
        release={"folder": str(tmp_path), **names},
        prepare={"values": "counts", "scale": "log_cpm", "min_samples": 3},
    )
    assert tissues_of(config) == {
        name: Tissue(name, Path(f"out/counts/{name}.parquet"), None)
        for name in ("Lung", "Skin_Other_x")
    }


def test_what_is_given_replaces_the_preset_and_the_preset_the_file():
    file = {"genome_build": "GRCh38", "release": {"counts": "mine.gct"}}
    given = {"release": {"preset": "gtex_v7", "genotypes": "mine.vcf.gz"}}
    settled, old = settle(merged([file, given]), given, {}, preset)
    assert settled["genome_build"] == "GRCh37"
    assert settled["release"]["genotypes"] == "mine.vcf.gz"
    assert settled["release"]["counts"].startswith("GTEx_Analysis_2016")
    assert old == []


def test_an_old_name_of_the_command_line_replaces_the_new_name_of_the_file():
    file, given = {"calibration": {"conditional_permutations": 5}}, {"calibration": {"partial": 7}}
    settled, old = settle(merged([file, given]), given, {}, preset)
    assert settled["calibration"]["conditional_permutations"] == 7
    assert old == ["calibration.partial"]


def test_what_snakemake_hands_over_is_filled_in_or_ends_in_one_line(here, capsys):
    config = {**GIVEN, "shards": {"count": 3}}
    run = begin(config, config, {"shards": {"count": "4"}}, [], preset)
    assert len(run.shards) == 4
    assert config["shards"] == {"count": 4}
    assert config["weights"]["formats"] == ["predictdb"]
    with pytest.raises(SystemExit) as stopped:
        begin({**GIVEN, "shards": {"count": 0}}, {}, {}, [], preset)
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert (
        said == "error: config: shards.count must be a number of jobs from 1 to 10000; found 0.\n"
    )


def test_flags_stand_for_keys_and_quote_paths():
    genotypes = {"path": "my file.bed", "rsids": "lookup.txt"}
    config = config_of(genotypes=genotypes, weights={"formats": ["fusion"]}, results="out")
    found = Flags(Run(config, {}))
    words = shlex.split(found.genotypes)
    assert words[:4] == ["--genotypes", "my file.bed", "--genome-build", "GRCh38"]
    assert found.variants.endswith("--variants unambiguous --rsids out/rsids.parquet")
    assert found.needs_rsids == ""
    assert "--haploid" not in words
    assert Flags(Run(config_of(genotypes={"haploid": True}), {})).genotypes.endswith(" --haploid")
    assert Flags(Run(config_of(weights={"formats": ["fusion"]}), {})).needs_rsids == "--needs-rsids"
    assert found.permutations == (
        "--permutations auto --exceedances 5 --permute donors --conditional-permutations 1"
    )
    assert flags("--covariates", []) == ""
    assert flags("--covariates", ["a b"]) == "--covariates 'a b'"


def test_a_panel_is_simulated_as_the_config_says():
    panel = {"chromosome": 22, "effects": "e.gz", "seed": 3, "h2": 0.2}
    found = Flags(Run(config_of(simulate=panel), {})).panel
    assert found == "--chromosome 22 --h2 0.2 --noise-correlation 0 --seed 3"
    assert Flags(Run(config_of(), {})).panel == ""


def test_formats_have_files_of_a_tissue_or_of_all():
    run = Run(config_of(weights={"formats": ["focus", "predictdb", "tigar"]}), {})
    assert run.formats_of_a_tissue == ["predictdb", "tigar"]
    assert run.formats_of_all_tissues == ["focus", "predictdb"]
    assert not run.writes_factors  # without tissues none are shared


def test_a_shard_without_genes_needs_little_and_others_what_the_plan_says(tmp_path):
    plan = tmp_path / "plan.tsv"
    plan.write_text("shard\tcpu_seconds\tmemory_mb\n0001\t600\t1000\n")
    assert planned(str(plan), "0001") == {"mem_mb": 1800, "minutes": 70}
    assert planned(str(plan), "0002") == {"mem_mb": 1000, "minutes": 30}


def test_jobs_that_failed_or_were_killed_are_told_and_older_ones_are_not(tmp_path):
    logs = tmp_path / "logs"
    (logs / "fit").mkdir(parents=True)
    (logs / "check.log").write_text("10:00:00 said\nerror: No such file: x.\n")
    (logs / "fit" / "0001.log").write_text("10:00:00 3 of 9 genes\n")
    (logs / "fit" / "0002.log").write_text("10:00:00 done: 1 s\n")
    (logs / "prepare.log").write_text("/bin/bash: line 2: fqtl: command not found\n")
    (logs / "old.log").write_text("error: of another run\n")
    os.utime(logs / "old.log", (1, 1))
    found = list(failures(str(tmp_path), started=2))
    assert found[0] == f"error: No such file: x. ({logs}/check.log)"
    assert "fit/0001.log ends before its job was done" in found[1]
    assert "fit:mem_mb" in found[1]
    assert "(`pip install .` in the folder of the workflow)" in found[2]
    assert len(found) == 3


def test_a_report_is_announced_where_there_is_one_and_it_was_asked_for(tmp_path):
    assert "goes on to" in ending(str(tmp_path), in_part=False)
    (tmp_path / "report.html").touch()
    assert ending(str(tmp_path), in_part=False).startswith("Results: ")
    assert "Results" not in ending(str(tmp_path), in_part=True)


def test_a_list_of_weights_that_names_what_is_gone_is_forgotten(tmp_path, capsys):
    weights = tmp_path / "weights"
    (weights / "predictdb").mkdir(parents=True)
    head = "tissue\tset\tformat\tpath\n"
    for tissue in ("Liver", "Lung"):
        row = f"{tissue}\tfiltered\tpredictdb\tpredictdb/{tissue}.db\n"
        (weights / f"{tissue}.tsv").write_text(head + row + f"{tissue}\tfiltered\ttigar\t\n")
    (weights / "predictdb" / "Liver.db").touch()
    (weights / "mine.tsv").write_text("colour\tpath\nred\tnowhere\n")
    forget_outdated(str(tmp_path), dry=True)
    assert f"{weights}/predictdb/Lung.db is gone" in capsys.readouterr().err
    assert (weights / "Lung.tsv").exists()
    forget_outdated(str(tmp_path), dry=False)
    assert sorted(path.name for path in weights.glob("*.tsv")) == ["Liver.tsv", "mine.tsv"]
