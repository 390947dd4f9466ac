"""The name of the file that says where the data of a folder and below may go; see `operations.rule_files`."""

RULE_FILE = "haplodesk-only-to.txt"
