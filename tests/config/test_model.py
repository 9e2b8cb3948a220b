"""One model of the config: files, flags and presets say what it says."""

import argparse
import re
import tomllib
from pathlib import Path
from typing import get_args

import jsonschema
import pytest
import yaml

from fqtl.cli import SUBCOMMANDS, parser
from fqtl.cli.check_config import check_file
from fqtl.config import data, fit, prepare, together, weights
from fqtl.config.layers import defaults, merged, typed
from fqtl.config.model import Config
from fqtl.config.page import config_yaml, schema_yaml
from fqtl.config.renamed import RENAMED
from fqtl.config.schema import KEYS, refuse_faults, schema
from fqtl.config.together import refuse_unlike_scale, refuse_unlike_values, trained_on
from fqtl.errors import FqtlError
from fqtl.model.engines import ENGINES
from fqtl.model.families import FAMILIES
from fqtl.prepare.counts import SCALES, SIZE_FACTORS
from fqtl.prepare.settings import PrepareSettings
from fqtl.weights.formats import FORMATS

ROOT = Path(__file__).parent.parent.parent
PRESETS = sorted((ROOT / "config" / "presets").glob("*.yaml"))
SHOWS_A_NUMBER = ("check weights", "all")  # a flag without a value, which says what it lifts


def actions(command):
    """Flags of a subcommand by destination, without those that only old names have."""
    top = parser(command)
    (commands,) = [a for a in top._actions if isinstance(a, argparse._SubParsersAction)]
    return {
        action.dest: action
        for action in commands.choices[command]._actions
        if action.option_strings and action.help != argparse.SUPPRESS
    }


def test_the_files_are_made_of_the_model():
    assert (ROOT / "config" / "config.yaml").read_text() == config_yaml()
    assert (ROOT / "workflow" / "schemas" / "config.schema.yaml").read_text() == schema_yaml()


def test_the_file_of_all_keys_holds_the_defaults_and_the_schema_takes_them():
    written = yaml.safe_load(config_yaml())
    assert written == defaults()
    assert typed(written, Config) == Config()
    jsonschema.Draft202012Validator.check_schema(schema())
    refuse_faults(written, "config.yaml")


COMMANDS = {
    "fit": ["genotypes", "genes", "model", "cross_validation", "calibration", "weights", "seed"],
    "learn-priors": ["genotypes", "genes", "model", "seed"],
    "shard": ["genotypes", "genes", "cross_validation", "calibration"],
    "prepare": ["genotypes", "genes", "prepare", "seed"],
    "check": ["genotypes", "prepare", "seed"],
    "weights": ["weights"],
    "simulate": ["simulate", "genotypes"],
    "simulate trait": ["simulate", "genotypes"],
    "twas": ["twas"],
}
NOT_THE_KEY = {("weights", "weights.factors"), ("fit", "model.priors")}  # a choice, a file


@pytest.mark.parametrize("command", COMMANDS)
def test_a_flag_that_stands_for_a_key_has_its_default(command):
    found = actions(command)
    compared = []
    for name, key in KEYS.items():
        action = found.get(name.split(".")[-1])
        if name.split(".")[0] in COMMANDS[command] and action and not action.required:
            expected = trained_on(Config()) if name == "weights.variants" else key.default
            if (command, name) not in NOT_THE_KEY:
                assert action.default == expected, name
                compared.append(name)
    assert len(compared) >= 4


@pytest.mark.parametrize("command", SUBCOMMANDS)
def test_no_help_has_a_default_typed_into_it(command):
    for action in actions(command).values():
        if (command, action.dest) != SHOWS_A_NUMBER:
            assert not re.search(r"\[[^\]]*\]$", action.help or ""), action.dest


def test_help_ends_with_the_default():
    top = parser("fit")
    (commands,) = [a for a in top._actions if isinstance(a, argparse._SubParsersAction)]
    text = " ".join(commands.choices["fit"].format_help().split())
    assert "variants with a lower minor allele frequency are left out [0.01]" in text
    assert "of permutations and of random engines [1]" in text


def test_steps_that_the_config_can_name_are_those_that_there_are():
    assert set(prepare.SCALES_OF["counts"]) == set(SCALES)
    assert set(get_args(prepare.SizeFactors)) == set(SIZE_FACTORS)
    assert set(get_args(fit.Family)) <= set(FAMILIES)
    assert set(get_args(fit.Engine)) <= set(ENGINES)
    assert set(get_args(weights.WeightFormat)) == set(FORMATS)
    assert set(together.SCALES_OF_FAMILY) <= set(get_args(fit.Family))


def test_settings_of_prepare_have_the_defaults_of_the_config():
    steps, whole = PrepareSettings(), Config()
    for name in ("scale", "size_factors", "min_tpm", "min_reads", "min_share", "components"):
        assert getattr(steps, name) == getattr(whole.prepare, name)
    for name in ("controls", "control_max_p", "min_samples"):
        assert getattr(steps, name) == getattr(whole.prepare, name)
    assert steps.seed == whole.seed


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_every_preset_is_a_config_once_it_is_put_on_the_defaults(path):
    given = yaml.safe_load(path.read_text())
    whole = merged([defaults(), given, {"release": {"preset": path.stem}}])
    refuse_faults(whole, path.name)
    named = [value for key, value in whole["release"].items() if key not in ("preset", "folder")]
    assert all(named) or path.stem == "custom"


