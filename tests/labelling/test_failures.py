"""What cannot be read is named and the rest done; once mended, just that is done; no mixtures."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from labelled import IMAGES, N, contents, manifest, rows

from fashionlab.data.forms import npy
from fashionlab.data.forms.pictures.pixels import png
from fashionlab.errors import RunError
from fashionlab.labelling import label


def parquet(path, pictures):
    """Write pictures, without labels, in row groups of 10."""
    table = pa.table({"image": pa.array(pictures, pa.binary())})
    pq.write_table(table, path, row_group_size=10, use_dictionary=False, compression="none")


def damage(path, row):
    """Change a byte of the picture in a row's page; return the sound content."""
    sound = path.read_bytes()
    at = sound.index(png(IMAGES[row])) - 20  # the header of the group's page
    path.write_bytes(sound[:at] + b"\xff" * 12 + sound[at + 12 :])
    return sound


def test_a_damaged_row_group_is_named_and_mended_alone(begun, model, tmp_path):
    path, out, said = tmp_path / "p.parquet", tmp_path / "out", []
    parquet(path, [png(image) for image in IMAGES])
    label(path, tmp_path / "sound", model, shard=20)
    sound = damage(path, 40)
    summary = label(path, out, model, shard=20, say=said.append)
    assert summary.rows == 80
    (failure,) = summary.failures
    assert (failure["file"], failure["first"], failure["rows"]) == (str(path), 40, 20)
    assert f"{path}, rows 40 to 59, cannot be read" in said[0]
    assert manifest(out)["failures"] == [failure]
    assert not (out / "00000-000002.parquet").exists()
    label(path, out, model, shard=20)  # not mended yet
    path.write_bytes(sound)
    begun.clear()
    summary = label(path, out, model, shard=20)
    assert (summary.rows, summary.done, summary.failures) == (N, 20, [])
    assert contents(out).keys() == contents(tmp_path / "sound").keys()
    shards = {n: c for n, c in contents(out).items() if n != "_manifest.json"}
    assert all(contents(tmp_path / "sound")[name] == content for name, content in shards.items())
    begun.clear()
    assert label(path, out, model, shard=20).done == 0
    assert not begun


def test_where_a_source_was_mended_what_is_the_same_is_not_labelled_again(
    begun, model, tmp_path, monkeypatch
):
    path, out = tmp_path / "p.parquet", tmp_path / "out"
    parquet(path, [png(image) for image in IMAGES])
    sound = damage(path, 40)
    label(path, out, model, shard=20)
    path.write_bytes(sound)
    classified = []
    from fashionlab.portable import Predictor

    whole = Predictor.probabilities_and_scores
    monkeypatch.setattr(
        Predictor,
        "probabilities_and_scores",
        lambda self, images: classified.append(len(images)) or whole(self, images),
    )
    label(path, out, model, shard=20)
    assert sum(classified) == 20


def test_a_broken_picture_is_named_and_has_no_row(begun, model, tmp_path):
    path, out, said = tmp_path / "p.parquet", tmp_path / "out", []
    parquet(path, [png(image) if i != 33 else b"no picture" for i, image in enumerate(IMAGES)])
    summary = label(path, out, model, shard=20, say=said.append)
    assert rows(out)["row"] == [i for i in range(N) if i != 33]
    assert (summary.rows, summary.images) == (N - 1, N)
    assert f"{path}, row 33, cannot be read: a picture must be" in said[0]
    begun.clear()
    parquet(path, [png(image) for image in IMAGES])
    label(path, out, model, shard=20)
    assert rows(out)["row"] == list(range(N))


def test_a_mended_folder_of_pictures_needs_one_shard_again(begun, model, tmp_path):
    folder, out = tmp_path / "photos", tmp_path / "out"
    folder.mkdir()
    for i in range(10):
        (folder / f"{i}.png").write_bytes(png(IMAGES[i]) if i != 5 else b"")
    assert label(folder, out, model, shard=2).failures[0]["file"] == str(folder / "5.png")
    (folder / "5.png").write_bytes(png(IMAGES[5]))
    begun.clear()
    assert label(folder, out, model, shard=2).rows == 10
    assert begun == ["00000-000002.parquet"]


