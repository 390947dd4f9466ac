"""A mutation fuzzer for every reader of genotype files: `python -m tests.fuzz --seconds 60 --reader bgen`.

Seeds are good files made in code; inputs that crash, hang or eat memory are made small and kept under
`tests/data/crashes/`, where a unit test replays them.
"""
