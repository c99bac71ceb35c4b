"""Write the tables of README and docs from benchmarks/results; a test holds them equal.

python -m benchmarks.docs.readme
"""

from pathlib import Path

from benchmarks.docs import (
    audit_tables,
    data_tables,
    engine_tables,
    hostile_tables,
    outlier_tables,
    report_tables,
    scale_tables,
    training_tables,
    use_tables,
)

ROOT = Path(__file__).parents[2]

PAGES = {
    "README.md": {
        "report_systems": training_tables.report_systems,
        "accuracy": training_tables.accuracy,
        "record": training_tables.record,
        "speed": engine_tables.speed,
    },
    "docs/data.md": {
        "data_check": data_tables.data_check,
        "larger_than_memory": data_tables.larger_than_memory,
        "csv_reading": data_tables.csv_reading,
        "loading": data_tables.loading,
        "digits": data_tables.digits,
        "hostile_data": hostile_tables.data,
    },
    "docs/audit.md": {
        "audit_readings": audit_tables.audit_readings,
        "audit_time": audit_tables.audit_time,
        "label_audit": audit_tables.label_audit,
    },
    "docs/commands.md": {"speed_busy": engine_tables.speed_busy},
    "docs/protocol.md": {
        "choices": training_tables.choices,
        "gpu_throughput": engine_tables.gpu_throughput,
        "keras_torch": engine_tables.keras_torch,
    },
    "docs/model.md": {
        "hostile_models": hostile_tables.models,
        "inference": use_tables.inference,
        "outliers": outlier_tables.outliers,
        "pictures": use_tables.pictures,
        "set_coverage": outlier_tables.set_coverage,
    },
    "docs/report.md": {"page_times": report_tables.page_times},
    "docs/scale.md": {
        "sweep": scale_tables.sweep,
        "kills": scale_tables.kills,
        "labelling": scale_tables.labelling,
        "driver": scale_tables.driver,
        "parallel": scale_tables.parallel,
    },
    "docs/serve.md": {"service": use_tables.service},
    "docs/runs.md": {
        "hostile_runs": hostile_tables.runs,
        "crash_test": engine_tables.crash_test,
        "checkpoint_cost": engine_tables.checkpoint_cost,
    },
}


def filled(page: str, text: str) -> str:
    """Return the page's text with every table written again between its two markers."""
    for name, table in PAGES[page].items():
        start, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
        before, begins, rest = text.partition(start)
        _, ends, after = rest.partition(end)
        if not begins or not ends:
            raise SystemExit(
                f"{page} must hold the lines {start.strip()} and {end.strip()}, and one between"
            )
        text = before + start + table() + end + after
    return text


if __name__ == "__main__":
    for name in PAGES:
        path = ROOT / name
        path.write_text(filled(name, path.read_text(encoding="utf-8")), encoding="utf-8")
