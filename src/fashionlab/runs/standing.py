"""A run's evaluation protocol as sentences: how it kept to docs/protocol.md."""

from fashionlab.runs.reader import Run

COPIES_SHOWN = 10


def standing(run: Run) -> list[str]:
    """Return a line on the images and the test set's use, and one on duplicates, if any.

    An empty list for a run of an older version, which did not record them.
    """
    protocol = run.protocol()
    if protocol is None:
        return []
    held_out, read = protocol["images_held_out"], protocol["test_set_read"]
    left_out = run.config.get("without")
    listed = f"{left_out['images']:,} left out by a list of suspects, " if left_out else ""
    validation = ""
    if held_out:
        validation = f" (accuracy {protocol['validation_accuracy']:.2%})"
    lines = [
        f"trained on {protocol['images_trained_on']:,} images, {listed}{held_out:,} held out"
        f"{validation}; the test set was read {'once' if read == 1 else f'{read} times'}"
    ]
    if copied := sorted({place for place, _ in protocol["test_copies"]}):
        shown = ", ".join(map(str, copied[:COPIES_SHOWN]))
        more = f" and {len(copied) - COPIES_SHOWN} more" if len(copied) > COPIES_SHOWN else ""
        alone = run.accuracy_without_copies()
        lines.append(
            f"without the {len(copied)} test images that stand in the training set too ({shown}"
            f"{more}): {'no test image' if alone is None else f'test accuracy {alone:.2%}'}"
        )
    return lines
