"""The words for the values of settings."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication


def word_of(value: str) -> str:
    """What is shown for a stored value; a value that is not listed is shown as it is, made readable."""
    words = {
        "system": _t("Like the system"),
        "light": _t("Light"),
        "dark": _t("Dark"),
        "off": _t("Off"),
        "window": _t("In the window"),
        "desktop": _t("On the desktop too"),
        "job_done": _t("A job is done"),
        "job_failed": _t("A job failed"),
        "result_ready": _t("A result is ready"),
        "deletion_near": _t("A result is deleted soon"),
        "token_expires": _t("A token ends soon"),
        "service_down": _t("A service is down that a job waits for"),
        "service_off": _t("A service was switched off"),
        "panels_changed": _t("Panels changed"),
        "service_changed": _t("Limits or version of a service changed"),
    }
    return words.get(value, value.replace("_", " ").capitalize())


def _t(text: str) -> str:
    return QCoreApplication.translate("Settings", text)
