"""Flawed input as users give it: refused in one line that names the cause and the remedy."""

import json
import os
import re
import zipfile

import numpy as np
import polars as pl
import pytest

from synthetic import task

ROWS = 60
RNG = np.random.default_rng(0)
SIZE = RNG.normal(size=ROWS).round(3)
FRAME = pl.DataFrame(
    {
        "size": SIZE,
        "depth": RNG.normal(size=ROWS).round(3),
        "colour": RNG.choice(["red", "green", "blue"], ROWS),
        "label": np.where(SIZE + RNG.normal(0, 0.5, ROWS) > 0, "yes", "no"),
        "amount": (10 + SIZE).round(2),
    }
)
LINES = FRAME.write_csv().splitlines()

MOST_CHARACTERS = 300
REMEDY = re.compile(
    r"\b(Did you mean|Add|Check|Choose|Close|Copy|Correct|End|Fill|Give|Group|Keep|Leave|List|"
    r"Make|Name|Predict|Rename|Save|See|Write)\b|choose another|check the path"
)


def lines(*changed, **rows):
    """The lines of a file, some of them replaced by number (the header is 1)."""
    by_number = {int(name[1:]): line for name, line in rows.items()}
    return "\n".join(by_number.get(n, line) for n, line in enumerate(LINES, 1)) + "\n"


def table(**columns):
    """The table with columns replaced, each given as values or as a rule of the row's number."""
    values = {
        name: [rule(k) for k in range(ROWS)] if callable(rule) else rule
        for name, rule in columns.items()
    }
    return FRAME.with_columns(**{name: pl.Series(each) for name, each in values.items()})


def gap(k):
    return None if k in (3, 8) else 1


