"""The Databricks job of the scoring path: windows of vital signs from `enriched` to `scored` (steps 10 to 12)."""
