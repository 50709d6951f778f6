"""What a released network sees in images; `python -m scaling.predict`."""