TABLES = {
    "good": FRAME,
    "header": FRAME.head(0),
    "constant": table(label=["same"] * ROWS),
    "blank_target": table(label=["NA"] * ROWS),
    "one_label_left": table(label=["yes"] * 30 + [None] * 30),
    "one_number_left": table(amount=[5.0] * 30 + [None] * 30),
    "all_infinite": table(amount=["inf"] * ROWS),
    "rare": table(label=["yes"] * 29 + ["no"] * 28 + ["maybe"] * 2 + ["never"]),
    "pairs": table(label=lambda k: f"label {k // 2}"),
    "names": table(label=lambda k: f"label {k}"),
    "seven": table(amount=lambda k: k % 7),
    "numbers": pl.DataFrame({"x": np.arange(3e4), "y": np.arange(30_000) // 2}),
    "thousand": pl.DataFrame({"x": np.arange(4e3), "y": [f"level {k // 4}" for k in range(4000)]}),
    "dated_target": table(label=lambda k: f"2024-01-{1 + k % 28:02}"),
    "few": FRAME.head(15),
    "few_labels": table(label=["yes", "no"] * 5 + [None] * 50),
    "few_weights": table(w=lambda k: float(k < 10)),
    "only_target": FRAME.select("label"),
    "identifiers": FRAME.select(
        pl.Series("id", range(ROWS)), pl.Series("name", [f"n{k}" for k in range(ROWS)]), "label"
    ),
    "constants": FRAME.select(pl.lit(1).alias("one"), pl.lit(None).alias("gone"), "label"),
    "copy": FRAME.select(pl.col("label").alias("twin"), "label"),
    "weighed": table(w=lambda k: 1.0),
    "negative_weight": table(w=lambda k: -1.0 if k in (3, 8) else 1.0),
    "missing_weight": table(w=gap),
    "infinite_weight": table(w=lambda k: "inf" if k in (3, 8) else "1.5"),
    "no_weight": table(w=[0.0] * ROWS),
    "word_weight": table(w=lambda k: "heavy" if k % 3 else "light"),
    "late_negative_weight": table(
        label=lambda k: None if k < 2 else "yn"[k % 2], w=lambda k: -1.0 if k == 6 else 1.0
    ),
    "missing_group": table(g=lambda k: None if k in (3, 8) else f"g{k // 6}"),
    "two_groups": table(g=lambda k: f"g{k % 2}"),
    "no_time": table(t=lambda k: "soon" if k % 2 else "later"),
    "missing_time": table(t=lambda k: None if k in (3, 8) else f"2024-01-{1 + k % 28:02}"),
    "one_time": table(t=["2024-01-01"] * ROWS),
    "zero": table(amount=lambda k: 0.0 if k == 4 else k + 0.5),
    "negative": table(amount=lambda k: -1.5 if k in (4, 6) else k + 0.5),
    "no_colour": FRAME.drop("colour"),
    "color": FRAME.rename({"colour": "color"}),
    "no_label": FRAME.drop("label"),
    "new_label": table(label=lambda k: "perhaps" if k in (2, 5) else "yes"),
    "no_labels": table(label=[None] * ROWS),
    "word_amount": table(amount=lambda k: "much" if k % 2 else "little"),
    "word_size": table(size=["large"] * ROWS),
}
TEXTS = {
    "empty.csv": "",
    "blank.csv": " \n\t\n\n",
    "short_row.csv": lines(L8="1,2"),
    "long_row.csv": lines(L8=f"{LINES[7]},9,9"),
    "open_quote.csv": lines(L8=f'"{LINES[7]},9'),
    "nul.csv": lines(L8=LINES[7].replace(",", "\0")),
    "twins.csv": "size,size,label\n" + "".join(f"{k},{k},{'yn'[k % 2]}\n" for k in range(ROWS)),
    "words.json": "size: number",
    "list.json": "[1, 2]",
}


def edited(schema, change):
    copied = json.loads(json.dumps(schema))
    change(copied, {column["name"]: column for column in copied["columns"]})
    return json.dumps(copied, indent=2)


SCHEMAS = {
    "kind.json": lambda schema, columns: columns["colour"].update(kind="hue"),
    "field.json": lambda schema, columns: columns["colour"].update(knd="text"),
    "type.json": lambda schema, columns: columns["colour"].update(missing="3"),
    "role.json": lambda schema, columns: columns["colour"].update(role="weight"),
    "other.json": lambda schema, columns: columns["colour"].update(name="hue"),
    "numeric.json": lambda schema, columns: columns["colour"].update(kind="numeric"),
    "version.json": lambda schema, columns: schema.update(version=99),
    "targets.json": lambda schema, columns: columns["colour"].update(role="target"),
    "classes.json": lambda schema, columns: schema["target"].update(classes=["no"]),
    "unused.json": lambda schema, columns: [
        column.update(role="unused") for column in columns.values() if column["role"] == "feature"
    ],
}


@pytest.fixture(scope="module")
def rough(tmp_path_factory, gradum_command, linear_run):
    """A folder of rough files; nothing in it, or beside them, may change."""
    folder = tmp_path_factory.mktemp("rough")
    for name, frame in TABLES.items():
        frame.write_csv(folder / f"{name}.csv")
    for name, text in TEXTS.items():
        (folder / name).write_text(text)
    said = gradum_command("inspect", folder / "good.csv", "-t", "label", "--json").out
    (folder / "schema.json").write_text(said)
    for name, change in SCHEMAS.items():
        (folder / name).write_text(edited(json.loads(said), change))
    (folder / "broken.json").write_text(said.replace(":", ";", 4))
    (folder / "binary.csv").write_bytes(bytes(range(256)) * 40)
    with zipfile.ZipFile(folder / "book.xlsx", "w") as book:
        book.writestr("xl/workbook.xml", "<workbook/>")
    FRAME.write_parquet(folder / "good.parquet")
    FRAME.head(0).write_parquet(folder / "no_rows.parquet")
    FRAME.with_columns(label=pl.Series([[k] for k in range(ROWS)])).write_parquet(
        folder / "nested.parquet"
    )
    (folder / "cut.parquet").write_bytes((folder / "good.parquet").read_bytes()[:-100])
    (folder / "used").mkdir()
    (folder / "used" / "notes.txt").write_text("mine")
    held = task("label", 80, 1)
    held.rename({"colour": "color"}).write_csv(folder / "held_color.csv")
    held.with_columns(size=pl.lit("large")).write_csv(folder / "held_words.csv")
    held.drop("label").write_csv(folder / "held_unlabelled.csv")
    held.with_columns(label=pl.lit("perhaps")).write_csv(folder / "held_new.csv")
    held.write_csv(folder / "held.csv")
    (folder / "cut.gradum").write_bytes((linear_run[0] / "model.gradum").read_bytes()[:-200])
    (folder / "model").symlink_to(linear_run[0])
    return folder


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


@pytest.fixture(scope="module")
def untouched(rough):
    """What the folder holds before any command was called."""
    return contents(rough)


LABEL, AMOUNT = "good.csv -t label", "good.csv -t amount"
FIT = {
    # files
    "goood.csv -t label": ["no file", "goood.csv", "'good.csv'"],
    "nowhere/good.csv -t label": ["no file", "nowhere/good.csv", "folder"],
    "empty.csv -t label": ["empty.csv is empty"],
    "blank.csv -t label": ["blank.csv is empty"],
    "header.csv -t label": ["header.csv", "no rows"],
    "used -t label": ["used is a folder", "'notes.txt'"],
    "binary.csv -t label": ["binary.csv", "binary data"],
    "book.xlsx -t label": ["book.xlsx", "workbook", "CSV"],
    "cut.parquet -t label": ["cut.parquet", "truncated Parquet"],
    "no_rows.parquet -t label": ["no_rows.parquet has no rows"],
    "short_row.csv -t label": ["short_row.csv has 5 columns", "line 8 has 2"],
    "long_row.csv -t label": ["long_row.csv has 5 columns", "line 8 has 7"],
    "open_quote.csv -t label": ["open_quote.csv", "quote opens in line 8"],
    "nul.csv -t label": ["nul.csv", "binary data"],
    "twins.csv -t label": ["twins.csv", "several columns named 'size'"],
    # targets
    "good.csv": ["--target"],
    "good.csv -t price": ["no column 'price'", "'label'"],
    "good.csv -t lable": ["no column 'lable'", "'label'"],
    "good.csv -t Label": ["no column 'Label'", "'label'"],
    "constant.csv -t label": ["'label' is constant", "60 values are 'same'"],
    "blank_target.csv -t label": ["'label' is missing in all 60 rows"],
    "one_label_left.csv -t label": ["'label' is constant", "30 values are 'yes'", "30 rows have"],
    "one_number_left.csv -t amount": ["'amount' is constant", "'5.0'", "30 rows have none"],
    "all_infinite.csv -t amount": ["'amount' holds only numbers that are infinite"],
    "rare.csv -t label": ["'label'", "'maybe' (2), 'never' (1)", "--drop-rare-classes"],
    "rare.csv -t label --cv 3": ["fewer than 3 rows", "--drop-rare-classes"],
    "pairs.csv -t label": ["30 classes with fewer than 3 rows", "'label 0' (2)", "another target"],
    "names.csv -t label": ["a label of its own in each of 60 rows"],
    "numbers.csv -t y --task multiclass": ["'y' has 15,000 classes", "--task regression"],
    "thousand.csv -t y": ["'y' has 1,000 classes", "fewer than 1,000"],
    "thousand.csv -t y --task regression": ["'y'", "rows 1, 2, 3, 4, 5", "'level 0'", "--task"],
    "seven.csv -t amount --task binary": ["'amount' has 7 classes, not two", "--task multiclass"],
    "good.csv -t label --task regression": ["'label'", "rows 1, 2", "'yes'", "'no'", "--task"],
    "nested.parquet -t label": ["'label' holds lists"],
    "dated_target.csv -t label": ["'label' holds dates", "days since"],
    "zero.csv -t amount --log-target": ["'amount'", "row 5", "such as 0", "--log-target"],
    "negative.csv -t amount --log-target": ["'amount'", "rows 5, 7", "such as -1.5"],
    f"{LABEL} --log-target": ["'label' is a class", "--log-target"],
    f"{AMOUNT} --class-weight balanced": ["'amount' has no classes"],
    f"{AMOUNT} --drop-rare-classes": ["'amount' is a number", "--drop-rare-classes"],
    # rows
    "few.csv -t label": ["few.csv has 15 rows", "at least 20"],
    "few_labels.csv -t label": ["10 rows to learn from", "50 rows without a target", "20"],
    "few_weights.csv -t label --weight w": ["10 rows to learn", "50 rows of weight 0", "20"],
    # columns
    "only_target.csv -t label": ["only_target.csv has no column besides the target"],
    "identifiers.csv -t label": ["'id' (numbers", "'name' (a value", "--categorical 'id'"],
    "constants.csv -t label": ["'one' (the same", "'gone' (every value is missing)"],
    "copy.csv -t label": ["'twin' (equal to the target"],
    f"{LABEL} --drop size --drop depth --drop colour --drop amount": ["'size' (left out", "--drop"],
    f"{LABEL} --drop colur": ["'colur'", "--drop", "'colour'"],
    f"{LABEL} --weight w": ["'w'", "--weight", "'size'"],
    f"{LABEL} --numeric colour": ["'colour'", "--numeric", "rows 1, 2", "'red'"],
    f"{LABEL} --date colour": ["'colour'", "--date", "rows 1, 2", "'red'", "2024-01-31"],
    f"{LABEL} --numeric label": ["'label' is to be a number", "rows 1, 2, 3, 4, 5", "'yes'"],
    f"{LABEL} --drop label": ["'label'", "--drop and --target", "Leave out --drop"],
    "weighed.csv -t label --weight w --drop w": ["'w'", "--drop and --weight"],
    "negative_weight.csv -t label --weight w": ["'w' of negative_weight.csv", "rows 4, 9"],
    "late_negative_weight.csv -t label --weight w": ["negative in row 7"],
    "missing_weight.csv -t label --weight w": ["'w' of missing_weight.csv", "rows 4, 9"],
    "infinite_weight.csv -t label --weight w": ["'w'", "no usable value in rows 4, 9"],
    "no_weight.csv -t label --weight w": ["'w' of no_weight.csv is 0 in every row"],
    "word_weight.csv -t label --weight w": ["'w'", "--weight", "rows 1, 2", "'light'"],
    "missing_group.csv -t label --group g": ["Group column 'g'", "rows 4, 9"],
    "two_groups.csv -t label --group g": ["'g' (--group)", "2 groups", "3 groups"],
    "two_groups.csv -t label --group g --cv 5": ["'g' (--group)", "2 groups", "5 groups"],
    "two_groups.csv -t label --group g --time size": ["group and by time", "--group or --time"],
    "no_time.csv -t label --time t": ["'t'", "neither dates nor numbers", "'soon'"],
    "missing_time.csv -t label --time t": ["Time column 't'", "rows 4, 9"],
    "one_time.csv -t label --time t": ["'t' (--time)", "1 distinct time", "3 distinct times"],
    # options
    f"{LABEL} --metric acuracy": ["'acuracy'", "'accuracy'"],
    f"{LABEL} --metric fame": ["'fame'", "log_loss"],
    f"{LABEL} --metric rmse": ["rmse", "binary", "log_loss"],
    f"{LABEL} --model forest": ["'forest'", "linear"],
    f"{LABEL} --task classify": ["'classify'", "binary"],
    f"{LABEL} --class-weight even": ["'even'", "balanced"],
    f"{LABEL} --seed -1": ["-1", "from 0"],
    f"{LABEL} --seed one": ["--seed", "integer"],
    f"{LABEL} --colour red": ["--colour", "--help"],
    f"{LABEL} --cv 0": ["0 folds"],
    f"{LABEL} --cv 1": ["1 fold", "--cv 2"],
    f"{LABEL} --cv 500": ["60 rows", "500", "--cv"],
    f"{LABEL} --cv 3 --test good.csv": ["test file and cross-validation"],
    # test files
    f"{LABEL} --test hold.csv": ["no file", "hold.csv"],
    f"{LABEL} --test no_colour.csv": ["no_colour.csv lacks the column 'colour'"],
    f"{LABEL} --test color.csv": ["color.csv lacks the column 'colour'", "'color' to 'colour'"],
    f"{LABEL} --test no_label.csv": ["no_label.csv lacks the column 'label'"],
    f"{LABEL} --test no_labels.csv": ["no_labels.csv has only rows without a target"],
    f"{LABEL} --test new_label.csv": ["'label' of new_label.csv", "rows 3, 6: 'perhaps'", "'yes'"],
    f"{LABEL} --test word_size.csv": ["'size' of word_size.csv", "numbers", "'large'"],
    f"{AMOUNT} --test word_amount.csv": ["'amount' of word_amount.csv", "numbers", "'little'"],
    "weighed.csv -t label --weight w --test good.csv": ["good.csv lacks the column 'w'"],
    # schemas
    f"{LABEL} --schema shema.json": ["shema.json", "gradum inspect"],
    f"{LABEL} --schema words.json": ["schema", "line 1 is no JSON", "gradum inspect"],
    f"{LABEL} --schema broken.json": ["schema", "line 2 is no JSON"],
    f"{LABEL} --schema good.csv": ["schema", "no JSON"],
    f"{LABEL} --schema list.json": ["schema", "a list in []"],
    f"{LABEL} --schema kind.json": ["'colour', field 'kind'", "'hue'", "categorical"],
    f"{LABEL} --schema field.json": ["'colour'", "no field 'knd'"],
    f"{LABEL} --schema type.json": ["'colour', field 'missing'", "a whole number"],
    f"{LABEL} --schema role.json": ["'colour'", "'weight'", "numeric"],
    f"{LABEL} --schema other.json": ["good.csv lacks the column 'hue'"],
    f"{LABEL} --schema numeric.json": ["'colour' of good.csv", "numbers", "'red'"],
    f"{LABEL} --schema version.json": ["version 99", "gradum inspect"],
    f"{LABEL} --schema targets.json": ["'colour', 'label'", "'target'"],
    f"{LABEL} --schema classes.json": ["'classes'", "'no'", "binary"],
    f"{LABEL} --schema unused.json": ["no column to learn from", "'feature'"],
    f"{AMOUNT} --schema schema.json": ["'label'", "'amount'"],
    f"{LABEL} --schema schema.json --drop size": ["schema and options for columns"],
    # where to write
    f"{LABEL} -o used": ["used is not empty", "--force"],
    f"{LABEL} -o good.parquet": ["good.parquet is a file, not a folder"],
    f"{LABEL} -o good.parquet/run": ["good.parquet is a file, not a folder"],
}
OTHERS = {
    "predict nowhere held.csv -o p.csv": ["nowhere", "not exist"],
    "predict held.csv held.csv -o p.csv": ["held.csv is not a gradum model"],
    "predict cut.gradum held.csv -o p.csv": ["cut.gradum"],
    "predict model hold.csv -o p.csv": ["hold.csv", "'held.csv'"],
    "predict model held_color.csv -o p.csv": ["held_color.csv lacks the column 'colour'"],
    "predict model held_words.csv -o p.csv": ["'size' of held_words.csv", "numbers", "'large'"],
    "predict model held.csv -o p.xlsx": ["p.xlsx", ".parquet"],
    "predict model held.csv -o used/notes.csv/p.csv": ["used/notes.csv is not a folder"],
    "predict model held.csv -o good.csv": ["good.csv exists", "--force"],
    "predict model held.csv -o p.csv --keep town": ["'town'", "'city'|Choose"],
    "predict model held.csv -o p.csv --rung mpl": ["'mpl'", "linear"],
    "evaluate held.csv held.csv": ["held.csv is not a gradum model"],
    "evaluate model held_unlabelled.csv": ["held_unlabelled.csv lacks the column 'label'"],
    "evaluate model held_new.csv": ["'label' of held_new.csv", "'perhaps'", "'yes'"],
    "evaluate model empty.csv": ["empty.csv is empty"],
    "inspect good.csv -t price": ["no column 'price'"],
    "rerun nowhere": ["nowhere"],
    "forest good.csv": ["'forest'", "--help"],
}
COMMANDS = {f"fit {arguments}": named for arguments, named in FIT.items()} | OTHERS


@pytest.mark.parametrize("command", COMMANDS)
def test_what_cannot_be_used_is_refused_in_one_line_and_nothing_is_written(
    command, rough, untouched, gradum_command, monkeypatch
):
    monkeypatch.chdir(rough)
    arguments = command.split()
    if arguments[0] == "fit" and "-o" not in arguments:
        arguments += ["-o", "new/run"]
    ended = gradum_command(*arguments)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    first = ended.err.split()[1]  # begins with a capital, unless it is a name or a number
    assert ended.err.startswith("error: ")
    assert first[0].isupper() or not first.isalpha() or first in command
    for words in COMMANDS[command]:
        assert any(word in ended.err for word in words.split("|")), ended.err
    assert REMEDY.search(ended.err), ended.err
    assert len(ended.err.replace(str(rough), "")) <= MOST_CHARACTERS
    assert contents(rough) == untouched


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads and writes everything")
@pytest.mark.parametrize("arguments", [["locked.csv"], ["good.csv", "-o", "locked/run"]])
def test_what_the_system_forbids_is_refused(arguments, gradum_command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    FRAME.write_csv("good.csv")
    (tmp_path / "locked.csv").touch(mode=0)
    (tmp_path / "locked").mkdir(mode=0o500)
    ended = gradum_command("fit", *arguments, "-t", "label")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "Permission denied" in ended.err
