"""The file that says where the data of a folder and below may go; see `operations.rule_files`."""

RULE_FILE = "haplodesk-only-to.txt"
RULE_ABOUT = "# Where the data in this folder may go; it is the rule of the files that they were made of.\n"
