"""Texts of other encodings: recognised by their letters, or named by the user."""

import random

import pytest

from gradum.errors import SpecError, TableError
from gradum.tables.formats.encoding import as_utf8, check_encoding, convert_to_utf8
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.sources.open_stream import opened
from gradum.tables.sources.read import read

# header, a column of words, what the file is written in, the name in the note
WRITTEN = {
    "simplified Chinese": ("城市,面积,价格", "北京 上海 广州 深圳 成都", "gb18030", "GB18030"),
    "traditional Chinese": ("城市,面積,價格", "臺北 高雄 臺中 桃園", "big5", "Big5"),
    "Japanese": ("都市,面積,価格", "東京 大阪 名古屋 さいたま", "shift_jis", "Shift-JIS"),
    "Japanese of Unix": ("都市,面積,価格", "東京 大阪 名古屋 さいたま", "euc_jp", "EUC-JP"),
    "Korean": ("도시,면적,가격", "서울 부산 대구 인천", "euc_kr", "EUC-KR"),
    "Russian": ("город,площадь,цена", "Москва Казань Омск", "cp1251", "Windows-1251"),
    "Russian of Unix": ("город,площадь,цена", "Москва Казань Омск", "koi8_r", "KOI8-R"),
    "German": ("größe,fläche,preis", "Köln Düsseldorf Zürich", "cp1252", "Windows-1252"),
    "French": ("ville,été,coût", "Genève Besançon Nîmes", "cp1252", "Windows-1252"),
    "Danish": ("by,areal,pris", "København Århus Ærø", "cp1252", "Windows-1252"),
    "Spanish": ("ciudad,año,precio", "Málaga Coruña León", "cp1252", "Windows-1252"),
}
WESTERN_WORDS = (
    *("é", "à", "Straße", "größe", "Ärger", "Äpfel", "naïve", "œuvre", "20 °C", "5 €", "£3", "Øl"),
    *("Ñandú", "São Tomé", "Þór", "façade", "Üb", "½ inch", "José", "“quoted”", "don’t", "5 m²"),
)


def text_of(header, words, rows):
    draw = random.Random(0)
    lines = [f"{draw.choice(words.split())},{draw.randint(40, 200)},{k}" for k in range(rows)]
    return "\n".join([header, *lines, ""])


@pytest.mark.parametrize("rows", [2, 40])
@pytest.mark.parametrize("language", WRITTEN)
def test_a_text_is_read_in_the_encoding_that_it_was_written_in(tmp_path, language, rows):
    header, words, codec, name = WRITTEN[language]
    text = text_of(header, words, rows)
    content = text.encode(codec)
    read_as, said = as_utf8(content, "t.csv")
    assert read_as == text.encode()
    assert said == name or (rows == 2 and said.startswith(f"{name}, perhaps "))
    (tmp_path / "t.csv").write_bytes(content)
    table = read(tmp_path / "t.csv")
    assert table.frame.columns == header.split(",")
    assert table.notes == (f"encoding {said}",)
    with opened(tmp_path / "t.csv") as stream:
        assert stream.head.notes == table.notes
        assert next(stream.blocks()).frame.equals(table.frame)


@pytest.mark.parametrize("word", WESTERN_WORDS)
def test_one_western_word_among_ascii_stays_western(word):
    content = f"name,value\nplain,1\n{word},2\nother,3\n".encode("cp1252")
    read_as, name = as_utf8(content, "t.csv")
    assert (read_as.decode().split("\n")[2], name) == (f"{word},2", "Windows-1252")


def test_a_note_says_where_two_encodings_are_alike_and_the_option_decides(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("城市,面积,价格\n北京,1,2\n".encode("gb18030"))
    (note,) = read(path).notes
    assert note == "encoding GB18030, perhaps EUC-JP: --encoding decides"
    said = read(path, ReadingOptions(encoding="GB18030"))
    assert said.frame.columns == ["城市", "面积", "价格"]
    assert said.notes == ("encoding GB18030",)


def test_the_encoding_that_is_named_is_used_or_the_file_refused(tmp_path):
    path, out = tmp_path / "t.csv", tmp_path / "t.txt"
    path.write_bytes("stadt,wert\nKöln,1\n".encode("cp1252"))
    assert read(path, ReadingOptions(encoding="cp1250")).frame["stadt"][0] == "Köln"
    with pytest.raises(TableError, match=r"t\.csv is not in UTF-8, which --encoding names"):
        read(path, ReadingOptions(encoding="UTF-8"))
    with pytest.raises(TableError, match="which --encoding names"):
        convert_to_utf8(path, "t.csv", out, "utf-8")
    path.write_bytes("\ufeffa,b\n1,2\n".encode())
    table = read(path, ReadingOptions(encoding="utf8"))
    assert (table.frame.columns, table.notes) == (["a", "b"], ())


@pytest.mark.parametrize("name", ["gb1803", "base64", "idna", "no such", "", "a\0b", "x" * 500])
def test_a_name_of_no_encoding_is_refused(name):
    with pytest.raises(SpecError, match="There is no encoding"):
        check_encoding(name)


def test_an_encoding_is_for_files_of_text(tmp_path):
    table = read({"x": [1, 2]})
    table.frame.write_parquet(tmp_path / "t.parquet")
    with pytest.raises(TableError, match="--encoding is for files of text"):
        read(tmp_path / "t.parquet", ReadingOptions(encoding="gb18030"))
    with pytest.raises(TableError, match="--encoding is for files of text"):
        read({"x": [1, 2]}, ReadingOptions(encoding="gb18030"))
