"""The likelihood of a text given its letters, which tells encodings apart.

Each way to read the same bytes has a log-probability: the sum over its letters, one by one. A
common letter of the language costs little, a rare one much, and a sign that does not occur in its
texts costs most; letters of two scripts side by side, as in "Stra遝", cost extra. The commonest
letters of Chinese, Japanese and Korean are those of the word lists of wordfreq 3.1 (Speer 2022).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from math import log

SIMPLIFIED = (
    "的是一在不人有了我国这为中个大会们他来和年上以要到时对么能你就发可地生家出也说于学后成与过"
    "行用日多自现都没作下得开经还法动好方而公子事分之民主里政看吗本月所天新业同全定部最其进如前"
    "机美那当工关实小被但因长样理等什道去些面很心间区内电然力起体只着从并者高加想文问种员重及点"
    "将意合产三外由市无女已制网第情场名应西代正表真此位题相明资计建利系化期特性度果次给让两通教"
    "任比该东活手世提或使她物数立认怎知结入更省县岁价格销售量姓"
)
TRADITIONAL = (
    "的是一在不人有了我國這為中個大會們他來和年上以要到時對麼能你就發可地生家出也說於學後成與過"
    "行用日多自現都沒作下得開經還法動好方而公子事分之民主里政看嗎本月所天新業同全定部最其進如前"
    "機美那當工關實小被但因長樣理等什道去些面很心間區內電然力起體只著從並者高加想文問種員重及點"
    "將意合產三外由市無女已制網第情場名應西代正表真此位題相明資計建利系化期特性度果次給讓兩通教"
    "任比該東活手世提或使她物數立認怎知結入更台灣臺縣鄉"
)
JAPANESE = (
    "のいてなにたしでるとはがかっをすーもらうんれまだこンりくあよさけきそスイトやおどえル人わち"
    "ッ日ラリめつクアねじせみゃ大ろタ本ド出レ見一ロシばカ分時マジフプ事中言思年行コメ間気生バ自"
    "ム方上テチ会子今キ前者グ的入サ月ずょ手ご国ブャオニデパ作合来何女全最無ィ場動用目後発ナウ学"
    "話ビエほ定当ュダ理高感性部べミ地回新画使下実私物体知げへ通力セ家同名対ツ度業良多ズ持開代金"
    "ョ意内長関ハ変モ所数ネ戦要外社ベ以取ガ化"
)
KOREAN = (
    "이다는에하고가을지의로서은아한어도기사니있를나해리시그요인들자일게대라으스수만보제면정주전"
    "부여거과장했상안마구었데오야내원우신적것성국되세위와무할동생소트드모미진문중말화공까러비습"
    "간없분조저입개터유계치월같경회선년때연실바음관용더명학네영교당작좋방려않합래발건된단재며각"
    "운금람행남물알차등통번르던두타후프겠체크랑식히너산역버임호포예결반잘님함심속업본레파직디감"
    "처런카못노았군받배매출양표피살든현많른법"
)
RUSSIAN = "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё"
WESTERN = "éäöüáíóåøñçãèêàßôõúâæëïîìòùðþýœ°€£–’“”«»²³½§·"
WIDE = "、。（）：；％・「」【】《》－ー"
ASCII = log(1 / 40)
STRAY = log(1e-7)  # a sign that does not occur in texts of the language
BESIDE = log(1e-2)  # a letter beside one of another script


@dataclass(frozen=True)
class Language:
    """How common the letters of a language are, beyond ASCII."""

    common: str
    """The commonest letters, commonest first."""
    covered: float
    """The share of a text that they make up."""
    others: str
    """A codec in whose common part the other letters lie."""
    usual: bytes
    """The last lead byte of that part."""
    count: int
    """The number of letters in that part."""
    latin: bool = False
    """Whether its words mix these letters with ASCII letters."""

    def log_probability(self, text: str) -> float:
        """Return the natural logarithm of the probability of a text."""
        total = sum(self._of(letter) * count for letter, count in Counter(text).items())
        return total if self.latin else total + BESIDE * len(MIXED.findall(text))

    def _of(self, letter: str) -> float:
        if letter < "\x80":
            return ASCII
        known = self._shares.get(letter)
        if known is not None:
            return known
        try:
            lead = letter.encode(self.others)
        except UnicodeEncodeError:
            return STRAY
        usual = len(lead) == 2 and b"\xa4" < lead[:1] <= self.usual
        return log((1 - self.covered) / self.count) if usual else STRAY / 1.2

    @cached_property
    def _shares(self) -> dict[str, float]:
        """The logarithms of the common letters' shares, which fall with the rank as for words."""
        weights = {letter: 1 / (5 + rank) for rank, letter in enumerate(self.common)}
        total = sum(weights.values()) / self.covered
        shares = {sign: log(1e-3) for sign in WIDE} if self.usual else {}
        return shares | {letter: log(weight / total) for letter, weight in weights.items()}


MIXED = re.compile(r"[A-Za-z][^\W\d_A-Za-z]|[^\W\d_A-Za-z][A-Za-z]")
SIMPLIFIED_CHINESE = Language(SIMPLIFIED, 0.5, "gb2312", b"\xd7", 3_755)
TRADITIONAL_CHINESE = Language(TRADITIONAL, 0.5, "big5", b"\xc6", 5_401)
JAPANESE_TEXT = Language(JAPANESE, 0.7, "euc_jp", b"\xcf", 2_965)
KOREAN_TEXT = Language(KOREAN, 0.75, "euc_kr", b"\xc8", 2_350)
RUSSIAN_TEXT = Language(RUSSIAN + RUSSIAN.upper(), 0.98, "ascii", b"", 1)
WESTERN_TEXT = Language(WESTERN + WESTERN.upper(), 0.98, "cp1252", b"", 1, latin=True)
