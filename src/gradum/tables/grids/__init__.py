"""Grids: pictures and the spectrograms of sounds as numbers, and their fixed features."""
