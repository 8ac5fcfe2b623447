"""The encoder's closed vocabulary: one step per kind of column, a file each."""

from gradum.tables.encoders.boolean import Boolean
from gradum.tables.encoders.categorical import Categorical
from gradum.tables.encoders.date import Date
from gradum.tables.encoders.numeric import Numeric
from gradum.tables.encoders.text import Text

AnyStep = Numeric | Boolean | Categorical | Date | Text

STEPS = {
    "numeric": Numeric,
    "boolean": Boolean,
    "categorical": Categorical,
    "date": Date,
    "text": Text,
}
