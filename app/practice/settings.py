"""What kind of server is played and its limits."""

from __future__ import annotations

from enum import StrEnum

from app.domain.model import Model


class Mode(StrEnum):
    """The generation of the server and where its results lie."""

    CG3_LOCAL = "cg3-local"
    CG3_S3 = "cg3-s3"
    CG2 = "cg2"


class PracticeLimits(Model):
    """Limits of the server; defaults are Cloudgene's own (`cloudgene.md` 3.5, 5.2, 5.4, 7.2, 7.5).

    Sizes in bytes, genome lengths in bases, `signature_s` in seconds.
    """

    max_running_jobs: int = 2
    min_samples: int = 20
    max_samples: int = 50_000
    upload_limit: int = 5000 * 1_000_000
    max_downloads: int = 10
    reminder_days: float = 4
    retirement_days: float = 6
    chunk_size: int = 20_000_000
    phasing_window: int = 5_000_000
    signature_s: int = 3600
    token_days: float = 30
    archive_md5: bool = False
    page_size: int = 15


class ServerText(Model):
    """What the server says of itself."""

    name: str = "Practice server"
    username: str = "learner"
    full_name: str = "Practice Learner"
    mail: str = "learner@practice.invalid"
    app_id: str = "imputationserver2"
    app_version: str = "2.0.12"
    app_name: str = "Genotype Imputation"
    cloudgene3: str = "3.1.3"
    cloudgene2: str = "2.8.5"
