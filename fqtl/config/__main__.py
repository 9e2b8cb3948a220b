"""Write config/config.yaml and workflow/schemas/config.schema.yaml anew, from the root."""

from pathlib import Path

from fqtl.config.page import config_yaml, schema_yaml

if __name__ == "__main__":
    Path("config/config.yaml").write_text(config_yaml(), encoding="utf-8")
    Path("workflow/schemas/config.schema.yaml").write_text(schema_yaml(), encoding="utf-8")