def test_a_damaged_line_of_a_table_is_named_by_its_number(begun, model, tmp_path):
    path = tmp_path / "images.csv"
    lines = [",".join(map(str, image.reshape(-1))) for image in IMAGES]
    lines[45] = lines[45].rpartition(",")[0] + ",x"
    path.write_text("\n".join(lines))
    summary = label(path, tmp_path / "out", model, shard=20)
    assert summary.rows == 80
    assert "received 'x' in line 46, column 784" in summary.failures[0]["error"]
    assert summary.failures[0]["first"] == 40


def test_a_truncated_file_is_named_and_the_others_labelled(begun, model, tmp_path):
    out = tmp_path / "out"
    for name in "ab":
        npy.write_npy(tmp_path / f"{name}.npy", IMAGES)
    sound = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(sound[:-1])
    sources = [tmp_path / "a.npy", tmp_path / "b.npy"]
    summary = label(sources, out, model)
    assert (summary.rows, summary.failures[0]["file"]) == (N, str(sources[0]))
    (tmp_path / "a.npy").write_bytes(sound)
    begun.clear()
    summary = label(sources, out, model)
    assert (summary.rows, summary.failures, begun) == (2 * N, [], ["00000-000000.parquet"])


def test_a_source_that_changes_meanwhile_is_not_mixed(begun, model, tmp_path):
    path = tmp_path / "images.npy"
    npy.write_npy(path, IMAGES)

    def change(rows, images):
        if 0 < rows < 60:
            npy.write_npy(path, IMAGES[::-1])

    summary = label(path, tmp_path / "out", model, shard=30, progress=change)
    assert summary.rows < N
    assert "must stay as it is while it is labelled" in summary.failures[0]["error"]


def test_another_jobs_sink_is_refused(begun, model, tmp_path):
    path, out = tmp_path / "images.npy", tmp_path / "out"
    npy.write_npy(path, IMAGES)
    npy.write_npy(tmp_path / "other.npy", IMAGES)
    label(path, out, model, shard=30)
    before = contents(out)
    with pytest.raises(RunError, match=r"\(shard 30, and not 40\); name another --out"):
        label(path, out, model, shard=40)
    with pytest.raises(RunError, match=r"\(model "):
        label(path, out, shard=30)
    with pytest.raises(RunError, match=r"\(sources \["):
        label(tmp_path / "other.npy", out, model, shard=30)
    assert contents(out) == before
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine")
    with pytest.raises(RunError, match="which has other files"):
        label(path, tmp_path / "full", model)
    (out / "_manifest.json").write_text("{}")
    with pytest.raises(RunError, match=r"must have a _manifest\.json of this version"):
        label(path, out, model, shard=30)


def test_a_changed_source_is_refused(begun, model, tmp_path):
    path, out = tmp_path / "images.npy", tmp_path / "out"
    npy.write_npy(path, IMAGES)
    label(path, out, model, shard=30)
    npy.write_npy(path, IMAGES[::-1].copy())
    with pytest.raises(RunError, match="a source must stay as it is while it is labelled"):
        label(path, out, model, shard=30)
    npy.write_npy(path, np.concatenate([IMAGES, IMAGES]))
    with pytest.raises(RunError, match="a source must stay as it is while it is labelled"):
        label(path, out, model, shard=30)


def test_the_command_says_how_many_are_missing_and_ends_with_status_1(tmp_path, fashionlab):
    for name in "ab":
        npy.write_npy(tmp_path / f"{name}.npy", IMAGES[:20])
    content = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(content[:-1])
    out = fashionlab("predict", "a.npy", "b.npy", "--out", "out", "--workers", 1, status=1)
    assert f"{tmp_path / 'out'}: 20 of 20 images labelled, 20 of them now, in " in out
    assert [one["file"] for one in manifest(tmp_path / "out")["failures"]] == ["a.npy"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--out", "out", "--top", 3], "--top is for answers that are printed"),
        (["--out", "out", "--json"], "--json is for answers that are printed"),
        (["--out", "out", "--show"], "--show is for answers that are printed"),
        (["--out", "out", "--set", 0.9], "--set is for answers that are printed"),
        (["--workers", 2], "--workers is for files of answers"),
        (["--on", "local"], "--on is for files of answers"),
        (["--out", "out", "--on", "moon"], "received 'moon'"),
        (["--out", "out", "-"], "received standard input"),
        (["--out", "out", "none.npy"], "does not exist"),
    ],
)
def test_options_that_say_nothing_are_refused(options, message, tmp_path, fashionlab):
    npy.write_npy(tmp_path / "images.npy", IMAGES[:2])
    said = fashionlab("predict", "images.npy", *options, status=2)
    assert message in said
    assert said.count("\n") == 1
