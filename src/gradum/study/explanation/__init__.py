"""Why a model answers as it does: Shapley values by source column, each with its errors."""
