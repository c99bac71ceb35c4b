from fashionlab.progress import Lines, duration


def rows(epochs):
    for epoch in range(1, epochs + 1):
        yield {"epoch": epoch, "loss": 1.0, "accuracy": 0.5, "test_accuracy": 0.4, "test_loss": 2.0}


def lines(epochs):
    said = []
    progress = Lines(said.append)
    progress.start("net", epochs, 1)
    for row in rows(epochs):
        progress.epoch(row | {"seconds": 0.1})
    return said


def test_a_short_training_has_a_line_an_epoch_with_the_time_left():
    said = lines(3)
    assert [line.split(":")[0] for line in said] == [f"net epoch {i}/3" for i in (1, 2, 3)]
    assert "test accuracy 0.4000" in said[0]
    assert said[2].endswith("about 0 s left")


def test_a_long_training_has_the_first_the_last_and_every_tenth():
    assert [line.split()[2] for line in lines(145)] == [
        *("1/145:", *(f"{i}/145:" for i in range(10, 150, 10)), "145/145:")
    ]


def test_durations():
    assert [duration(s) for s in (0.4, 59.4, 59.6, 200)] == [
        *("0 s", "59 s", "1 min 00 s", "3 min 20 s")
    ]
