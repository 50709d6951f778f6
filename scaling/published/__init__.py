"""What was published, as data: tables and digitised figures of the papers, and what two libraries measured.

Every file opens with its source and how it was read; every column says its unit. What the papers call FLOPs are
multiply-adds, so their columns are called MACs, in units of 10^9 (`macs_g`). A missing value is None.
"""
