"""The window. Views talk to operations and ui/models, never to another view.

May import operations and everything below; the only package with Qt.
"""