def test_presets_are_those_that_there_are():
    assert {path.stem for path in PRESETS} == set(get_args(data.Preset))


@pytest.mark.parametrize("name", ["demo.yaml", "first-look.yaml", "lymphoblastoid.yaml"])
def test_configs_that_come_along_use_no_old_name(name):
    text = (ROOT / "config" / name).read_text()
    refuse_faults(merged([defaults(), yaml.safe_load(text)]), name)
    assert not [old for old in RENAMED if f"{old.split('.')[1]}:" in text]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"genotype": {}}, "my.yaml: unknown key genotype; there are results, genome_build"),
        ({"model": {"rnak": 3}}, "unknown key model.rnak; there are family"),
        (
            {"weights.min_cv_r": 0.2},
            "unknown key weights.min_cv_r; write it as `weights: {min_cv_r: …}` (on the command "
            "line --config weights='{min_cv_r: …}').",
        ),
        ({"min_cv_r": 0.2}, "unknown key min_cv_r; write it as `weights: {min_cv_r: …}` (on"),
        (
            {"model": {"seed": 3}},
            "unknown key model.seed; write it as `seed: …` or `simulate: {seed: …}` (on the "
            "command line --config seed=…).",
        ),
        ({"model": None}, "model must be a section with keys of its own; found None"),
        ({"model": {"rank": 0}}, "model.rank must be a number of factors of at least 1; found 0."),
        ({"model": {"rank": 2.5}}, "model.rank must be a number of factors of at least 1"),
        ({"cross_validation": {"folds": 1}}, "folds must be 0 for none or a number of parts"),
        ({"weights": {"min_pip": 0}}, "min_pip must be a probability above 0; found 0."),
        ({"weights": {"formats": []}}, "formats must be a list of predictdb, fusion, tigar and"),
        ({"weights": {"formats": ["predixcan"]}}, "found 'predixcan'"),
        ({"prepare": {"components": "many"}}, "must be a number or auto; found 'many'."),
        ({"release": {"expression": "a.bed"}}, "with {tissue} in it; found 'a.bed'."),
        ({"tissues": 3}, "tissues must be the path of a sheet or a list of names; found 3."),
        ({"simulate": {"chromosome": 1}}, "simulate: 'effects' is a required property"),
    ],
)
def test_a_fault_names_its_key_what_was_expected_and_what_was_found(given, message):
    with pytest.raises(FqtlError) as caught:
        refuse_faults(merged([defaults(), given]), "my.yaml")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("family", "scale", "message"),
    [
        ("nb", "as_given", "model.family nb goes with prepare.scale: counts, and only with it"),
        ("gaussian", "counts", "prepare.scale counts goes with model.family nb or nb_pseudo"),
        ("voom", "counts", "goes with prepare.scale: log_counts or raw"),
    ],
)
def test_families_and_scales_that_cannot_go_together_are_named(family, scale, message):
    with pytest.raises(FqtlError, match=message):
        refuse_unlike_scale(family, scale)
    refuse_unlike_scale("gaussian", "as_given")


def test_nothing_is_regressed_out_of_values_in_their_own_units():
    steps = {"values": "counts", "scale": "counts", "components": 3}
    config = typed(merged([defaults(), {"prepare": steps}]), Config)
    with pytest.raises(FqtlError, match=r"found prepare\.components: 3, covariates of 2 tissues"):
        refuse_unlike_values(config, 2, "Liver (tissues.tsv)")


def test_models_are_trained_for_fusion_where_fusion_reads_them():
    def chosen(**weights):
        return trained_on(typed(merged([defaults(), {"weights": weights}]), Config))

    assert chosen() == "all"
    assert chosen(formats=["fusion"]) == "unambiguous"
    assert chosen(formats=["fusion"], variants="all") == "all"


def test_the_workflow_needs_the_snakemake_that_the_package_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (needed,) = project["optional-dependencies"]["workflow"]
    assert f'min_version("{needed.split(">=")[1]}")' in (ROOT / "Snakefile").read_text()


def test_a_variant_is_not_likelier_to_act_on_both_than_on_one():
    config = typed(merged([defaults(), {"twas": {"coloc_p12": 0.001}}]), Config)
    with pytest.raises(FqtlError, match=r"coloc_p12: 0.001 must not be above .* 0.0001 and 0.0001"):
        together.refuse_untested(config)


def test_a_config_of_summary_statistics_has_genes_and_nothing_for_expression(tmp_path):
    path = tmp_path / "my.yaml"
    path.write_text("summary_statistics: {sheet: s.tsv, genes: g.bed}\n")
    check_file(path)
    path.write_text("summary_statistics: {sheet: s.tsv}\n")
    with pytest.raises(FqtlError, match=r"needs summary_statistics\.genes"):
        check_file(path)
