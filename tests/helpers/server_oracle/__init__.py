"""The server's quality control written slowly and plainly, one line of a file after the other.

The shipped twin must agree with it in every field; it may import what describes questions and answers.
"""
