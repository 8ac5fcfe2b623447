"""Units that can be converted into each other: what each spelling stands for, in a base unit.

Factors are exact by definition: the international yard and pound (1959), the SI Brochure (9th
edition, 2019), IEC 80000-13 for KiB and its like, the US gallon of 231 cubic inches, the Chinese
mu of 2000/3 m² and jin of 500 g. A month is a twelfth of a year and has no days.
"""

from __future__ import annotations

CURRENCY_SIGNS = "€$£¥₹₽₩₺"
CURRENCY_CODES = (
    *("USD", "EUR", "GBP", "CHF", "JPY", "CNY", "INR", "AUD", "CAD", "SEK", "NOK", "DKK"),
    *("PLN", "CZK", "HUF", "BRL", "MXN", "ZAR", "KRW", "TRY"),
)
CURRENCIES = frozenset(
    (
        *CURRENCY_SIGNS,
        *CURRENCY_CODES,
        *("Fr", "zł", "Kč", "kr", "R$", "元", "円", "원", "Euro", "euro"),
    )
)
"""All that amounts of money are written with; none is converted, as rates of exchange change."""

POUND = 453_592.37  # milligrams
INCH = 25.4  # millimetres
MINUTE, HOUR, DAY = 60_000.0, 3_600_000.0, 86_400_000.0  # milliseconds
GALLON = 3_785.411784  # millilitres

_SPELLINGS: dict[str, dict[float, str]] = {
    "mass": {
        1.0: "mg",
        1e3: "g|gr|gram|grams|Gramm|克|г",
        5e5: "斤",
        1e6: "kg|kgs|kilo|kilos|kilogram|kilograms|Kilogramm|公斤|千克|кг",
        1e9: "t|吨|噸|т",
        POUND / 16: "oz|ounce|ounces",
        POUND: "lb|lbs|pound|pounds",
    },
    "length": {
        1e-6: "nm",
        1e-3: "µm|μm",
        1.0: "mm|毫米|мм",
        10.0: "cm|厘米|公分|см",
        1e3: "m|metre|metres|meter|meters|米|公尺|м",
        1e6: "km|公里|千米|км",
        INCH: "in|inch|inches",
        12 * INCH: "ft|foot|feet",
        36 * INCH: "yd|yard|yards",
        63_360 * INCH: "mi|mile|miles",
    },
    "area": {
        1.0: "mm²|mm2",
        100.0: "cm²|cm2",
        1e6: "m²|m2|sqm|sq m|sq. m|qm|㎡|平方米|平米|м²",
        2e9 / 3: "亩|畝",
        1e10: "ha|公顷",
        1e12: "km²|km2|平方公里",
        144 * INCH**2: "ft²|ft2|sqft|sq ft|sq. ft",
        4840 * 1296 * INCH**2: "acre|acres",
    },
    "volume": {
        1.0: "ml|mL|cm³|cm3|cc|毫升|мл",
        10.0: "cl|cL",
        100.0: "dl|dL",
        1e3: "l|L|liter|liters|litre|litres|dm³|升|公升|л",
        1e6: "m³|m3|立方米",
        GALLON: "gal|gallon|gallons",
    },
    "time": {
        1.0: "ms|毫秒",
        1e3: "s|sec|secs|second|seconds|Sek|Sekunde|Sekunden|秒|秒钟|초|сек|с",
        MINUTE: "min|mins|minute|minutes|Minute|Minuten|分|分钟|分鐘|분|мин",
        HOUR: "h|hr|hrs|hour|hours|Std|Stunde|Stunden|小时|小時|时|時間|시간|ч|час",
        DAY: "d|day|days|Tag|Tage|Tagen|天|일|дн",
        7 * DAY: "wk|wks|week|weeks|Woche|Wochen|周|週",
    },
    "months": {
        1.0: "mo|mos|mon|mth|mths|month|months|Monat|Monate|Monaten|个月|個月|ヶ月|개월|мес",
        12.0: "y|yr|yrs|year|years|Jahr|Jahre|Jahren|年|년",
    },
    "temperature": {1.0: "°C|℃"},
    "speed": {1.0: "m/s", 1 / 3.6: "km/h|kmh|kph", 0.44704: "mph", 1852 / 3600: "kn|knots"},
    "data": {
        1.0: "B|byte|bytes|Bytes",
        **dict(zip((1e3, 1e6, 1e9, 1e12, 1e15), ("kB|KB", "MB", "GB", "TB", "PB"), strict=True)),
        **{1024.0**power: f"{letter}iB" for power, letter in enumerate("KMGTP", 1)},
    },
}
SCALES: dict[str, tuple[str, float, float]] = {
    spelling: (dimension, factor, 0.0)
    for dimension, factors in _SPELLINGS.items()
    for factor, spellings in factors.items()
    for spelling in spellings.split("|")
} | {
    **dict.fromkeys(("°F", "℉"), ("temperature", 5 / 9, -160 / 9)),
    "K": ("temperature", 1.0, -273.15),
}
"""Per spelling: what is measured, and a and b, such that x units are a x + b base units."""

SHORT_MINUTE = "m"  # after hours, as in 2h 15m, no metre


def scale_of(unit: str) -> tuple[str, float, float] | None:
    """Return what a unit measures, its size and its zero in base units; None if it is unknown.

    Words may be written in any case and end with a full stop; symbols may not: Mb is no MB.
    """
    bare = unit.removesuffix(".")
    if bare in SCALES:
        return SCALES[bare]
    return SCALES.get(bare.lower()) or SCALES.get(bare.capitalize()) if len(bare) > 2 else None
