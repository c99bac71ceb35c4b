"""The tables of docs/report.md."""

from statistics import fmean, stdev

from benchmarks import tables


def page_times() -> str:
    """Return how long a page and robustness take, from page_time.csv and robustness_time.csv."""
    pages, robust = tables.read("page_time"), tables.read("robustness_time")
    timed = {
        "the first page, which also measures simple baselines and, by Keras, the explanation": [
            float(row["seconds"]) for row in pages if row["page"] == "first"
        ],
        "the next pages": [float(row["seconds"]) for row in pages if row["page"] == "next"],
        f"`evaluate --robustness`, {int(robust[0]['settings'])} settings on "
        f"{int(robust[0]['images']):,} images": [float(row["seconds"]) for row in robust],
    }
    lines = ["| of the shipped run, 10,000 test images | seconds (mean ± standard deviation) |"]
    lines += ["|---|---|"]
    lines += [
        f"| {name} | {fmean(seconds):.1f} ± {stdev(seconds):.1f} |"
        for name, seconds in timed.items()
    ]
    size = max(int(row["bytes"]) for row in pages) / 1e6
    return "\n".join(lines) + (
        f"\n\nn = {len(robust)}; a page has {size:.2f} MB. {tables.where(pages)}. Written by "
        "`python -m benchmarks.training.page_time` and `benchmarks.training.robustness_time`."
    )
